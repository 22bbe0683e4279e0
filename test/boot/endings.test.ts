import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import test from 'node:test';
import {
  type BootOptions,
  type Files,
  isAlive,
  type Lintel,
  makeRoot,
  NEEDS_ROOT,
  type Root,
} from '../rig.ts';
import { waitUntil } from '../waiting.ts';

/**
 * What an operator reads in `kubectl describe pod` after a boot that failed, word for word: it alone has to name the
 * cause to somebody who has not seen the image. The same stands at the end of stderr.
 */
const LOG = '/dev/termination-log';

function service(name: string, script: string, json: object = {}): Files {
  return {
    [`/etc/services.d/${name}/run`]: `#!/bin/sh\n${script}\n`,
    [`/etc/services.d/${name}/service.json`]: JSON.stringify(json),
  };
}

interface Failure {
  readonly what: string;
  readonly files: Files;
  readonly options?: BootOptions;
  readonly during?: (lintel: Lintel, root: Root) => Promise<void>;
  /** Without the root's own path; N stands for times and ids. */
  readonly message: string;
}

const FAILURES: readonly Failure[] = [
  {
    what: 'a script that fails',
    files: {
      '/etc/cont-init.d/10-first': '#!/bin/sh\n',
      '/etc/cont-init.d/20-packages':
        '#!/bin/sh\necho "Looking in indexes: https://mirror.example/simple"\necho "ERROR: No matching distribution found for torch==9.9" >&2\nexit 1\n',
      '/etc/cont-init.d/30-next': '#!/bin/sh\n',
    },
    message: `ended with exit code 1: Script /etc/cont-init.d/20-packages exited with code 1
  it is start-up script 2 of 3, ran as uid N and ended after N s; nothing after it was started
  what to do: mend the script, or boot in spite of it by LINTEL_ON_INIT_FAILURE=warn
  its last lines:
    | Looking in indexes: https://mirror.example/simple
    | ERROR: No matching distribution found for torch==9.9`,
  },
  {
    what: 'a script that takes too long',
    files: {
      '/etc/cont-init.d/10-wait-for-db': '#!/bin/sh\necho "waiting for db.example:5432"\nexec sleep 9999\n',
    },
    options: { environment: { LINTEL_INIT_TIMEOUT_MS: '1000' } },
    message: `ended with exit code 1: Script /etc/cont-init.d/10-wait-for-db took longer than 1000 ms (LINTEL_INIT_TIMEOUT_MS)
  it is start-up script 1 of 1, ran as uid N and ended after N s; nothing after it was started
  what to do: see what the script waits for, or give it more time by LINTEL_INIT_TIMEOUT_MS
  its last lines:
    | waiting for db.example:5432`,
  },
  {
    what: 'settings that can’t be used',
    files: service('web', 'exec sleep 9999'),
    options: {
      environment: {
        LINTEL_LOG_FORMAT: 'xml',
        LINTEL_USER: 'nobody-such',
        PIP_REPOSITORY: 'ftp://ada:hunter2@mirror.example',
      },
    },
    message: `ended with exit code 2: nothing was started: 2 problems must be mended first
  Cannot use LINTEL_LOG_FORMAT: "xml", expected text, json
  Cannot use LINTEL_USER: "nobody-such", expected the name of a user in /etc/passwd, a uid or uid:gid
  wrong too, but no reason to stop: Cannot use PIP_REPOSITORY: "ftp://***@mirror.example", expected an http or https URL
  what to do: mend what is named, in the container’s variables or in the image, and start it again`,
  },
  {
    what: 'a setting of the platform’s in a strict boot',
    files: service('web', 'exec sleep 9999'),
    options: { environment: { LINTEL_STRICT: '1', PATH_TO_CA_BUNDLE: '/certs/ca.pem' } },
    message: `ended with exit code 2: nothing was started: a problem must be mended first
  Cannot use PATH_TO_CA_BUNDLE: "/certs/ca.pem" (no such file), expected a PEM file with certificates, a folder of such files, or the PEM text itself
  LINTEL_STRICT=1 is set: without it a platform’s setting that can’t be used stops nothing
  what to do: mend what is named, in the container’s variables or in the image, and start it again`,
  },
  {
    what: 'services that wait for one another',
    files: {
      ...service('db', 'exec sleep 9999', { after: ['web'] }),
      ...service('web', 'exec sleep 9999', { requires: ['db'] }),
    },
    message: `ended with exit code 2: nothing was started: a problem must be mended first
  Cannot use requires and after of the services: a circle: db -> web -> db, expected an order in which each can start
  what to do: mend what is named, in the container’s variables or in the image, and start it again`,
  },
  {
    what: 'a critical service that keeps dying',
    files: {
      ...service('keeper', 'exec sleep 9999'),
      ...service(
        'api',
        'echo "Traceback (most recent call last):"\necho "  File \\"/srv/api/main.py\\", line 3, in <module>"\necho "ModuleNotFoundError: No module named \'fastapi\'"\nexit 3',
        { critical: true, maxRestarts: { count: 1, windowMs: 60000 }, backoffMs: { min: 1, max: 1 } },
      ),
    },
    message: `ended with exit code 3: service api has ended for good: api exited with code 3
  its command is /etc/services.d/api/run, run as ada (uid N)
  it was started 2 times within N s, and ran for N s the last time; its maxRestarts allows 1 restart within 1 min
  the container ends with api, since it is critical
  what to do: mend what the last lines of api tell
  its last lines:
    | Traceback (most recent call last):
    |   File "/srv/api/main.py", line 3, in <module>
    | ModuleNotFoundError: No module named 'fastapi'`,
  },
  {
    what: 'a service whose requirement has failed',
    files: {
      ...service('db', 'echo "initdb: error: directory \\"/data\\" exists but is not empty" >&2\nexit 1', {
        restart: 'never',
        // However long a busy machine takes to end it.
        ready: { file: '/no/such' },
      }),
      ...service('api', 'exec sleep 9999', { requires: ['db'] }),
      ...service('web', 'exec sleep 9999', { requires: ['api'], critical: true }),
    },
    message: `ended with exit code 1: service web has ended for good: it requires api, which requires db, which exited with code 1
  db: its command is /etc/services.d/db/run, run as ada (uid N)
  db: it ran for N s; its service.json has "restart": "never"
  the container ends with web, since it is critical
  what to do: mend what the last lines of db tell
  db’s last lines:
    | initdb: error: directory "/data" exists but is not empty`,
  },
  {
    what: 'a service that can’t be started',
    files: {
      '/etc/services.d/web/run': '#!/usr/bin/python3.99\nprint("hello")\n',
      '/etc/services.d/web/service.json': '{"restart": "never"}',
    },
    message: `ended with exit code 127: service web has ended for good: web could not start: /etc/services.d/web/run: its interpreter /usr/bin/python3.99 does not exist
  its command is /etc/services.d/web/run, run as ada (uid N)
  it never ran; its service.json has "restart": "never"
  the container ends with web, since it is the only service
  what to do: mend the command of web, or what it needs, in the image`,
  },
  {
    what: 'a service that is unhealthy',
    files: service(
      'web',
      'trap "exit 0" TERM\necho "listening on 127.0.0.1:80"\n: > "$LINTEL_ROOT/tmp/up"\nwhile :; do sleep 0.05; done',
      {
        restart: 'never',
        ready: { file: '${LINTEL_ROOT}/tmp/up' },
        health: { tcp: 1, intervalMs: 50, failures: 2 },
      },
    ),
    message: `ended with exit code 1: service web has ended for good: web was unhealthy: connection refused
  its probe said: 127.0.0.1:1: connection refused (2 times in a row)
  its command is /etc/services.d/web/run, run as ada (uid N)
  it ran for N s; its service.json has "restart": "never"
  the container ends with web, since it is the only service
  what to do: find out why web does not answer, or whether its health probe asks the right question
  its last lines:
    | listening on 127.0.0.1:80`,
  },
  {
    what: 'all services failed',
    files: {
      ...service('one', 'echo "no license"\nexit 4', { restart: 'never' }),
      ...service('two', 'read -r line < "$LINTEL_ROOT/tmp/gate"; kill -SEGV $$', { restart: 'never' }),
    },
    during: async (lintel, root) => {
      const gate = root.gate('/tmp/gate');
      await lintel.waitForText(/one exited with code 4; .*failed$/m);
      gate.open();
    },
    message: `ended with exit code 1: no service runs any more; the last: two was ended by SIGSEGV
  one exited with code 4; its command is /etc/services.d/one/run, run as ada (uid N); it ran for N s; its service.json has "restart": "never"
  two was ended by SIGSEGV; its command is /etc/services.d/two/run, run as ada (uid N); it ran for N s; its service.json has "restart": "never"
  two: 139 is 128 + 11, the number of SIGSEGV
  what to do: mend what the last lines of one tell
  one’s last lines:
    | no license`,
  },
  {
    what: 'a CMD that is not there',
    files: {},
    options: { command: ['jupyterlab', '--port', '8888'] },
    message: `ended with exit code 127: Cannot run the CMD: jupyterlab: not found on PATH
  the CMD is jupyterlab (with 2 arguments), run as ada (uid N) in /
  PATH is /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  what to do: mend the container’s command (args, CMD), or put what it names into the image`,
  },
  {
    what: 'a CMD that fails',
    files: service('web', 'exec sleep 9999'),
    options: { command: ['sh', '-c', 'exit 9'] },
    message: `ended with exit code 9: the CMD exited with code 9
  the CMD is sh (with 2 arguments), run as ada (uid N) in /
  it ran for N s
  what to do: look at the log: what a CMD says, goes there alone`,
  },
  {
    what: 'nothing to run of what is there',
    files: {
      ...service('web', 'exec sleep 9999', { when: { command: 'no-such-program' } }),
      ...Object.fromEntries(
        ['ide', 'lab'].flatMap(name => [
          [`/usr/local/lib/lintel/services.d/${name}/run`, '#!/bin/sh\nexec sleep 9999\n'],
          [`/usr/local/lib/lintel/services.d/${name}/service.json`, `{"when": {"command": "no-${name}"}}`],
        ]),
      ),
    },
    message: `ended with exit code 1: there is nothing to run: no CMD and no service
  services that do not run:
  ide, lab: not installed
  web: no-such-program is not installed
  what to do: give the container a command, or the image a service (/etc/services.d/NAME/run), or name one in LINTEL_SERVICES`,
  },
  {
    what: 'nothing to run but services with mistakes',
    files: {
      '/etc/services.d/api/run/file': '',
      '/etc/services.d/web/run': 'exec sleep 9999\n',
      '/usr/local/lib/lintel/services.d/lab/run': '#!/bin/sh\nexec sleep 9999\n',
      '/usr/local/lib/lintel/services.d/lab/service.json': '{"when": {"command": "no-lab"}}',
    },
    message: `ended with exit code 1: there is nothing to run: no CMD and no service
  services that do not run:
  api: /etc/services.d/api/run: it is a directory, not a file
  web: /etc/services.d/web/run: it is not executable (chmod +x)
  lab: not installed
  what to do: mend api, web in the image, or give the container a command`,
  },
  {
    what: 'nothing to run',
    files: {},
    message: `ended with exit code 1: there is nothing to run: no CMD and no service
  there is no service in /etc/services.d
  what to do: give the container a command, or the image a service (/etc/services.d/NAME/run), or name one in LINTEL_SERVICES`,
  },
];

