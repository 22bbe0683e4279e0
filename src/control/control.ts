import { giveFile } from '../apply/files.ts';
import { holdFolder } from '../apply/lock.ts';
import { renderCause } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Plan } from '../plan.ts';
import { openControl } from './server.ts';
import type { Subject } from './subject.ts';

/** The control socket of a boot, as the boot sees it. */
export interface Control {
  /** A script has been started: most end sooner than the socket could be opened, and shall not wait for it. */
  openSoon(): void;
  /** Services or CMD have been started. Only the first call counts. */
  open(): void;
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
}): Control {
  let isAsked = false;
  let timer: NodeJS.Timeout | undefined;
  let close: (() => void) | undefined = () => undefined;

  function open(): void {
    clearTimeout(timer);
    if (isAsked) return;
    isAsked = true;
    setImmediate(() => {
      if (close !== undefined) close = openNow(given);
    });
  }

  return {
    openSoon() {
      timer ??= setTimeout(open, SOON_MS);
    },
    open,
    close() {
      clearTimeout(timer);
      close?.();
      close = undefined;
    },
  };
}

function openNow({ plan, uid, log, subject }: Parameters<typeof makeControl>[0]): () => void {
  try {
    holdFolder(plan.runtimeDir);
  } catch (error) {
    log.warn(
      `Cannot write ${plan.runtimeDir}/pid: ${renderCause(error)}; a second boot would not see this one`,
    );
  }
  const path = `${plan.runtimeDir}/control.sock`;
  return openControl({
    path,
    subject,
    log,
    owners: new Set([0, uid, plan.user.uid]),
    services: new Set(plan.services.map(({ user }) => user.uid)),
    giveToWorkbench: () => giveFile(path, plan.user),
  });
}
