import { isWritableFolder } from '../facts/files.ts';
import { findProgram, findSystemProgram, SYSTEM_PATH } from '../facts/programs.ts';
import { renderExit } from '../processes/exit.ts';
import { type RunOutcome, runToEnd } from '../processes/run.ts';
import type { StepContext } from './step.ts';

/** PAM makes whoever gave a wrong password wait, some modules for long. */
const LIMIT_MS = 30_000;

interface Wanted {
  readonly text: string;
  /** The password of an earlier start of this container. */
  readonly kept: string | undefined;
}

/**
 * Makes it the password of the workbench user's account: as root by chpasswd, else by passwd, which asks for the one
 * before. All of them go through pipes, and the programs' environment holds nothing. Returns why it could not be set.
 */
export async function setPassword(context: StepContext, wanted: Wanted): Promise<string | undefined> {
  const { facts, plan } = context;
  const { user } = plan;
  const isRoot = facts.process.uid === 0;
  if (user.uid === 0) return 'the workbench user is root';
  const account = facts.accounts.users.find(({ uid }) => uid === user.uid);
  if (account === undefined) return `uid ${user.uid} has no line in /etc/passwd`;
  if (isRoot && !isWritableFolder('/etc')) return '/etc can’t be written';
  if (!isRoot && facts.process.noNewPrivs) return 'under no_new_privs passwd can’t change it';
  return isRoot ? setAsRoot(context, account.name, wanted) : setAsUser(context, account.name, wanted);
}

async function setAsRoot(context: StepContext, name: string, { text }: Wanted): Promise<string | undefined> {
  const outcome = await run(context, 'chpasswd', [], `${name}:${text}\n`);
  return typeof outcome === 'string' ? outcome : findFailure('chpasswd', outcome);
}

/** Tries the password of an earlier start, then the one that the image baked in. */
async function setAsUser(
  context: StepContext,
  name: string,
  { text, kept }: Wanted,
): Promise<string | undefined> {
  const { facts } = context;
  const before = [kept, context.settings.previousPassword].filter(one => one !== undefined);
  if (before.includes(text) && (await isSet(context, name, text))) return undefined;
  let trouble = 'without root it takes the password before, and LINTEL_PREVIOUS_PASSWORD is not set';
  for (const previous of new Set(before)) {
    if (previous === text || context.stop.aborted) continue;
    const outcome = await run(context, 'passwd', [], `${previous}\n${text}\n${text}\n`);
    if (typeof outcome === 'string') return outcome;
    const failure = findFailure('passwd', outcome);
    if (failure === undefined) return undefined;
    // It replaces /etc/shadow by a new file, which it has to give to that one's group.
    trouble = facts.process.mayGainChown
      ? failure
      : `passwd can’t change it without CAP_CHOWN, which this container lacks (${failure})`;
  }
  return trouble;
}

/** Asked of the program that PAM itself asks where it may not read the passwords. */
async function isSet(context: StepContext, name: string, text: string): Promise<boolean> {
  const outcome = await run(context, 'unix_chkpwd', [name, 'nonull'], `${text}\0`);
  return typeof outcome !== 'string' && 'code' in outcome.exit && outcome.exit.code === 0;
}

/** Returns why it can't be run. */
async function run(
  { spawner, self, facts, environment, stop }: StepContext,
  program: string,
  args: readonly string[],
  input: string,
): Promise<RunOutcome | string> {
  const path = facts.process.uid === 0 ? findSystemProgram(program) : findProgram(program, environment);
  if (path === undefined) return `${program} is not installed`;
  const bare = { PATH: SYSTEM_PATH, LC_ALL: 'C' };
  return runToEnd(spawner, {
    argv: [path, ...args],
    user: self,
    environment: bare,
    input,
    timeoutMs: LIMIT_MS,
    signal: stop,
  });
}

/** What the program said last: it echoes no password, but asks for one on the same line. */
function findFailure(program: string, { exit, isTimedOut, stdout, stderr }: RunOutcome): string | undefined {
  if ('code' in exit && exit.code === 0) return undefined;
  if ('error' in exit) return `${program} ${renderExit(exit)}`;
  if (isTimedOut) return `${program} did not end within ${LIMIT_MS / 1000} s`;
  const said = `${stdout}\n${stderr}`
    .split('\n')
    .map(line => line.replaceAll(/(Current|New|Retype new|Changing) password[^:.]*[:.] ?/g, '').trim())
    .filter(line => line !== '' && !line.startsWith('Changing password'));
  return `${program}: ${said.at(-1) ?? 'it failed without a word'}`;
}
