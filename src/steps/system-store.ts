import { applyStore, isOutOfReach, stageStore } from '../apply/store.ts';
import { readClockMs } from '../clock.ts';
import { renderCause } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import { findSystemProgram, SYSTEM_PATH } from '../facts/programs.ts';
import { renderExit } from '../processes/exit.ts';
import { runToEnd } from '../processes/run.ts';
import type { Step, StepContext } from './step.ts';

/** Some hundred certificates, their links, and a distribution's hooks. */
const UPDATE_TIMEOUT_MS = 60_000;
/** Copies a few files; or has to ask somebody who does not answer. */
const SUDO_TIMEOUT_MS = 10_000;

/**
 * The system's own store: for clients that follow no variable, and for whoever starts with an empty environment. The
 * distribution's program takes up to a second, so it goes on beside everything but the CMD.
 */
export const systemStore: Step = {
  name: 'system store',
  isWanted({ facts }) {
    const { add, remove, hasAll } = facts.certificates.store;
    return add.length > 0 || remove.length > 0 || (!hasAll && hasProgram(facts));
  },
  async run(context) {
    const startMs = readClockMs();
    const trouble = await updateStore(context);
    if (trouble !== undefined) say(context, trouble);
    else sayDone(context, Math.round(readClockMs() - startMs));
    return undefined;
  },
};

/** Why the store is not as it should be, and whether somebody can mend it; undefined when it is. */
interface Trouble {
  readonly why: string;
  /** False where it is in the nature of the container. */
  readonly isOdd: boolean;
}

async function updateStore(context: StepContext): Promise<Trouble | undefined> {
  const { facts } = context;
  const { store } = facts.certificates;
  const isRoot = facts.process.uid === 0;
  const prefix = isRoot ? [] : findSudo(context);
  if (prefix === undefined) return { why: 'that needs root, or sudo without a password', isOdd: false };
  const { user } = facts.workbench;
  // Where root itself is the workbench user there is nobody else who could lead it astray.
  if (isRoot && user.uid !== 0 && !isOutOfReach(store.folder, user))
    return { why: `${user.name} may write ${store.folder}`, isOdd: true };
  const program = hasProgram(facts) ? findSystemProgram(store.program) : undefined;
  if (program === undefined && hasProgram(facts))
    return { why: `there is no ${store.program} (install ca-certificates)`, isOdd: false };
  const placed = isRoot ? placeAsRoot(context) : await placeBySudo(context, prefix);
  if (placed !== undefined || program === undefined) return placed;
  return run(context, [...prefix, program, ...argumentsOf(context)], UPDATE_TIMEOUT_MS);
}

/** The program knows no other root than "/". */
function hasProgram({ root }: Facts): boolean {
  return root === '';
}

function placeAsRoot({ facts }: StepContext): Trouble | undefined {
  try {
    applyStore(facts.certificates.store);
    return undefined;
  } catch (error) {
    return { why: renderCause(error), isOdd: false };
  }
}

/** One program for all files, since each asks sudo anew. Values reach no shell. */
async function placeBySudo(context: StepContext, sudo: readonly string[]): Promise<Trouble | undefined> {
  const { folder, add, remove } = context.facts.certificates.store;
  if (add.length > 0) {
    const staged = stage(context);
    if (!Array.isArray(staged)) return staged;
    const install = ['/usr/bin/install', '-D', '-m', '0644', '-t', folder, '--', ...staged];
    const trouble = await run(context, [...sudo, ...install], SUDO_TIMEOUT_MS);
    if (trouble !== undefined) return trouble;
  }
  if (remove.length === 0) return undefined;
  const paths = remove.map(name => `${folder}/${name}`);
  return run(context, [...sudo, '/bin/rm', '-f', '--', ...paths], SUDO_TIMEOUT_MS);
}

function stage({ facts, plan }: StepContext): string[] | Trouble {
  try {
    return stageStore(`${plan.runtimeDir}/store`, facts.certificates.store.add);
  } catch (error) {
    return { why: renderCause(error), isOdd: true };
  }
}

/** Debian's leaves the links of what has gone or changed, unless it makes all of them anew. */
function argumentsOf({ facts }: StepContext): string[] {
  const { program, holdsOurs } = facts.certificates.store;
  if (program === 'update-ca-trust') return ['extract'];
  return holdsOurs ? ['--fresh'] : [];
}

function findSudo({ facts }: StepContext): string[] | undefined {
  const sudo = facts.process.noNewPrivs ? undefined : findSystemProgram('sudo');
  // -n: it never asks for a password, and so never waits for one.
  return sudo === undefined ? undefined : [sudo, '-n', '--'];
}

async function run(
  { spawner, self, stop }: StepContext,
  argv: readonly string[],
  timeoutMs: number,
): Promise<Trouble | undefined> {
  const [program = '', ...args] = argv;
  const { exit, isTimedOut, stderr } = await runToEnd(spawner, {
    argv: [program, ...args],
    user: self,
    // Nor do the tools that it calls come from a folder of somebody else's.
    environment: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    timeoutMs,
    signal: stop,
  });
  if ('code' in exit && exit.code === 0) return undefined;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  const isRefused = last.startsWith('sudo:');
  const how = isTimedOut ? `took longer than ${timeoutMs / 1000} s` : renderExit(exit);
  return isRefused
    ? { why: last, isOdd: false }
    : { why: `${program} ${how}${last === '' ? '' : `: ${last}`}`, isOdd: true };
}

function say({ facts, log, stop, giveUp }: StepContext, { why, isOdd }: Trouble): void {
  if (stop.aborted) return;
  const rest =
    facts.certificates.extra.length === 0
      ? 'it still holds certificates of an earlier boot'
      : 'programs find the certificates by their variables and files';
  const sentence = `system store: left as it is (${why}); ${rest}`;
  if (!isOdd) return log.info(sentence);
  log.warn(sentence);
  giveUp();
}

/** With its time: the CMD may have waited for it, after the line that says where the boot's went. */
function sayDone({ facts, log }: StepContext, ms: number): void {
  const { folder, program, add, remove } = facts.certificates.store;
  const what = [
    ...(add.length === 0 ? [] : [`${add.length} certificate(s) put into ${folder}`]),
    ...(remove.length === 0 ? [] : [`${remove.length} of an earlier boot removed from ${folder}`]),
  ];
  log.info(
    `system store: ${what.length === 0 ? `certificates of ${folder} taken up` : what.join(', ')} (${program})`,
    { ms },
  );
}
