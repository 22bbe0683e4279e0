import { ask, NOT_RUNNING } from '../control/client.ts';
import { type Chain, type Roots, readChain } from '../doctor/chain.ts';
import { askClients, type NotTried, type Opinion } from '../doctor/trust.ts';
import { LintelError } from '../errors.ts';
import { readSystem } from '../facts/certificates.ts';
import { readTextIfAny } from '../facts/files.ts';
import { readProcess } from '../facts/process.ts';
import { findProgram } from '../facts/programs.ts';
import type { Environment, Origin } from '../launch/environ.ts';
import { openLibc } from '../pid1/libc.ts';
import { startReaper } from '../pid1/reaper.ts';
import { escapeLine, renderJson } from '../printable.ts';
import type { Spawner } from '../processes/child.ts';
import { makeGate } from '../processes/gate.ts';
import { type Command, jsonFlag } from './command.ts';
import { makeProgressLine } from './progress.ts';
import { makeRunEnvironment } from './run.ts';
import { type Cell, renderTable } from './tables.ts';
import type { Terminal } from './terminal.ts';

/** Tries what a workbench is to be able to do, with the programs that do it. */
export const doctor: Command = {
  name: 'doctor',
  summary: 'try whether each installed client trusts a server',
  flags: [jsonFlag('{url, environment, opinions, notTried, chain}')],
  operands: { usage: 'trust URL', atLeast: 2, atMost: 2, what: 'URL' },
  details:
    'Asks the URL by every client that is installed (curl, wget, git, python, pip, uv, conda, R, node, npm, aws, java), four at a time and 10 s each, as whoever calls it and with the workbench’s environment. A client that gets any answer trusts the server, also where it wanted another answer; “not reached” is one that nobody answered. Below the table stands what the others say; then come the certificates that the server itself shows, asked without proxy, and which roots are enough for them. Exit code 0 when all clients trust it, 1 when one does not or did not reach it.',
  examples: [
    {
      line: 'lintel doctor trust https://mirror.example/simple',
      does: 'client by client, and the server’s certificates',
    },
    {
      line: 'lintel doctor trust --json mirror.example:8443',
      does: 'the same as JSON; https where nothing is said',
    },
  ],
  async run({ given, origin, terminal, write }) {
    const [verb, text = ''] = given.operands;
    if (verb !== 'trust')
      throw new LintelError(`Cannot use argument ${JSON.stringify(verb)}, expected trust URL`, 2);
    const url = parseUrl(text);
    const { environment, isWorkbench } = await readEnvironment(origin);
    const progress = makeProgressLine(given.has('--json') ? undefined : terminal, write);
    const [asked, chain] = await Promise.all([
      askClients({
        url,
        environment,
        spawner: makeSpawner(origin, environment),
        user: makeSelf(environment),
        onProgress: ({ asked, all, now }) =>
          progress.show(`${asked} of ${all} clients have asked ${url.host}; now ${now.join(', ')} …`),
      }),
      readChain(url, listRoots(environment)),
    ]);
    await progress.clear();
    const found: Found = {
      url: url.href,
      environment: isWorkbench ? 'workbench' : 'caller',
      ...asked,
      chain,
    };
    const isFine = asked.opinions.length > 0 && asked.opinions.every(({ isTrusted }) => isTrusted);
    return {
      text: given.has('--json') ? `${renderJson(found, 2)}\n` : render(found, terminal),
      exitCode: isFine ? 0 : 1,
    };
  },
};

interface Found {
  readonly url: string;
  /** Whose variables the clients saw. */
  readonly environment: 'workbench' | 'caller';
  readonly opinions: readonly Opinion[];
  readonly notTried: readonly NotTried[];
  readonly chain: Chain;
}

/** It goes into the arguments of programs, which everybody can read. */
function parseUrl(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url;
  const seen =
    url !== null && (url.username !== '' || url.password !== '')
      ? 'one with a user name'
      : JSON.stringify(text);
  throw new LintelError(`Cannot try ${seen}, expected an https URL without user name and password`, 2);
}

