import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import test from 'node:test';
import { bootRoot, IS_ROOT, makeRoot, NEEDS_ROOT, WORKBENCH } from '../rig.ts';

/** From variables to a running workbench and its exit code: what is done in which order, and what stops it. */
const PIP_REPOSITORY = 'https://mirror.example/simple';
const PIP_CONF = `# lintel: begin (set at every boot; edits here are lost)
[global]
index-url = ${PIP_REPOSITORY}
# lintel: end
`;
/** A service that says in /tmp/up that it runs. */
const SERVICE = '#!/bin/sh\necho up > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n';
const SAY_NAME = '#!/bin/sh\nbasename "$0" >> "$LINTEL_ROOT/tmp/order"\n';

test('settings are applied, then the scripts of both places run in byte order, then services start', async t => {
  const lintel = bootRoot(
    t,
    {
      '/etc/cont-init.d/10-first': '#!/bin/sh\ncat "$LINTEL_ROOT/etc/pip.conf" > "$LINTEL_ROOT/tmp/order"\n',
      '/etc/cont-init.d/9-second': SAY_NAME,
      '/etc/cont-init.d/a-fourth': SAY_NAME,
      '/etc/cont-init.d/B-third': SAY_NAME,
      '/etc/cont-init.d/50-replaced': SAY_NAME,
      '/usr/local/lib/lintel/cont-init.d/50-replaced': '#!/bin/sh\nexit 1\n',
      '/usr/local/lib/lintel/cont-init.d/20-shipped': SAY_NAME,
      '/etc/services.d/web/run':
        '#!/bin/sh\necho service >> "$LINTEL_ROOT/tmp/order"\ncp "$LINTEL_ROOT/tmp/order" "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
      // Made by root's script, written by the service.
      '/etc/cont-init.d/10-open': '#!/bin/sh\nchmod 666 "$LINTEL_ROOT/tmp/order"\n',
    },
    { environment: { PIP_REPOSITORY } },
  );
  assert.equal(
    await lintel.waitForFile('/tmp/up', /service\n$/),
    `${PIP_CONF}20-shipped\n50-replaced\n9-second\nB-third\na-fourth\nservice\n`,
  );
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^lintel: ended with exit code 0: asked to stop by SIGTERM$/m);
});

test('a termination log that is a pipe keeps nothing from ending', async t => {
  const root = makeRoot(t, { '/etc/services.d/web/run': '#!/bin/sh\necho "runs"\nexec sleep 9999\n' });
  mkdirSync(root.at('/dev'));
  execFileSync('mkfifo', [root.at('/dev/termination-log')]);
  const lintel = root.boot();
  await lintel.waitForText(/web \| runs/);
  assert.equal((await lintel.stop()).code, 0);
});

test('the reason of the end stands in the termination log, where there is one', async t => {
  const lintel = bootRoot(t, {
    '/etc/services.d/web/run': SERVICE,
    '/dev/termination-log': 'old, and longer than the new one\n',
  });
  await lintel.waitForFile('/tmp/up');
  await lintel.stop();
  assert.equal(lintel.root.read('/dev/termination-log'), 'asked to stop by SIGTERM\n');
});

test('without CMD and services there is nothing to run: exit code 1', async t => {
  const { code, stderr } = await bootRoot(t, {}).end();
  assert.equal(code, 1);
  assert.match(stderr, /nothing to run/);
});

const WRONG: readonly (readonly [what: string, environment: Record<string, string>, said: RegExp])[] = [
  ['LINTEL_LOG_FORMAT', { LINTEL_LOG_FORMAT: 'xml' }, /LINTEL_LOG_FORMAT: "xml", expected text, json/],
  [
    'LINTEL_INIT_TIMEOUT_MS',
    { LINTEL_INIT_TIMEOUT_MS: '5s' },
    /LINTEL_INIT_TIMEOUT_MS: "5s", expected a whole number/,
  ],
  ['LINTEL_USER', { LINTEL_USER: 'nobody-such' }, /LINTEL_USER: "nobody-such", expected the name of a user/],
  ['LINTEL_SERVICES', { LINTEL_SERVICES: 'jupiter' }, /LINTEL_SERVICES: "jupiter", expected one of .*web/],
  ['LINTEL_STRICT', { LINTEL_STRICT: 'maybe' }, /LINTEL_STRICT: "maybe", expected 1 or 0/],
];
const WRONG_SERVICES = {
  '/etc/services.d/no-json/service.json': '{ "restart": always }',
  '/etc/services.d/no-json/run': SERVICE,
  '/etc/services.d/no-field/service.json': '{ "restarts": "never", "stopTimeoutMs": "5s" }',
  '/etc/services.d/no-field/run': SERVICE,
  '/etc/services.d/no-user/service.json': '{ "user": "nobody-such" }',
  '/etc/services.d/no-user/run': SERVICE,
  '/etc/services.d/no-run/service.json': '{}',
  '/etc/services.d/no-file/service.json/folder': '',
  '/etc/services.d/no-file/run': SERVICE,
};