for (const { what, files, options, during, message } of FAILURES) {
  test(`${what}: the termination log alone says why`, async t => {
    const root = makeRoot(t, { ...files, [LOG]: '' });
    const lintel = root.boot(options);
    await during?.(lintel, root);
    const { stderr } = await lintel.end();
    const mask = (text: string) =>
      text
        .replaceAll(root.at('/').slice(0, -1), '')
        .replaceAll(` in ${process.cwd()}`, ' in /')
        .replaceAll(/(?<=\b(for|within|after) )\d+(\.\d s| ms)\b/g, 'N s')
        .replaceAll(/uid \d+/g, 'uid N');
    const left = root.read(LOG);
    assert.ok(stderr.endsWith(`lintel: error: ${left}`), stderr);
    assert.equal(mask(left), `${message}\n`);
  });
}

test('nothing to run since Lintel may not look into /etc/services.d', { skip: NEEDS_ROOT }, async t => {
  const root = makeRoot(t, service('web', 'exec sleep 9999'));
  const folder = root.at('/etc/services.d');
  chmodSync(folder, 0o700);
  const { code, stderr } = await root.boot({ isUnprivileged: true }).end();
  assert.equal(code, 1, stderr);
  assert.ok(
    stderr.endsWith(`there is nothing to run: no CMD and no service
  Cannot use ${folder}: permission denied, expected a folder that Lintel may look into
  what to do: mend ${folder} in the image, or give the container a command
`),
    stderr,
  );
});