/** Secrets included: a proxy's password is one, and the clients are to get through. */
async function readEnvironment(
  origin: Origin,
): Promise<{ readonly environment: Environment; readonly isWorkbench: boolean }> {
  try {
    const { variables } = await ask(origin.environment, 'environment', { request: { reveal: '1' } });
    return { environment: makeRunEnvironment(origin.environment, variables, false), isWorkbench: true };
  } catch (error) {
    if (!(error instanceof LintelError) || error.exitCode !== NOT_RUNNING) throw error;
    return { environment: origin.environment, isWorkbench: false };
  }
}

function makeSpawner(origin: Origin, environment: Environment): Spawner {
  const libc = openLibc();
  const { uid, openFiles } = readProcess(origin.openFilesSoft);
  return {
    native: 'missing' in libc ? undefined : { libc, reaper: startReaper(libc, () => undefined) },
    setpriv: findProgram('setpriv', environment),
    uid,
    openFiles,
    gate: makeGate(),
  };
}

function makeSelf(environment: Environment) {
  const { uid, gid, groups } = readProcess(undefined);
  return { uid, gid, groups, name: String(uid), home: environment['HOME'] ?? '/', shell: '/bin/sh' };
}

function listRoots(environment: Environment): Roots[] {
  const system = readSystem('', []);
  const file = environment['SSL_CERT_FILE'] ?? '';
  return [
    ...(system === undefined ? [] : [{ name: `the system’s (${system.path})`, pem: system.text }]),
    ...(file === '' ? [] : [{ name: `SSL_CERT_FILE=${file}`, pem: readTextIfAny(file) ?? '' }]),
    { name: 'those that clients bring along (as Node does)', pem: undefined },
  ];
}

function render({ url, environment, opinions, notTried, chain }: Found, terminal: Terminal): string {
  const cells = (texts: readonly string[]): Cell[] => texts.map(text => ({ text, colour: 'dim' }));
  const rows = opinions.map((opinion): Cell[] => [
    { text: opinion.client },
    renderTrust(opinion),
    { text: `${opinion.timeMs} ms` },
    { text: opinion.follows },
  ]);
  const tried =
    rows.length === 0
      ? ['no client is installed']
      : renderTable([cells(['client', 'trust', 'time', 'follows']), ...rows], terminal);
  const not = notTried.map(({ client, why }) => `${client} (${why})`).join(', ');
  return [
    ...(environment === 'workbench'
      ? []
      : ['No Lintel runs here: the clients have the caller’s own variables.', '']),
    ...tried,
    ...(not === '' ? [] : [`not tried: ${not}`]),
    ...renderComplaints(opinions),
    '',
    ...renderChain(url, chain),
    '',
  ].join('\n');
}

function renderTrust({ isTrusted, isReached }: Opinion): Cell {
  if (isTrusted) return { text: 'ok', colour: 'green' };
  return isReached ? { text: 'failed', colour: 'red' } : { text: 'not reached', colour: 'yellow' };
}

/** Below the table, whose last column a terminal cuts: a complaint says why at its end. */
function renderComplaints(opinions: readonly Opinion[]): string[] {
  const complaining = opinions.filter(({ says }) => says !== '');
  if (complaining.length === 0) return [];
  const nobody = 'no client reached the server: whom they trust is not known';
  return [
    '',
    ...(opinions.some(({ isReached }) => isReached) ? [] : [nobody]),
    'what they say:',
    // Some begin with their own name.
    ...complaining.map(({ client, says }) =>
      escapeLine(says.startsWith(`${client}: `) ? `  ${says}` : `  ${client}: ${says}`),
    ),
  ];
}

function renderChain(url: string, { shown, verdicts, trouble }: Chain): string[] {
  if (trouble !== undefined) return [escapeLine(`no certificates of ${url} were seen: ${trouble}`)];
  return [
    'certificates:',
    ...shown.map(({ subject, issuer, validTo }) =>
      escapeLine(
        `  ${subject}, issued by ${subject === issuer ? 'itself' : issuer}, until ${validTo.slice(0, 10)}`,
      ),
    ),
    'roots that are enough for them:',
    ...verdicts.map(({ roots, isTrusted, why }) =>
      escapeLine(`  ${roots}: ${isTrusted ? 'yes' : `no (${why})`}`),
    ),
  ];
}
