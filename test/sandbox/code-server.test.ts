import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { findFreePort } from '../../dev/free-port.ts';
import { type Browser, openBrowser } from './browser.ts';
import {
  CONTAINER_PATH,
  type Container,
  type ContainerOptions,
  fixtures,
  STARTS,
  startContainer,
  WORKBENCH_USER,
  waitUntil,
  whyNot,
} from './container.ts';
import {
  assertUnseen,
  findProcess,
  listInside,
  listProcesses,
  readPassword,
  readVariables,
} from './inside.ts';

/** The shipped code-server with the real program, which test/code-server.sh installs. */
const FOLDER = execFileSync('sh', [join(import.meta.dirname, '../code-server.sh'), '--path'], {
  encoding: 'utf8',
}).trim();
const NEEDS = { programs: [`${FOLDER}/bin/code-server`] };

for (const { how, options, isRoot } of STARTS) {
  test(`code-server lets in by the workbench user’s password and by nothing else, ${how}`, {
    skip: whyNot({ ...NEEDS, isRoot }),
  }, async t => {
    const { container, browser } = await startCodeServer(t, { PORT: '9' }, options);
    await container.waitFor(/code-server is ready/);
    const password = await readPassword(container);
    assert.match(password, /^[a-zA-Z2-9]{24}$/);

    assert.equal((await browser.get('/')).location, './login');
    assert.match((await browser.post('/login', { password: 'wrong' })).text, /Incorrect password/);
    assert.equal((await browser.get('/')).location, './login');
    assert.equal((await browser.post('/login', { password })).location, './');
    assert.equal((await browser.get('/')).location, './?folder=/home/lintel');
    const page = await browser.get('/?folder=/home/lintel');
    const script = /src="([^"]*\/workbench\/workbench\.js)"/.exec(page.text)?.[1] ?? 'none';
    const { status, text } = await browser.get(`/${script}`);
    assert.ok(status === 200 && text.length > 1_000_000, `${status}: ${script}`);

    await assertUnseen(container, password);
    const server = await waitUntil('its second process runs', () => findProcess(container, /node\/entry$/));
    assert.equal(server.uid, 1000);
    const variables = readVariables(server.pid);
    assert.ok(variables.includes('PORT=9'), 'the terminals’ PORT is the container’s');
    assert.deepEqual(
      variables.filter(variable => variable.includes(password)),
      [],
    );
    await container.signal('SIGTERM');
    const { code } = await container.end();
    assert.equal(code, 0);
    assert.ok(!container.output().includes(password));
    assert.match(container.output(), /^lintel: code-server stopped: it exited with code 0/m);
    assert.doesNotMatch(container.output(), /^lintel: (warning|error)/m);
  });
}

