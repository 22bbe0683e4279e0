import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { request as ask } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openControl } from '../../src/control/server.ts';
import { makeSubject } from '../../src/control/subject.ts';
import { makeHistory } from '../../src/log/history.ts';
import { makeLog } from '../../src/log/log.ts';
import { ADA } from '../facts-fixture.ts';
import { IS_ROOT, isAlive, makeRoot, NEEDS_ROOT, type Root, WORKBENCH } from '../rig.ts';
import { DESKTOP } from '../timing/records.ts';
import { waitUntil } from '../waiting.ts';
import { AT_GATE, bootWorkbench, countConnections, LASTING, WAIT } from './workbench.ts';

const SERVICES = { '/etc/services.d/web/run': LASTING };
const SOCKET = '/run/lintel/control.sock';

const NO_MEMORY = { limitBytes: undefined, usedBytes: undefined, kills: undefined };

interface Answer {
  readonly status: number | undefined;
  readonly body: unknown;
}

/** Asks by hand, as curl would. */
async function http(root: Root, method: string, path: string, body?: string): Promise<Answer> {
  const sent = ask({ socketPath: root.at(SOCKET), method, path });
  sent.end(body);
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, body: JSON.parse(text) };
}

function open(root: Root): Socket {
  return connect(root.at(SOCKET)).on('error', () => undefined);
}

/** All that comes until the other end closes. */
async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', chunk => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}

async function bootReady(t: Parameters<typeof bootWorkbench>[0]) {
  const workbench = bootWorkbench(t, SERVICES);
  const { code, stderr } = await workbench.run(WAIT);
  assert.equal(code, 0, stderr);
  return workbench;
}

test('the socket answers plain HTTP with JSON', async t => {
  const { root, lintel } = await bootReady(t);
  const { status, body } = await http(root, 'GET', '/v1/health');
  assert.deepEqual(
    { status, body },
    {
      status: 200,
      body: { isHealthy: true, stage: { name: 'running' }, troubles: [] },
    },
  );
  assert.equal((statSync(root.at(SOCKET)).mode & 0o777).toString(8), '666');
  assert.equal(readFileSync(root.at('/run/lintel/pid'), 'utf8').split(' ')[0], String(lintel.pid));
});

