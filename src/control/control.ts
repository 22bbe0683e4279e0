import { giveFile } from '../apply/files.ts';
import { holdFolder } from '../apply/lock.ts';
import { renderCause } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { Plan } from '../plan.ts';
import { openControl } from './server.ts';
import type { Subject } from './subject.ts';

/** The control socket of a boot, as the boot sees it. */
export interface Control {
  /** A script has been started: most end sooner than the socket could be opened, and shall not wait for it. */
  openSoon(): void;
  /** Services or CMD have been started. Only the first call counts. */
  open(): void;
  /** Scripts have changed the plan: who may ask for what is as it says. */
  admit(plan: Plan): void;
  close(): void;
}

/** Another door of the same boot. */
export interface Beside {
  /** Opens as the plan says; scripts may have changed it since it was called last. */
  follow(plan: Plan): void;
  close(): void;
}

/** Longer than a row of usual scripts takes; shorter than anybody would notice. */
const SOON_MS = 50;

/**
 * Opens the control socket in the turn of the loop after something was started: nothing of it, not even the note of
 * who holds the runtime folder, stands between the container's start and its first script or service.
 */
export function makeControl(given: {
  readonly plan: Plan;
  /** Lintel's own. */
  readonly uid: number;
  readonly log: Log;
  readonly subject: Subject;
  readonly openFilesHard: number;
  /** What opens and closes with the socket. */
  readonly beside: Beside;
}): Control {
  const { uid, log, subject, beside, openFilesHard } = given;
  const path = `${given.plan.runtimeDir}/control.sock`;
  const owners = new Set<number>();
  const services = new Set<number>();
  let { plan } = given;
  let isAsked = false;
  let timer: NodeJS.Timeout | undefined;
  let close: (() => void) | undefined = () => undefined;
  let isOpen = false;
  const giveToWorkbench = () => giveFile(path, plan.user);
  admit(plan);

  function admit(changed: Plan): void {
    plan = changed;
    owners.clear();
    services.clear();
    for (const owner of [0, uid, plan.user.uid]) owners.add(owner);
    for (const { user } of plan.services) services.add(user.uid);
    if (isOpen) beside.follow(plan);
  }

  function openNow(): void {
    if (close === undefined) return;
    hold(plan.runtimeDir, log);
    close = openControl({ path, subject, log, owners, services, giveToWorkbench, openFilesHard });
    isOpen = true;
    beside.follow(plan);
  }

  function open(): void {
    clearTimeout(timer);
    if (isAsked) return;
    isAsked = true;
    setImmediate(openNow);
  }

  return {
    admit,
    openSoon() {
      timer ??= setTimeout(open, SOON_MS);
    },
    open,
    close() {
      clearTimeout(timer);
      close?.();
      close = undefined;
      isOpen = false;
      beside.close();
    },
  };
}

function hold(runtimeDir: string, log: Log): void {
  try {
    holdFolder(runtimeDir);
  } catch (error) {
    log.warn(`Cannot write ${runtimeDir}/pid: ${renderCause(error)}; a second boot would not see this one`);
  }
}