describe('code-server', { skip: whyNot(NEEDS) }, () => {
  test('takes PASSWORD', async t => {
    const password = 'p w"$(id)\'&%ä\\n';
    const { container, browser } = await startCodeServer(t, { PASSWORD: password });
    await container.waitFor(/code-server is ready/);
    assert.equal((await browser.post('/login', { password })).location, './');
    await assertUnseen(container, password);
  });

  for (const [whose, environment, files] of [
    ['the container’s HASHED_PASSWORD', { HASHED_PASSWORD: sha256('given') }, {}],
    [
      'the hash in its user’s own file',
      {},
      {
        '/home/lintel/.config/code-server/config.yaml': `auth: none\nhashed-password: ${sha256('given')}\n`,
      },
    ],
  ] as const) {
    test(`takes ${whose} instead of the password`, async t => {
      const { container, browser } = await startCodeServer(t, environment, { files });
      await container.waitFor(/code-server is ready/);
      const password = await readPassword(container);
      assert.match((await browser.post('/login', { password })).text, /Incorrect password/);
      assert.equal((await browser.post('/login', { password: 'given' })).location, './');
    });
  }

  test('stays closed, and says why, where the password is gone', async t => {
    const files = { '/etc/cont-init.d/10-empty': '#!/bin/sh\n: > "$LINTEL_RUNTIME_DIR/secrets/password"\n' };
    const { container } = await startCodeServer(t, {}, { files });
    await container.waitFor(
      /code-server \| Cannot ask for a password: \S+ holds none, expected one, or LINTEL_AUTH=none/,
    );
  });

  test('asks for nothing with LINTEL_AUTH=none, and opens the project folder', async t => {
    const { container, browser } = await startCodeServer(
      t,
      {
        LINTEL_AUTH: 'none',
        ROOT_PROJECT_DIRECTORY: '/no/such',
        WORKSPACE_DIR: '/srv/a b',
        PASSWORD: 'not-asked-for',
      },
      { files: { '/srv/a b/c.txt': '' } },
    );
    await container.waitFor(/code-server is ready/);
    assert.equal((await browser.get('/')).location, './?folder=/srv/a%20b');
    assert.match(container.output(), /warning: LINTEL_AUTH=none: code-server lets in whoever/);
  });

  test('works without a home to write to, with a place of its own, and says which', async t => {
    const close = ['/bin/sh', '-c', 'chmod 555 /home/lintel && exec "$@"', 'sh'];
    const { container, browser } = await startCodeServer(t, {}, {}, close);
    await container.waitFor(/code-server is ready/);
    const password = await readPassword(container);
    assert.equal((await browser.post('/login', { password })).location, './');
    const [line] = await container.waitFor(/^code-server \| \/home\/lintel\/.* can't be written.*$/m);
    const place = /: what belongs there is in (\S+\/code-server), and ends with the container$/.exec(
      line,
    )?.[1];
    await container.waitFor(new RegExp(`Using user-data-dir ${place}/code-server$`, 'm'));
    await container.waitFor(new RegExp(`Using config file ${place}/config\\.yaml$`, 'm'));
    assert.doesNotMatch(container.output(), / error |EACCES/);
  });

  test('takes no link for a place of its own', async t => {
    const plant = 'chmod 555 /home/lintel; mkdir /tmp/planted; ln -s planted /tmp/code-server; exec "$@"';
    const shared = { XDG_RUNTIME_DIR: '/tmp' };
    const { container } = await startCodeServer(t, shared, {}, ['/bin/sh', '-c', plant, 'sh']);
    await container.waitFor(/can't be written: what belongs there is in \/tmp\/code-server-1000, and ends/);
    await container.waitFor(/code-server is ready/);
    assert.deepEqual(await listInside(container, '/tmp/planted'), []);
  });

  test('without any place to write to it says so in a sentence', async t => {
    const close = ['/bin/sh', '-c', 'chmod 555 /home/lintel && exec "$@"', 'sh'];
    const nowhere = { XDG_RUNTIME_DIR: '/no', TMPDIR: '/no/either' };
    const { container } = await startCodeServer(t, nowhere, {}, close);
    await container.waitFor(
      /warning: code-server exited with code 1; its last lines: Cannot write \/home\/lintel\/\S+, XDG_RUNTIME_DIR or \/no\/either, expected a home that can be written;/,
    );
  });

  test('does not move to another port when its own is taken', async t => {
    const port = await findFreePort();
    const other = createServer(socket => socket.destroy()).listen(port, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const { container } = await startCodeServer(t, { LINTEL_CODE_SERVER_PORT: String(port) });
    await container.waitFor(/code-server \| .*EADDRINUSE/);
    await container.waitFor(/warning: code-server exited with code 1/);
    assert.doesNotMatch(container.output(), /code-server is ready/);
  });

  test('comes back after KILL, and TERM leaves nothing of it', async t => {
    const { container } = await startCodeServer(t, {}, { files: fixtures('leftovers.py') }, [
      '/usr/bin/python3',
      '/srv/leftovers.py',
    ]);
    const ready = await container.waitFor(/code-server is ready/);
    const first = await findProcess(container, /entry\.js/);
    process.kill(first?.pid ?? 0, 'SIGKILL');
    await container.waitFor(/code-server is ready/, ready.index + 1);
    const mine = (await listProcesses(container)).filter(({ command }) =>
      command.includes('/opt/code-server'),
    );
    assert.ok(mine.length > 0 && mine.every(({ pid }) => pid !== first?.pid));
    await container.signal('SIGTERM');
    const { stdout, stderr } = await container.end();
    const report: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    assert.deepEqual(report, { code: 0, left: ['S sleep 9999'] }, stderr);
  });
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Uid 1000's, in the host's network on the loopback device, so that the test can reach it. */
async function startCodeServer(
  t: TestContext,
  environment: Readonly<Record<string, string>>,
  options: ContainerOptions = {},
  before: readonly string[] = [],
): Promise<{ container: Container; browser: Browser }> {
  const port = Number(environment['LINTEL_CODE_SERVER_PORT'] ?? (await findFreePort()));
  const container = startContainer(t, [...before, '/init'], {
    user: WORKBENCH_USER,
    ...options,
    network: 'host',
    shown: { '/opt/code-server': FOLDER },
    environment: {
      HOME: '/home/lintel',
      PATH: `/opt/code-server/bin:${CONTAINER_PATH}`,
      LINTEL_SERVICES: 'code-server',
      LINTEL_BIND: '127.0.0.1',
      LINTEL_CODE_SERVER_PORT: String(port),
      ...environment,
    },
  });
  return { container, browser: openBrowser(port) };
}
