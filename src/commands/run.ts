import { ask } from '../control/client.ts';
import type { ResponseOf } from '../control/routes.ts';
import { LintelError } from '../errors.ts';
import { readGroupsOf, readProcess } from '../facts/process.ts';
import type { Environment } from '../launch/environ.ts';
import type { ExecRequest } from '../pid1/exec.ts';
import { openLibc } from '../pid1/libc.ts';
import type { Peer } from '../pid1/peer.ts';
import { renderJson } from '../printable.ts';
import { findReplacement, replaceProcess } from '../processes/replace.ts';
import { maskValue } from '../settings/secret-names.ts';
import { type Command, type CommandResult, jsonFlag } from './command.ts';

type Answer = ResponseOf<'environment'>;

/** Runs a command with the environment of the running workbench. */
export const run: Command = {
  name: 'run',
  summary: 'run a command with the workbench’s environment',
  flags: [
    { name: '--workbench', short: '-w', doc: 'as the workbench user; for root' },
    jsonFlag('{command, program, user, environment}, what would be run; nothing is'),
  ],
  operands: { usage: '-- CMD…', isBehindDashes: true },
  details:
    'For podman exec, kubectl exec and the like, whose commands have only the image’s variables. The command takes Lintel’s place, as by exec: same process, terminal, user and working directory. It gets what the boot added and changed; a variable that the caller has given a value of their own stays, and HOME, USER, SHELL, TERM and PWD are always the caller’s, but with --workbench. Root is given no environment by a Lintel that is not root’s, but with --workbench. Exit code: the command’s; 126 not executable, 127 not found. With --json nothing is run, and secrets are ***.',
  examples: [
    { line: 'lintel run -- env', does: 'the environment that commands get so' },
    { line: 'lintel run --workbench -- id', does: 'as the workbench user, called by root' },
    { line: 'lintel run --json -- python3 job.py', does: 'which python3 that is, and what it would see' },
  ],
  async run({ given, origin }) {
    const argv = given.operands;
    if (argv.length === 0) throw new LintelError('Cannot run: no command is given, expected -- CMD', 2);
    const libc = openLibc();
    if ('missing' in libc) throw new LintelError(`Cannot run ${argv[0]}: ${libc.missing}`, 1);
    const isWorkbench = given.has('--workbench');
    let server: Peer | undefined;
    const onServer = (peer: Peer) => {
      server = peer;
    };
    const answer = await ask(origin.environment, 'environment', { request: { reveal: '1' }, onServer });
    const user = chooseUser(answer, { isWorkbench, server });
    const environment = makeRunEnvironment(origin.environment, answer.variables, isWorkbench);
    if (given.has('--json')) return describe({ argv, environment, user }, answer.variables);
    // What root has of capabilities for others (Docker's inheritable ones) is not the command's.
    if (user !== undefined) libc.dropInheritedCapabilities();
    // Node has raised its own limit.
    libc.setOpenFiles(readProcess(origin.openFilesSoft).openFiles);
    const failure = replaceProcess(libc, { argv, environment, user });
    throw new LintelError(`Cannot run ${failure.error}`, failure.code);
  },
};

/** What is printed may end in a ticket. */
function describe(
  { argv, environment, user }: Omit<ExecRequest, 'path'>,
  variables: Answer['variables'],
): CommandResult {
  const found = findReplacement({ argv, environment });
  if ('error' in found) throw new LintelError(`Cannot run ${found.error}`, found.code);
  const secret = new Set(variables.filter(({ isSecret }) => isSecret).map(({ name }) => name));
  const shown = Object.entries(environment).map(([name, value]) => [
    name,
    maskValue(name, value, secret.has(name)),
  ]);
  const caller = { uid: process.geteuid?.(), gid: process.getegid?.() };
  const { uid, gid } = user ?? caller;
  return {
    text: `${renderJson({ command: argv, program: found.path, user: { uid, gid }, environment: Object.fromEntries(shown) }, 2)}\n`,
    exitCode: 0,
  };
}

/**
 * The workbench user, where that is asked for and the caller is not that one already. Where a user's own Lintel answers,
 * any process of theirs could: what it says, root does with no more than that user's rights.
 */
function chooseUser(
  { user }: Answer,
  { isWorkbench, server }: { readonly isWorkbench: boolean; readonly server: Peer | undefined },
): Answer['user'] | undefined {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0 && server?.uid !== 0) {
    const owner = server === undefined ? 'somebody' : `uid ${server.uid}`;
    if (server === undefined || !isWorkbench)
      throw new LintelError(
        `Cannot run as root with an environment of ${owner}’s, as whom Lintel runs here: expected --workbench, or that user`,
        1,
      );
    const { gid, groups } = readGroupsOf(server);
    return { name: user.name, uid: server.uid, gid, groups };
  }
  if (!isWorkbench || uid === user.uid) return undefined;
  if (uid === 0) return user;
  throw new LintelError(`Cannot become ${user.name}: this is uid ${uid}, expected root`, 1);
}

/** Whose terminal, home and place it is, the caller knows best. */
const CALLERS: ReadonlySet<string> = new Set(['TERM', 'PWD', 'OLDPWD', 'SHLVL', '_']);
const IDENTITY: ReadonlySet<string> = new Set(['HOME', 'USER', 'LOGNAME', 'SHELL']);

/**
 * The caller's variables with what the boot made of them. What the caller has given another value than the container's
 * is theirs.
 */
export function makeRunEnvironment(
  caller: Environment,
  variables: Answer['variables'],
  isWorkbench: boolean,
): Environment {
  const made = new Map(Object.entries(caller));
  for (const { name, value, given } of variables) {
    if (CALLERS.has(name)) continue;
    const isIdentity = IDENTITY.has(name);
    if (isIdentity && !isWorkbench) continue;
    const own = caller[name] ?? '';
    if (!isIdentity && own !== '' && own !== given) continue;
    if (value === undefined) made.delete(name);
    else made.set(name, value);
  }
  return Object.fromEntries(made);
}
