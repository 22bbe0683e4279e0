import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import { CLIENT_NAMES, CLIENTS, type Client, type ClientName } from './clients.ts';
import { type ClientsLayer, makeClientsLayer } from './clients-layer.ts';
import { type ContainerOptions, WORKBENCH_USER, whyNot } from './container.ts';
import {
  HIDDEN_ORIGINS,
  MIRROR_PROGRAMS,
  type Mirror,
  makeMirror,
  NO_PROXY,
  ORIGINS,
  PROXY_URL,
  type Scheme,
} from './mirror.ts';
import { AUTHORITY_FILE, assertProof, type Outcome, tryCommands } from './try-commands.ts';

/**
 * Real clients against a mirror inside the container, whatever the container is started as: each installs or fetches
 * what exists nowhere else with the operator's settings, and fails without them.
 */
interface Start {
  readonly how: string;
  readonly options: ContainerOptions;
  /** Of the clients. */
  readonly uid: number;
  /** Whether user namespaces can't show it. */
  readonly needsRoot: boolean;
}

const AS_USER: Start = {
  how: 'started as uid 1000, which may not write /etc',
  options: { user: WORKBENCH_USER },
  uid: 1000,
  needsRoot: false,
};

const READ_ONLY_USER: Start = {
  how: 'started as uid 1000 on a read-only root with nothing but /tmp',
  options: { user: WORKBENCH_USER, readOnly: true, writable: ['/tmp'], environment: { HOME: '/tmp' } },
  uid: 1000,
  needsRoot: true,
};

const STARTS: readonly Start[] = [
  { how: 'started as root', options: {}, uid: 1000, needsRoot: true },
  AS_USER,
  {
    how: 'started as an arbitrary uid of group 0 with an unwritable home',
    options: { user: { uid: 12345, gid: 0 } },
    uid: 12345,
    needsRoot: true,
  },
  {
    how: 'started as root on a read-only root',
    options: { readOnly: true, writable: ['/run', '/tmp', '/home/lintel'] },
    uid: 1000,
    needsRoot: true,
  },
];

interface Way {
  readonly how: string;
  /** Where a client finds the mirror that is given a URL. */
  readonly origin: string;
  readonly settings: Readonly<Record<string, string>>;
  /** What is left of the settings for the comparison, and the complaint that this brings. */
  readonly rest: Readonly<Record<string, string>>;
  readonly complaint: 'lost' | 'distrust';
}

const HTTP: Way = {
  how: 'over http, by mirrors and a proxy',
  origin: HIDDEN_ORIGINS.http,
  settings: { ...makeMirrorSettings('http'), HTTP_PROXY: PROXY_URL, NO_PROXY },
  rest: {},
  complaint: 'lost',
};

const HTTPS: Way = {
  how: 'over https that only the operator’s certificates vouch for',
  origin: ORIGINS.https,
  settings: { ...makeMirrorSettings('https'), PATH_TO_CA_BUNDLE: AUTHORITY_FILE },
  rest: makeMirrorSettings('https'),
  complaint: 'distrust',
};

const THROUGH_A_PROXY: Way = {
  how: 'over https, where only a proxy leads to',
  origin: HIDDEN_ORIGINS.https,
  settings: {
    ...makeMirrorSettings('https', HIDDEN_ORIGINS.https),
    PATH_TO_CA_BUNDLE: AUTHORITY_FILE,
    HTTPS_PROXY: PROXY_URL,
    NO_PROXY,
  },
  rest: { ...makeMirrorSettings('https', HIDDEN_ORIGINS.https), PATH_TO_CA_BUNDLE: AUTHORITY_FILE },
  complaint: 'lost',
};

const CELLS: readonly { readonly start: Start; readonly way: Way }[] = [
  ...STARTS.flatMap(start => [HTTP, HTTPS].map(way => ({ start, way }))),
  { start: READ_ONLY_USER, way: HTTPS },
  { start: AS_USER, way: THROUGH_A_PROXY },
];

type Outcomes = Readonly<Record<ClientName | 'uid', Outcome>>;

suite('the operator’s settings', { skip: whyNot({ programs: MIRROR_PROGRAMS }) }, () => {
  let mirror: Mirror;
  let layer: ClientsLayer;
  before(async () => {
    const venv = whyNot(CLIENTS['pip in a venv']) === false ? (['venv'] as const) : [];
    [mirror, layer] = await Promise.all([makeMirror(), makeClientsLayer(...venv, 'java', 'conda')]);
  });
  after(() => layer.remove());

  for (const { start, way } of CELLS) {
    test(`${start.how}, ${way.how}`, { skip: whyNot({ isRoot: start.needsRoot }) }, async t => {
      const things = { mirror, layer, start, way };
      const [kept, lost] = await Promise.all([
        tryClients(t, things, way.settings),
        tryClients(t, things, way.rest),
      ]);
      assert.equal(kept.uid.stdout.trim(), String(start.uid));
      for (const name of CLIENT_NAMES) await testClient(t, name, { way, kept, lost });
    });
  }
});

test('where nothing may be left out every client is there', {
  skip: process.env['CI'] === undefined && 'only where CI is set, as by .ci/run',
}, () => {
  assert.deepEqual(
    CLIENT_NAMES.map(name => whyNot(CLIENTS[name])).filter(reason => reason !== false),
    [],
  );
});

async function testClient(
  t: TestContext,
  name: ClientName,
  { way, kept, lost }: { way: Way; kept: Outcomes; lost: Outcomes },
): Promise<void> {
  const client: Client = CLIENTS[name];
  await t.test(`${name} obeys them, and fails without`, { skip: whyNot(client) }, () => {
    const { code, stdout, stderr } = lost[name];
    assert.notEqual(code, 0, `Without them it succeeds too: ${stdout}`);
    assert.match(stderr, client[way.complaint]);
    assertProof(kept[name], client.proof);
  });
}

interface Things {
  readonly mirror: Mirror;
  readonly layer: ClientsLayer;
  readonly start: Start;
  readonly way: Way;
}

/** Runs every client that is installed. */
async function tryClients(
  t: TestContext,
  { mirror, layer, start, way }: Things,
  settings: Readonly<Record<string, string>>,
): Promise<Outcomes> {
  const installed = CLIENT_NAMES.filter(name => whyNot(CLIENTS[name]) === false);
  const commands = Object.fromEntries(installed.map(name => [name, CLIENTS[name].command(way)]));
  const environment = { ...settings, ...start.options.environment };
  const options = { ...start.options, environment, layers: [layer.folder] };
  const { outcomes } = await tryCommands(t, mirror, { ...commands, uid: ['id', '--user'] }, options);
  return outcomes as Outcomes;
}

function makeMirrorSettings(scheme: Scheme, origin = ORIGINS[scheme]): Readonly<Record<string, string>> {
  return {
    PIP_REPOSITORY: `${origin}/pypi/simple`,
    CONDA_REPOSITORY: `${origin}/conda`,
    R_REPOSITORY: `${origin}/cran`,
    NPM_REPOSITORY: `${origin}/npm/${scheme}`,
  };
}