describe('a request that makes no sense is refused, and Lintel goes on', () => {
  for (const [method, path, body, status, said] of [
    ['GET', '/', undefined, 404, /^No such request, expected one of GET \/v1\/status, POST \/v1\/services, /],
    ['GET', '/v2/status', undefined, 404, /^No such request/],
    ['DELETE', '/v1/status', undefined, 405, /^No such request/],
    ['GET', '/v1/status?wach=1', undefined, 400, /unknown field wach$/],
    ['GET', '/v1/status?watch=yes', undefined, 400, /watch is malformed$/],
    ['GET', '/v1/status?watch=1&watch=1', undefined, 400, /watch is malformed$/],
    ['GET', '/v1/logs?lines=-1', undefined, 400, /lines is malformed$/],
    ['GET', '/v1/ready?waitMs=99999999999', undefined, 400, /waitMs is malformed$/],
    ['POST', '/v1/services', undefined, 400, /names is malformed; action is malformed$/],
    ['POST', '/v1/services', '[]', 400, /expected a JSON object$/],
    ['POST', '/v1/services', '{"names": ["web"]', 400, /expected a JSON object$/],
    ['POST', '/v1/services', '{"names": [], "action": "stop"}', 400, /names is malformed$/],
    ['POST', '/v1/services', '{"names": "web", "action": "stop"}', 400, /names is malformed$/],
    ['POST', '/v1/services', '{"names": ["web"], "action": "kill"}', 400, /action is malformed$/],
    ['POST', '/v1/services', '{"names": ["__proto__"], "action": "stop"}', 404, /no such service/],
    ['POST', '/v1/shutdown', '{"code": 256}', 400, /code is malformed$/],
    ['POST', '/v1/shutdown', '{"code": "0"}', 400, /code is malformed$/],
  ] as const) {
    test(`${method} ${path} ${body ?? ''}`, async t => {
      const { root } = await bootReady(t);
      const answer = await http(root, method, path, body);
      assert.equal(answer.status, status);
      assert.match((answer.body as { error: string }).error, said);
      assert.equal((await http(root, 'GET', '/v1/health')).status, 200);
    });
  }

  for (const [what, bytes, expected] of [
    ['garbage', '\x00\x01\x02 what?\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00', /^HTTP\/1\.1 400 /],
    [
      'huge headers',
      `GET /v1/status HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1\.1 4\d\d /,
    ],
    [
      'a huge body',
      `POST /v1/services HTTP/1.1\r\nhost: x\r\ncontent-length: 999999\r\n\r\n${'x'.repeat(70_000)}`,
      /^HTTP\/1\.1 413 /,
    ],
    ['a target that is no path', 'GET // HTTP/1.1\r\nhost: x\r\n\r\n', /^HTTP\/1\.1 4\d\d /],
    [
      'two requests at once',
      'GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(2),
      /^(HTTP\/1\.1 200 (?!.*HTTP)|$)/s,
    ],
  ] as const) {
    test(what, async t => {
      const { root } = await bootReady(t);
      const socket = open(root);
      socket.write(bytes);
      assert.match(await readAll(socket), expected);
      assert.equal((await http(root, 'GET', '/v1/health')).status, 200);
    });
  }
});

describe('clients that misbehave', () => {
  test('hold no more than their share of connections, and others get through', async t => {
    const { root, run } = await bootReady(t);
    const sockets = Array.from({ length: 100 }, () => open(root));
    // Of one user's hundred, most are turned away at once; the rest say nothing, and are dropped in time.
    const [first, last] = [sockets[0]?.resume(), sockets.at(-1)?.resume()];
    await once(last ?? assert.fail(), 'close');
    assert.equal(first?.closed, false, 'the last is turned away before the first has had its time');
    if (IS_ROOT) assert.equal((await run(['health'], { isUnprivileged: true })).code, 0);
    for (const socket of sockets) socket.destroy();
    assert.equal((await run(['health'])).code, 0);
  });

  test('and hold all of their share are told so by the CLI', async t => {
    const { root, run } = await bootReady(t);
    const sockets = Array.from({ length: 32 }, () => open(root));
    for (const socket of sockets) socket.write('GET /v1/status?watch=1 HTTP/1.1\r\nhost: x\r\n\r\n');
    await Promise.all(sockets.map(socket => once(socket, 'data')));
    const { code, stdout, stderr } = await run(['health']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /^lintel: error: Too many connections of uid \d+: 32 are open, expected fewer: end a /,
    );
    for (const socket of sockets) socket.destroy();
    await waitUntil('there is room again', async () => (await run(['health'])).code === 0);
  });

  test('and keep Lintel from answering at once cost the others a moment', { skip: NEEDS_ROOT }, async t => {
    const { root, lintel, start } = await bootReady(t);
    lintel.signal('SIGSTOP');
    t.after(() => lintel.signal('SIGCONT'));
    const sockets = Array.from({ length: 600 }, () => open(root));
    const client = start(['health'], { isUnprivileged: true });
    // As long as it takes the client to be refused by the kernel, at least once.
    await sleep(500);
    for (const socket of sockets) socket.destroy();
    lintel.signal('SIGCONT');
    const { code, stderr } = await client.end();
    assert.deepEqual([code, stderr], [0, '']);
  });

  test('that connect and say nothing, or half a request, are dropped', async t => {
    const { root } = await bootReady(t);
    const [silent, half, slow] = [open(root), open(root), open(root)];
    half.write('GET /v1/status HT');
    slow.write('POST /v1/services HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{');
    await Promise.all([silent, half, slow].map(readAll));
  });

  test('that go in the middle are forgotten', async t => {
    const { root, lintel } = await bootReady(t);
    for (const path of ['/v1/status?watch=1', '/v1/logs?follow=1', '/v1/ready?waitMs=10000', '/v1/health']) {
      const socket = open(root);
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
      await once(socket, 'data');
      socket.destroy();
    }
    assert.equal((await http(root, 'GET', '/v1/health')).status, 200);
    assert.doesNotMatch(lintel.log(), /Bug/);
  });

  test('that follow a flood without reading are dropped in time', async t => {
    const { root, run, gate, lintel } = bootWorkbench(t, {
      '/etc/services.d/flood/run': `#!/bin/sh\n${AT_GATE}yes "$(printf '%01000d' 7)" | head -n 5000\necho over\nexec sleep 9999\n`,
    });
    await run(WAIT);
    const socket = open(root);
    socket.write('GET /v1/logs?follow=1 HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'readable');
    gate.open();
    await lintel.waitForText(/flood \| over/);
    assert.equal(countConnections(root.at(SOCKET)), 1);
    await lintel.waitUntil('it is dropped', () => countConnections(root.at(SOCKET)) === 0);
    socket.destroy();
  });
});