test('all problems at once stop the boot with 2 before anything is done', async t => {
  const root = makeRoot(t, {
    ...WRONG_SERVICES,
    '/etc/services.d/web/run': SERVICE,
    '/etc/cont-init.d/10-script': '#!/bin/sh\necho ran > "$LINTEL_ROOT/tmp/up"\n',
  });
  // Only services that would run are asked for their user, so that choice itself is right here.
  const wrong = WRONG.filter(([what]) => what !== 'LINTEL_SERVICES');
  const environment = Object.assign({ PIP_REPOSITORY }, ...wrong.map(([, given]) => given));
  const { code, stderr } = await root.boot({ environment }).end();
  assert.equal(code, 2, stderr);
  for (const [, , said] of wrong) assert.match(stderr, said);
  for (const said of [
    /no-json\/service\.json: .*expected a JSON object/,
    /no-field\/service\.json: unknown field "restarts", expected perhaps "restart"/,
    /no-field\/service\.json: stopTimeoutMs "5s", expected a whole number of milliseconds/,
    /no-user: "nobody-such", expected the name of a user/,
    /no-run: neither "run" nor a "command"/,
    /no-file\/service\.json: it is a directory, expected a readable JSON file/,
  ])
    assert.match(stderr, said);
  for (const path of ['/tmp/up', '/etc/pip.conf', '/run/lintel'])
    assert.equal(existsSync(root.at(path)), false, path);
});

for (const [what, environment, said] of WRONG) {
  test(`a malformed ${what} alone stops the boot with 2`, async t => {
    const { code, stderr } = await bootRoot(t, { '/etc/services.d/web/run': SERVICE }, { environment }).end();
    assert.equal(code, 2, stderr);
    assert.match(stderr, said);
  });
}

