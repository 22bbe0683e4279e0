import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { type ContainerOptions, fixtures, runContainer, WORKBENCH_USER, whyNot } from './container.ts';
import { MIRROR_PROGRAMS, MIRROR_URL, makeMirror, PROOF } from './mirror.ts';

/**
 * Real clients against a mirror inside the container: what PIP_REPOSITORY, R_REPOSITORY and PATH_TO_CA_BUNDLE do
 * is proven by packages that exist nowhere else, over https that nothing trusts but for the operator's bundle.
 */
const NODE = '/usr/local/lib/lintel/node';
const COMMANDS = {
  pip: shell(
    'python3 -m pip install --retries 0 --target /tmp/python lintel-tiny >&2',
    'PYTHONPATH=/tmp/python exec python3 -c "import lintel_tiny; print(lintel_tiny.WHERE)"',
  ),
  R: r(
    'dir.create("/tmp/r")',
    'install.packages("lintelTiny", lib = "/tmp/r", INSTALL_opts = c("--no-docs", "--no-test-load", "--no-byte-compile"))',
    'library(lintelTiny, lib.loc = "/tmp/r")',
    'cat("", where(), sep = "\\n")',
  ),
  git: shell(`git clone --quiet ${MIRROR_URL}/git/tiny.git /tmp/clone`, 'exec cat /tmp/clone/README'),
  curl: ['curl', '--silent', '--show-error', '--fail', `${MIRROR_URL}/`],
  node: [
    NODE,
    '--eval',
    `require("https").get("${MIRROR_URL}/", answer => { console.log(answer.statusCode); answer.destroy(); })`,
  ],
  urllib: ['python3', '-c', `import urllib.request; print(urllib.request.urlopen("${MIRROR_URL}/").status)`],
  'R options': r('cat(getOption("repos")["CRAN"])'),
  uid: ['id', '--user'],
} as const;

type Client = keyof typeof COMMANDS;
type Outcomes = Readonly<
  Record<Client, { readonly code: number; readonly stdout: string; readonly stderr: string }>
>;

const PROGRAMS = [...MIRROR_PROGRAMS, '/usr/bin/Rscript', '/usr/bin/curl'];
const PIP_REPOSITORY = `${MIRROR_URL}/pypi/simple`;
const R_REPOSITORY = `${MIRROR_URL}/cran`;
const PATH_TO_CA_BUNDLE = '/etc/platform/authority.pem';

/** Clients that need the operator's certificates, and what they say without. */
const WITHOUT_CERTIFICATES: Readonly<Partial<Record<Client, RegExp>>> = {
  pip: /CERTIFICATE_VERIFY_FAILED/,
  R: /unable to access index for repository/,
  git: /server certificate verification failed/,
  curl: /SSL certificate problem/,
  node: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
  urllib: /CERTIFICATE_VERIFY_FAILED/,
};

const CONTAINERS: readonly (readonly [
  how: string,
  options: ContainerOptions,
  needs: { isRoot?: boolean },
])[] = [
  ['started as root', {}, { isRoot: true }],
  ['started as uid 1000, which may not write /etc', { user: WORKBENCH_USER }, {}],
  [
    'on a read-only root as uid 1000',
    { user: WORKBENCH_USER, readOnly: true, writable: ['/tmp'], environment: { HOME: '/tmp' } },
    { isRoot: true },
  ],
];

for (const [how, options, needs] of CONTAINERS) {
  test(`clients obey the operator's mirrors and certificates ${how}`, {
    skip: whyNot({ programs: PROGRAMS, ...needs }),
  }, async t => {
    const seen = await tryClients(t, { PIP_REPOSITORY, R_REPOSITORY, PATH_TO_CA_BUNDLE }, options);
    assertPrints(seen, 'pip', PROOF.pip);
    assertPrints(seen, 'R', PROOF.r);
    assertPrints(seen, 'git', PROOF.git);
    assertPrints(seen, 'curl', '');
    assertPrints(seen, 'node', '200');
    assertPrints(seen, 'urllib', '200');
    assertPrints(seen, 'R options', R_REPOSITORY);
    assertPrints(seen, 'uid', '1000');
  });
}

test('without PATH_TO_CA_BUNDLE no client trusts the mirror', {
  skip: whyNot({ programs: PROGRAMS }),
}, async t => {
  const seen = await tryClients(t, { PIP_REPOSITORY, R_REPOSITORY }, { user: WORKBENCH_USER });
  for (const [client, complaint] of Object.entries(WITHOUT_CERTIFICATES)) {
    const { code, stdout, stderr } = seen[client as Client];
    assert.notEqual(code, 0, `${client} succeeded: ${stdout}`);
    assert.match(stderr, complaint, client);
  }
  assertPrints(seen, 'R options', R_REPOSITORY);
});

test('without PIP_REPOSITORY and R_REPOSITORY pip and R do not find the mirror', {
  skip: whyNot({ programs: PROGRAMS }),
}, async t => {
  const seen = await tryClients(t, { PATH_TO_CA_BUNDLE }, { user: WORKBENCH_USER });
  for (const client of ['pip', 'R'] as const) {
    assert.notEqual(seen[client].code, 0, `${client} succeeded: ${seen[client].stdout}`);
  }
  assert.notEqual(seen['R options'].stdout, R_REPOSITORY);
  assertPrints(seen, 'git', PROOF.git);
});

/** Boots Lintel with these variables; its CMD runs every client as the workbench user. */
async function tryClients(
  t: TestContext,
  environment: Record<string, string>,
  options: ContainerOptions,
): Promise<Outcomes> {
  const mirror = await makeMirror();
  const { code, stdout, stderr } = await runContainer(
    t,
    ['/init', NODE, '/srv/try-commands.ts', '/srv/commands.json'],
    {
      ...options,
      environment: { ...environment, ...options.environment },
      files: {
        ...mirror.files,
        ...fixtures('try-commands.ts'),
        [PATH_TO_CA_BUNDLE]: mirror.caPem,
        '/srv/commands.json': JSON.stringify(COMMANDS),
      },
    },
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

function assertPrints(seen: Outcomes, client: Client, expected: string): void {
  const { code, stdout, stderr } = seen[client];
  assert.deepEqual(
    { client, code, stdout: stdout.trim().split('\n').at(-1) },
    { client, code: 0, stdout: expected },
    stderr,
  );
}

function shell(...lines: readonly string[]): readonly string[] {
  return ['/bin/sh', '-euc', lines.join('\n')];
}

function r(...lines: readonly string[]): readonly string[] {
  return ['Rscript', '-e', lines.join('; ')];
}