test('a container that is killed while it stops has said so before', async t => {
  const root = makeRoot(t, {
    ...service('web', 'trap "" TERM\necho $$ > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999', {
      stopTimeoutMs: 8000,
    }),
    [LOG]: '',
  });
  const lintel = root.boot();
  const pid = Number(await lintel.waitForFile('/tmp/up'));
  lintel.signal('SIGTERM');
  assert.equal(
    await lintel.waitForFile(LOG, /\n$/),
    'asked to stop by SIGTERM; still stopping, for at most 9.0 s (LINTEL_SHUTDOWN_TIMEOUT_MS): where this is the last word, something killed the container before that, and its grace period should be longer\n',
  );
  lintel.signal('SIGKILL');
  await lintel.exitCode();
  // No pid namespace takes it along.
  process.kill(-pid, 'SIGKILL');
  await waitUntil('the service has ended', () => !isAlive(pid));
});

test('a stop during the boot says which script ran', async t => {
  const root = makeRoot(t, {
    '/etc/cont-init.d/10-fetch': '#!/bin/sh\necho up > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    [LOG]: '',
  });
  const lintel = root.boot();
  await lintel.waitForFile('/tmp/up');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(root.read(LOG), 'asked to stop by SIGTERM during the boot, while script 10-fetch ran\n');
});