/** The server without a workbench behind it. */
async function openAlone(t: TestContext, given: { shutdown?: () => void; openFilesHard?: number }) {
  const { shutdown = () => undefined, openFilesHard = 1024 } = given;
  const root = makeRoot(t, { '/run/lintel/pid': '' });
  const log = await makeLog({
    format: 'text',
    history: makeHistory(),
    isStdoutTaken: true,
    onFull: () => undefined,
  });
  const close = openControl({
    path: root.at(SOCKET),
    subject: makeSubject({
      history: log.history,
      shutdown,
      record: () => DESKTOP,
      plan: () => assert.fail('nobody asks for it'),
      environment: () => ({ layers: [], user: ADA, notes: [] }),
      count: () => ({ log: log.counts(), orphans: 0, memory: NO_MEMORY }),
    }),
    log,
    owners: new Set([process.getuid?.() ?? 0]),
    services: new Set(),
    giveToWorkbench: () => undefined,
    openFilesHard,
  });
  t.after(close);
  return { root, log };
}

test('all users together have no more connections than leave files for services', async t => {
  const { root } = await openAlone(t, { openFilesHard: 40 });
  // A quarter of 40, for this user and for those who are turned away.
  const sockets = Array.from({ length: 5 }, () => open(root));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const { status, body } = await http(root, 'GET', '/v1/status');
  assert.equal(status, 503);
  assert.match(
    (body as { error: string }).error,
    /^Too many connections of uid \d+: 5 are open, expected fewer/,
  );
  for (const socket of sockets) socket.destroy();
  await waitUntil('there is room again', async () => (await http(root, 'GET', '/v1/status')).status === 200);
});

test('a bug behind a request costs its client a 500 and the log a line, nobody else anything', async t => {
  const shutdown = () => {
    throw new Error('a bug of this test');
  };
  const { root, log } = await openAlone(t, { shutdown });
  const { status, body } = await http(root, 'POST', '/v1/shutdown', '{}');
  assert.deepEqual({ status, body }, { status: 500, body: { error: 'Bug in Lintel: its log says more' } });
  assert.match(
    [...log.history.read({ lines: 9 })][0]?.text ?? '',
    /Bug in Lintel: Error: a bug of this test/,
  );
  assert.equal((await http(root, 'GET', '/v1/status')).status, 200);
});

describe('who may ask', () => {
  test('root, the workbench user, nobody else; a refused one is logged once', {
    skip: NEEDS_ROOT,
  }, async t => {
    const { run, lintel } = await bootReady(t);
    assert.equal((await run(['status'], { isUnprivileged: true })).code, 0);
    for (let attempt = 0; attempt < 3; attempt++) {
      const { code, stdout, stderr } = await run(['status'], { uid: 4321 });
      assert.deepEqual(
        [code, stdout, stderr],
        [
          1,
          '',
          'lintel: error: uid 4321 may not control this workbench, expected root or the workbench user\n',
        ],
      );
    }
    assert.equal((await run(['shutdown'], { uid: 4321 })).code, 1);
    assert.equal(lintel.log().match(/uid 4321 was refused at the control socket/g)?.length, 1);
  });

  test('a Lintel of the workbench user answers it and not another', { skip: NEEDS_ROOT }, async t => {
    const { run } = bootWorkbench(t, SERVICES, { isUnprivileged: true });
    assert.equal((await run(WAIT, { isUnprivileged: true })).code, 0);
    assert.notEqual((await run(['status'], { uid: 4321 })).code, 0);
  });

  test('where the kernel can’t be asked the socket is the workbench user’s alone', async t => {
    const { root, run } = bootWorkbench(t, SERVICES, { nodeFlags: ['--no-experimental-ffi'] });
    assert.equal((await run(WAIT)).code, 0);
    const { mode, uid } = statSync(root.at(SOCKET));
    assert.deepEqual([mode & 0o777, uid], [0o600, WORKBENCH.uid]);
    assert.equal((await run(['status'], { isUnprivileged: true })).code, 0);
    if (IS_ROOT)
      assert.match((await run(['status'], { uid: 4321 })).stderr, /Cannot reach .*: permission denied/);
  });

  test('a socket that somebody else has planted is not trusted', { skip: NEEDS_ROOT }, async t => {
    const root = makeRoot(t, {
      '/tmp/plant': `#!/bin/sh
exec /usr/bin/python3 -c '
import os, socket
os.makedirs(os.environ["LINTEL_ROOT"] + "/tmp/lintel-0", exist_ok=True)
s = socket.socket(socket.AF_UNIX)
s.bind(os.environ["LINTEL_ROOT"] + "/tmp/lintel-0/control.sock")
os.chmod(os.environ["LINTEL_ROOT"] + "/tmp/lintel-0/control.sock", 0o777)
s.listen()
print("planted", flush=True)
s.accept()[0].recv(1000)
'
`,
    });
    const planted = root.boot({ command: [root.at('/tmp/plant')], isUnprivileged: true });
    await planted.waitForText(/planted/);
    const { code, stderr } = await root.boot({ command: ['lintel', 'status'] }).end();
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Cannot trust .*\/tmp\/lintel-0\/control\.sock: its server is uid 1000's, expected root's/,
    );
    await planted.stop();
  });
});