test('to a setting an empty value is an absent one, and services get it as given', async t => {
  const names = [
    'LINTEL_LOG_FORMAT',
    'LINTEL_USER',
    'LINTEL_SERVICES',
    'LINTEL_STRICT',
    'PIP_REPOSITORY',
    'LINTEL_NOFILE',
  ];
  const lintel = bootRoot(
    t,
    {
      '/etc/services.d/web/run':
        '#!/bin/sh\nenv > "$LINTEL_ROOT/tmp/up.new"\nmv "$LINTEL_ROOT/tmp/up.new" "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    },
    { environment: Object.fromEntries(names.map(name => [name, ''])) },
  );
  const seen = (await lintel.waitForFile('/tmp/up')).split('\n');
  for (const name of names) assert.ok(seen.includes(`${name}=`), name);
  assert.equal((await lintel.stop()).code, 0);
});

const NO_PEM = 'this is no certificate\n';
const PLATFORM_PROBLEMS: readonly (readonly [what: string, name: string, value: string])[] = [
  ['a mirror that is no http URL', 'PIP_REPOSITORY', 'ftp://mirror.example/simple'],
  ['a mirror that is no URL', 'R_REPOSITORY', 'mirror'],
  ['channels that are none', 'CONDA_REPOSITORY', 'https://mirror.example/a b'],
  ['a missing certificate file', 'PATH_TO_CA_BUNDLE', '/no/such/file.pem'],
  ['a PEM file without a certificate', 'PATH_TO_CA_BUNDLE', '/etc/hostname'],
  [
    'inline text that is no certificate',
    'PATH_TO_CA_BUNDLE',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
  ],
];

for (const [what, name, value] of PLATFORM_PROBLEMS) {
  test(`${what} (${name}) costs one error line, and the boot goes on`, async t => {
    const lintel = bootRoot(
      t,
      { '/etc/services.d/web/run': SERVICE },
      { environment: { GIT_AUTHOR_NAME: 'x', UNRELATED: NO_PEM, [name]: value } },
    );
    await lintel.waitForFile('/tmp/up');
    const { code, stderr } = await lintel.stop();
    assert.equal(code, 0, stderr);
    const errors = stderr.split('\n').filter(line => line.startsWith('lintel: error: '));
    assert.equal(errors.length, 1, stderr);
    assert.ok(errors[0]?.includes(`Cannot use ${name}: `), stderr);
    for (const file of ['/etc/pip.conf', '/etc/conda/.condarc', '/run/lintel/ca-bundle.pem'])
      assert.equal(existsSync(lintel.root.at(file)), false, file);
  });

  test(`${what} (${name}) stops a strict boot with 2`, async t => {
    const { code, stderr } = await bootRoot(
      t,
      { '/etc/services.d/web/run': SERVICE },
      { environment: { LINTEL_STRICT: '1', [name]: value } },
    ).end();
    assert.equal(code, 2, stderr);
    assert.ok(stderr.includes(`Cannot use ${name}: `), stderr);
  });
}

test('a malformed setting of one tool leaves the others alone', async t => {
  const lintel = bootRoot(
    t,
    { '/etc/services.d/web/run': SERVICE },
    { environment: { PIP_REPOSITORY, CONDA_REPOSITORY: 'https://x y' } },
  );
  await lintel.waitForFile('/tmp/up');
  assert.equal(lintel.root.read('/etc/pip.conf'), PIP_CONF);
  await lintel.stop();
});

test('a password in a malformed URL is not echoed', async t => {
  const lintel = bootRoot(
    t,
    { '/etc/services.d/web/run': SERVICE },
    {
      environment: {
        PIP_REPOSITORY: 'ftp://ada:hunter2@mirror.example/simple',
        R_REPOSITORY: 'https://ada:hunter2@mirror example',
      },
    },
  );
  await lintel.waitForFile('/tmp/up');
  const { stderr } = await lintel.stop();
  assert.match(stderr, /Cannot use PIP_REPOSITORY/);
  assert.match(stderr, /Cannot use R_REPOSITORY/);
  assert.doesNotMatch(stderr, /hunter2/);
});

test('the image’s own defaults count, and the real environment wins over them', async t => {
  const lintel = bootRoot(
    t,
    {
      '/etc/lintel/lintel.env': `PIP_REPOSITORY=${PIP_REPOSITORY}\nCOLOUR=red\nSIZE=small\n`,
      '/etc/lintel/env.d/10-more.env': "SIZE='as large as $(hostname)'\n",
      '/etc/services.d/web/run':
        '#!/bin/sh\necho "$COLOUR, $SIZE" > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    },
    { environment: { COLOUR: 'blue' } },
  );
  assert.equal(await lintel.waitForFile('/tmp/up'), 'blue, as large as $(hostname)\n');
  assert.equal(lintel.root.read('/etc/pip.conf'), PIP_CONF);
  await lintel.stop();
});

const WHO_AM_I =
  '#!/bin/sh\necho "$(id -u):$(id -g) $HOME $USER $LOGNAME $SHELL $PWD" > "$LINTEL_ROOT/tmp/$(basename "$(dirname "$0")")"\nexec sleep 9999\n';

test('services run as the workbench user in its home, whose names they have', async t => {
  const lintel = bootRoot(
    t,
    { '/etc/services.d/web/run': WHO_AM_I },
    { environment: { USER: 'root', LOGNAME: 'root', SHELL: '/bin/false' } },
  );
  const home = lintel.root.at('/home/ada');
  assert.equal(
    await lintel.waitForFile('/tmp/web'),
    `${WORKBENCH.uid}:${WORKBENCH.gid} ${home} ada ada /bin/sh ${home}\n`,
  );
  await lintel.stop();
});

for (const [shell, expected] of [
  ['/bin/bash', '/bin/bash'],
  ['/usr/sbin/nologin', '/bin/sh'],
  ['/no/such/shell', '/bin/sh'],
  ['bash', '/bin/sh'],
  ['', '/bin/sh'],
] as const)
  test(`SHELL=${shell} of the container gives services ${expected}`, async t => {
    const lintel = bootRoot(t, { '/etc/services.d/web/run': WHO_AM_I }, { environment: { SHELL: shell } });
    assert.equal((await lintel.waitForFile('/tmp/web')).split(' ').at(4), expected);
    await lintel.stop();
  });

test('LINTEL_USER chooses another workbench user', { skip: NEEDS_ROOT }, async t => {
  const lintel = bootRoot(
    t,
    { '/etc/services.d/web/run': WHO_AM_I },
    { environment: { LINTEL_USER: '1234:2345' } },
  );
  // HOME is somebody else's, and passwd has no line for that uid.
  assert.equal(await lintel.waitForFile('/tmp/web'), '1234:2345 /tmp 1234 1234 /bin/sh /tmp\n');
  await lintel.stop();
});

test('LINTEL_SERVICE_USER=root leaves services root', { skip: NEEDS_ROOT }, async t => {
  const lintel = bootRoot(
    t,
    { '/etc/services.d/web/run': WHO_AM_I },
    { environment: { LINTEL_SERVICE_USER: 'root' } },
  );
  assert.match(await lintel.waitForFile('/tmp/web'), /^0:0 .* root root /);
  await lintel.stop();
});

test('LINTEL_SERVICES and LINTEL_SERVICES_DISABLED choose by name and pattern, and what is not started is said', async t => {
  const lintel = bootRoot(
    t,
    Object.fromEntries(
      ['web', 'web-two', 'web-three', 'desk', 'dock'].map(name => [`/etc/services.d/${name}/run`, WHO_AM_I]),
    ),
    { environment: { LINTEL_SERVICES: 'web*', LINTEL_SERVICES_DISABLED: 'web-t?o' } },
  );
  await lintel.waitForFile('/tmp/web');
  await lintel.waitForFile('/tmp/web-three');
  const { stderr } = await lintel.stop();
  assert.match(
    stderr,
    /services: web web-three; not: desk, dock \(LINTEL_SERVICES does not name it\); web-two \(LINTEL_SERVICES_DISABLED .*\)\n/,
  );
  for (const name of ['web-two', 'desk'])
    assert.equal(existsSync(lintel.root.at(`/tmp/${name}`)), false, name);
});

test('without node:ffi one line says what is missing, and services run and stop all the same', async t => {
  const lintel = bootRoot(
    t,
    {
      '/etc/cont-init.d/10-script': '#!/bin/sh\necho said by a script\n',
      '/etc/services.d/web/run':
        '#!/bin/sh\nsetsid sleep 9999 &\necho said by web\necho up > "$LINTEL_ROOT/tmp/up"\nsleep 9999 &\nwait\n',
      '/etc/services.d/dies/run': '#!/bin/sh\necho dies >> "$LINTEL_ROOT/tmp/deaths"\nexit 3\n',
      '/etc/services.d/dies/service.json': '{ "backoffMs": { "min": 10, "max": 20 } }',
    },
    { nodeFlags: ['--no-experimental-ffi'] },
  );
  await lintel.waitForFile('/tmp/up');
  await lintel.waitForFile('/tmp/deaths', /^(dies\n){3}/);
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/orphaned processes are not reaped/g)?.length, 1, stderr);
  assert.match(stderr, /dies exited with code 3/);
  assert.match(stdout, /^10-script \| said by a script$/m);
  assert.match(stdout, /^web \| said by web$/m);
});

test('the summary says who boots whom', async t => {
  const lintel = bootRoot(t, { '/etc/services.d/web/run': SERVICE });
  await lintel.waitForFile('/tmp/up');
  const { stderr } = await lintel.stop();
  const uid = IS_ROOT ? 0 : WORKBENCH.uid;
  assert.match(
    stderr,
    new RegExp(
      `Lintel \\S+ boots \\(.*uid=${uid}, workbench=ada ${WORKBENCH.uid}:${WORKBENCH.gid}, home=\\S+/home/ada\\)`,
    ),
  );
});