/** What never answers keeps each of these steps until the stop. */
for (const [step, askFor] of [
  ['region-script', url => ({ REGION_INIT_SCRIPT: `${url}/region.sh` })],
  ['vault', url => ({ VAULT_ADDR: url, VAULT_TOKEN: 't', VAULT_MOUNT: 'kv', VAULT_RELATIVE_PATH: '/x' })],
  ['clone', url => ({ GIT_REPOSITORY: `${url}/tiny.git` })],
  ['personal-script', url => ({ PERSONAL_INIT_SCRIPT: `${url}/mine.sh` })],
] as const satisfies readonly (readonly [string, (url: string) => Readonly<Record<string, string>>])[]) {
  for (const command of [[], ['/bin/true']]) {
    test(`a stop during the boot says that step ${step} ran${command.length > 0 ? ', before a CMD too' : ''}`, async t => {
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      const silent = createServer(() => resolve());
      await once(silent.listen(0, '127.0.0.1'), 'listening');
      t.after(() => silent.close());
      const { port } = silent.address() as AddressInfo;
      const root = makeRoot(t, { [LOG]: '' });
      const environment = { LINTEL_STRICT: '1', ...askFor(`http://127.0.0.1:${port}`) };
      const lintel = root.boot({ command, environment });
      await Promise.race([asked, lintel.exitCode()]);
      const { code, stderr } = await lintel.stop();
      assert.equal(code, command.length > 0 ? 143 : 0, stderr);
      assert.equal(
        root.read(LOG),
        `asked to stop by SIGTERM during the boot, while step ${step} ran\n`,
        stderr,
      );
    });
  }
}

test('what had to be killed at a stop stands in its reason', async t => {
  const root = makeRoot(t, {
    ...service('web', 'trap "" TERM\necho > "$LINTEL_ROOT/tmp/up"\nwhile :; do sleep 0.05; done', {
      stopTimeoutMs: 100,
    }),
    [LOG]: '',
  });
  const lintel = root.boot();
  await lintel.waitForFile('/tmp/up');
  await lintel.stop();
  assert.equal(
    root.read(LOG),
    'asked to stop by SIGTERM; killed, since it did not end in time when it was asked to: service web\n',
  );
});

test('a CMD that ends another way than asked stands in the reason of the stop', async t => {
  const root = makeRoot(t, { ...service('web', 'exec sleep 9999'), [LOG]: '' });
  const lintel = root.boot({
    command: ['sh', '-c', 'trap "exit 5" TERM; echo up; while :; do sleep 0.05; done'],
  });
  await lintel.waitForText(/^up$/m);
  const { code } = await lintel.stop();
  assert.equal(code, 5);
  assert.equal(root.read(LOG), 'asked to stop by SIGTERM; the CMD then exited with code 5\n');
});

test('a CMD alone is as silent as without Lintel, and its end stands in the termination log', async t => {
  const root = makeRoot(t, { [LOG]: '' });
  const { code, stdout, stderr } = await root.boot({ command: ['sh', '-c', 'echo out; exit 5'] }).end();
  assert.deepEqual([code, stdout, stderr], [5, 'out\n', '']);
  assert.match(root.read(LOG), /^ended with exit code 5: the CMD exited with code 5\n/);
});