describe('the runtime folder', () => {
  test('of a living Lintel is refused to a second boot, which changes nothing', async t => {
    const { root, run, lintel } = await bootReady(t);
    root.write({ '/dev/termination-log': 'not theirs to write\n' });
    const { code, stderr } = await root.boot().end();
    assert.equal(code, 2);
    assert.equal(root.read('/dev/termination-log'), 'not theirs to write\n');
    assert.match(
      stderr,
      new RegExp(
        `ended with exit code 2: Lintel already runs here as pid ${lintel.pid}: try "lintel status"`,
      ),
    );
    assert.equal((await run(['status'])).code, 0);
  });

  test('is the first one’s alone, also where many boot at the same time', async t => {
    const root = makeRoot(t, SERVICES);
    const all = Array.from({ length: 5 }, () => root.boot());
    const survivor = await waitUntil('one has noted itself', () => {
      const owner = existsSync(root.at('/run/lintel/pid')) ? readOwner(root) : undefined;
      return all.find(({ pid }) => pid === owner);
    });
    for (const { code, stderr } of await Promise.all(
      all.filter(one => one !== survivor).map(one => one.end()),
    )) {
      assert.equal(code, 2, stderr);
      assert.match(stderr, /: (Lintel already runs here as pid|another Lintel keeps its state in) /);
    }
    const { code, stderr } = await root.boot({ command: ['lintel', ...WAIT] }).end();
    assert.equal(code, 0, stderr);
    await survivor.stop();
  });

  test('of a Lintel that was killed is taken over, whoever has its pid now', async t => {
    const root = makeRoot(t, SERVICES);
    const command = ['sh', '-c', 'echo "CMD $$"; exec sleep 9999'];
    const first = root.boot({ environment: { LINTEL_SERVICES: 'none' }, command });
    const [, orphan] = await first.waitForText(/CMD (\d+)/);
    await first.waitUntil('its socket is there', () => existsSync(root.at(SOCKET)));
    first.signal('SIGKILL');
    await first.exitCode();
    process.kill(Number(orphan), 'SIGKILL');
    assert.ok(existsSync(root.at(SOCKET)), 'a stale socket is left');
    const [pid = ''] = readFileSync(root.at('/run/lintel/pid'), 'utf8').split(' ');
    assert.equal(isAlive(Number(pid)), false);
    const other = await root.boot({ command: ['lintel', 'status'] }).end();
    assert.equal(other.code, 3, 'nobody listens on it');
    // This very process has that number "by now": alive, but another start time.
    root.write({ '/run/lintel/pid': `${process.pid} 1\n` });
    const second = root.boot();
    await second.waitUntil('its socket is there', () => readOwner(root) === second.pid);
    const { code, stderr } = await root.boot({ command: ['lintel', ...WAIT] }).end();
    assert.equal(code, 0, stderr);
    await second.stop();
    assert.equal(existsSync(root.at(SOCKET)), false, 'an orderly end leaves no socket');
  });

  for (const text of ['', 'x\n', '1\n', '-1 5\n', '999999999999 1\n', '0 0\n']) {
    test(`with an odd note of who holds it is taken over: ${JSON.stringify(text)}`, async t => {
      const { run } = bootWorkbench(t, { ...SERVICES, '/run/lintel/pid': text });
      assert.equal((await run(WAIT)).code, 0);
    });
  }

  test('where no socket can be made costs a warning, and the boot goes on', async t => {
    const deep = `/tmp/${'d'.repeat(100)}`;
    const root = makeRoot(t, SERVICES);
    const lintel = bootWorkbench(t, SERVICES, {
      environment: { LINTEL_ROOT: root.at(deep), LINTEL_SERVICES: 'none' },
      command: ['sh', '-c', 'echo begun; sleep 0.2'],
    }).lintel;
    await lintel.waitForText(/warning: Cannot use .*control\.sock: /);
    assert.equal((await lintel.end()).code, 0);
  });
});

function readOwner(root: Root): number {
  try {
    return existsSync(root.at(SOCKET))
      ? Number(readFileSync(root.at('/run/lintel/pid'), 'utf8').split(' ')[0])
      : 0;
  } catch {
    return 0;
  }
}
