import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { execa, execaSync } from 'execa';
import { findFreePort } from '../../dev/free-port.ts';
import type { Probe } from '../../src/definitions/probe-schema.ts';
import { askHealth, askReadiness } from '../../src/probes/asking.ts';
import { askProbe, PROBE_LIMIT_MS, type ProbeContext, type ProbeOutcome } from '../../src/probes/probe.ts';
import { startProcess } from '../../src/processes/child.ts';
import { MARK } from '../../src/processes/tree.ts';
import { makeFolder } from '../facts/folder.ts';
import { SELF, SPAWNERS } from '../processes/starting.ts';
import { findProcesses } from '../rig.ts';

/** Real servers on the loopback device and real programs; nothing here knows how a probe asks. */
const [[, NATIVE]] = SPAWNERS;
const WAIT_LIMIT_MS = 10_000;
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '', PORT: '1', NAME: 'value of its own' };

function makeContext(difference: Partial<ProbeContext> & { readonly mark?: string } = {}): ProbeContext {
  const environment = { ...ENVIRONMENT, [MARK]: difference.mark ?? 'probed', ...difference.environment };
  return {
    signal: new AbortController().signal,
    start: (argv, output, onExit) =>
      startProcess(NATIVE, { argv, user: SELF, environment, cwd: '/usr', noNewPrivs: false, output }, onExit),
    ...difference,
    environment,
  };
}

async function why(probe: Probe, difference: Partial<ProbeContext> = {}): Promise<string> {
  const outcome = await askProbe(probe, makeContext(difference));
  return outcome.isOk ? 'ok' : outcome.why;
}

/** Listens until the test ends; connections are cut then. */
async function listen(t: TestContext, server: Server, options: ListenOptions = {}): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', socket => sockets.add(socket));
  server.listen(options.path === undefined ? { host: '127.0.0.1', port: 0, ...options } : options);
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return options.path === undefined ? (server.address() as AddressInfo).port : 0;
}

const serve = (t: TestContext, answer: RequestListener) => listen(t, createHttpServer(answer));

describe('a probe by http', () => {
  for (const [status, said] of [
    [200, 'ok'],
    [204, 'ok'],
    [302, 'ok'],
    [399, 'ok'],
    [400, '400'],
    [404, '404'],
    [503, '503'],
  ] as const) {
    test(`takes ${status} for ${said === 'ok' ? 'yes' : 'no'}`, async t => {
      const port = await serve(t, (_, response) => response.writeHead(status).end());
      const url = `http://127.0.0.1:${port}/api`;
      assert.equal(await why({ http: url }), said === 'ok' ? 'ok' : `${url}: ${said}`);
    });
  }

  test('asks what it is told to, once, and keeps no connection', async t => {
    const seen: unknown[] = [];
    const port = await serve(t, ({ method, url, headers }, response) => {
      seen.push([method, url, headers.connection, headers.host, headers.authorization]);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const http = 'http://user:p%40ss@127.0.0.1:${PORT}/a${UNSET:-/b}?c=${WORD}';
    assert.equal(await why({ http }, { environment: { PORT: String(port), WORD: 'ü' } }), 'ok');
    const basic = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    assert.deepEqual(seen, [['GET', '/a/b?c=%C3%BC', 'close', `127.0.0.1:${port}`, basic]]);
  });

  test('shows neither password nor query', async () => {
    const http = `http://user:secret@127.0.0.1:${await findFreePort()}/api?token=secret`;
    assert.match(await why({ http }), /^http:\/\/\*\*\*@127\.0\.0\.1:\d+\/api\?\*\*\*: connection refused$/);
    assert.equal(await why({ http: 'http://user:secret@${UNSET}' }), 'http://***@: no http or https URL');
  });

  test('does not read an answer without end', async t => {
    const closed = Promise.withResolvers<void>();
    const port = await serve(t, (_, response) => {
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pour).on('close', closed.resolve);
      pour();
    });
    assert.equal(await why({ http: `http://127.0.0.1:${port}` }), 'ok');
    await closed.promise;
  });

  test('asks https with a certificate of whomever', async t => {
    const { key, cert } = makeCertificate();
    const server = createHttpsServer({ key, cert }, (_, response) => response.end());
    const port = await listen(t, server);
    assert.equal(await why({ http: `https://127.0.0.1:${port}` }), 'ok');
  });

  test('says what is no http', async t => {
    const port = await listen(
      t,
      createTcpServer(socket => socket.end('SSH-2.0\r\n')),
    );
    assert.equal(
      await why({ http: `http://127.0.0.1:${port}` }),
      `http://127.0.0.1:${port}: the answer is not HTTP`,
    );
    const closing = await listen(
      t,
      createTcpServer(socket => socket.end()),
    );
    assert.match(
      await why({ http: `http://127.0.0.1:${closing}` }),
      /: connection closed without an answer$/,
    );
  });

  test('goes through no proxy, whatever Node is told', async t => {
    const port = await serve(t, (_, response) => response.end());
    const module = JSON.stringify(import.meta.resolve('../../src/probes/probe-net.ts'));
    const code = `import { askHttp } from ${module};
      console.log(await askHttp('http://127.0.0.1:${port}', new AbortController().signal));`;
    const { stdout } = await execa(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', code],
      {
        env: {
          NODE_USE_ENV_PROXY: '1',
          HTTP_PROXY: `http://127.0.0.1:${await findFreePort()}`,
          NO_PROXY: '',
        },
      },
    );
    assert.equal(stdout, 'undefined');
  });
});

function makeCertificate(): { readonly key: string; readonly cert: string } {
  const { stdout } = execaSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=somebody else', '-days', '1', '-keyout', '-'],
  ]);
  return { key: stdout, cert: stdout };
}

describe('a probe by tcp', () => {
  const HOSTS = [
    ['127.0.0.1', (port: number) => port],
    ['127.0.0.1', (port: number) => `${port}`],
    ['127.0.0.1', (port: number) => `127.0.0.1:${port}`],
    ['127.0.0.1', (port: number) => `localhost:${port}`],
    ['::1', (port: number) => `[::1]:${port}`],
  ] as const;
  for (const [host, name] of HOSTS) {
    test(`finds who listens on ${host} at ${JSON.stringify(name(80))}`, async t => {
      const port = await listen(t, createTcpServer(), { host });
      assert.equal(await why({ tcp: name(port) }), 'ok');
    });
  }

  test('says what is wrong', async () => {
    const port = await findFreePort();
    assert.equal(await why({ tcp: port }), `127.0.0.1:${port}: connection refused`);
    assert.equal(await why({ tcp: `[::1]:${port}` }), `[::1]:${port}: connection refused`);
    assert.equal(await why({ tcp: `localhost:${port}` }), `localhost:${port}: connection refused`);
    assert.equal(await why({ tcp: '127.0.0.1:${UNSET}' }), '127.0.0.1:: no "host:port" or port');
    assert.match(
      await why({ tcp: 'no-such-host.invalid:80' }),
      /^no-such-host\.invalid:80: no (such host|name server answers)$/,
    );
  });
});

describe('a probe by socket', () => {
  test('finds who listens', async t => {
    const path = makeFolder(t).at('a socket');
    await listen(t, createTcpServer(), { path });
    assert.equal(await why({ socket: '${PLACE}' }, { environment: { PLACE: path } }), 'ok');
  });

  test('says what is wrong', async t => {
    const folder = makeFolder(t, { file: 'x', 'a fifo': 'a fifo' });
    assert.equal(await why({ socket: folder.at('none') }), `${folder.at('none')}: no such file`);
    assert.equal(await why({ socket: folder.at('file') }), `${folder.at('file')}: connection refused`);
    assert.equal(await why({ socket: folder.at('a fifo') }), `${folder.at('a fifo')}: connection refused`);
    assert.match(
      await why({ socket: `/${'x'.repeat(107)}` }),
      /x: longer than 107 bytes, no unix socket has such/,
    );
    assert.match(await why({ socket: `/${'x'.repeat(106)}` }), /x: no such file$/);
    assert.match(await why({ socket: '${UNSET}' }), /^: \w+/);
  });
});

describe('a probe by file', () => {
  test('finds what is there', async t => {
    const folder = makeFolder(t, {
      file: '',
      'a fifo': 'a fifo',
      folder: 'a folder',
      link: { link: 'none' },
    });
    for (const name of ['file', 'a fifo', 'folder']) assert.equal(await why({ file: folder.at(name) }), 'ok');
    assert.equal(await why({ file: folder.at('none') }), `${folder.at('none')}: no such file`);
    assert.equal(await why({ file: folder.at('link') }), `${folder.at('link')}: no such file`);
    assert.equal(
      await why({ file: folder.at('file/x') }),
      `${folder.at('file/x')}: a part of the path is no directory`,
    );
    assert.equal(await why({ file: '${UNSET}' }), ': no such file');
    assert.match(await why({ file: '/a\0b' }), /\w+/);
  });
});

describe('a probe by exec', () => {
  const ask = (script: string) =>
    why({ exec: ['sh', '-c', script, 'sh', '${NAME}', '${UNSET:-d}', '$(id)'] });

  test('asks a program by its exit code, with the service’s variables and folder', async () => {
    assert.equal(await ask('exit 0'), 'ok');
    assert.equal(
      await ask('[ "$1,$2,$3,$PORT,$PWD" = "value of its own,d,\\$(id),1,/usr" ] || { echo "$*"; exit 1; }'),
      'ok',
    );
  });

  for (const [what, script, said] of [
    ['fails', 'exit 3', 'exited with code 3'],
    ['fails with many words', 'echo first; echo " the last "; echo; exit 1', 'exited with code 1: the last'],
    ['complains', 'echo "no ünit" >&2; exit 1', 'exited with code 1: no ünit'],
    ['dies', 'kill -SEGV $$', 'was ended by SIGSEGV'],
    ['writes without end before it fails', 'yes | head -c 3000000; exit 1', 'exited with code 1: y'],
    [
      'writes one long line',
      'head -c 100000 /dev/zero | tr "\\0" x; exit 1',
      `exited with code 1: ${'x'.repeat(200)}`,
    ],
  ] as const) {
    test(`says how a program that ${what} ended`, async () => assert.equal(await ask(script), said));
  }

  test('says what can’t be run', async () => {
    assert.equal(
      await why({ exec: ['no-such-program'] }),
      'could not start: no-such-program: not found on PATH',
    );
    assert.match(await why({ exec: ['${UNSET}'] }), /^could not start: /);
  });

  test('leaves nothing behind of a program that goes on in the background', async () => {
    const mark = `left-by-${process.pid}`;
    const exec = ['sh', '-c', 'sleep 9999 & exit 0'];
    assert.deepEqual(await askProbe({ exec }, makeContext({ mark })), { isOk: true });
    await waitForNobody(mark);
  });
});

/** Killed processes need a moment. */
async function waitForNobody(mark: string): Promise<void> {
  const deadlineMs = performance.now() + WAIT_LIMIT_MS;
  for (let left = [0]; left.length > 0; await new Promise(setImmediate)) {
    left = findProcesses(`${MARK}=${mark}`);
    assert.ok(performance.now() < deadlineMs, `processes are left: ${left.join(' ')}`);
  }
}

describe('a probe that gets no answer', () => {
  const cases = async (t: TestContext): Promise<readonly (readonly [Probe, string])[]> => {
    const silent = await listen(t, createTcpServer());
    return [
      [{ http: `http://127.0.0.1:${silent}` }, `http://127.0.0.1:${silent}: `],
      [{ exec: ['sh', '-c', 'trap "" TERM; sleep 9998 & sleep 9999'] }, ''],
    ];
  };

  test(`ends after ${PROBE_LIMIT_MS} ms, with all that it started`, async t => {
    const mark = `limit-${process.pid}`;
    for (const [probe, subject] of await cases(t)) {
      const outcome = await askProbe(probe, makeContext({ mark }));
      assert.deepEqual(outcome, {
        isOk: false,
        why: `${subject}no answer within 2 s`,
        symptom: 'no answer within 2 s',
      });
    }
    await waitForNobody(mark);
  });

  test('ends when nobody asks any more', async t => {
    const mark = `aborted-${process.pid}`;
    for (const [probe, subject] of await cases(t)) {
      const asker = new AbortController();
      const asked = askProbe(probe, makeContext({ mark, signal: asker.signal }));
      asker.abort();
      const symptom = 'nobody asks any more';
      const nobody = { isOk: false, why: `${subject}${symptom}`, symptom };
      assert.deepEqual(await asked, nobody);
      const late = await askProbe(probe, makeContext({ mark, signal: asker.signal }));
      assert.deepEqual(late, nobody);
    }
    await waitForNobody(mark);
  });
});

test('the symptom of a probe holds no word of a program’s and no address', async () => {
  const exec = ['sh', '-c', 'echo secret; exit 3'];
  assert.deepEqual(await askProbe({ exec }, makeContext()), {
    isOk: false,
    why: 'exited with code 3: secret',
    symptom: 'exited with code 3',
  });
  assert.deepEqual(await askProbe({ tcp: '${PLACE}' }, makeContext({ environment: { PLACE: 'nowhere' } })), {
    isOk: false,
    why: 'nowhere: no "host:port" or port',
    symptom: 'no "host:port" or port',
  });
  for (const probe of [{ exec: ['${PLACE}/ask'] }, { exec: ['${PLACE}'] }, { file: '${PLACE}\0' }]) {
    const outcome = await askProbe(probe, makeContext({ environment: { PLACE: '/srv/hunter2' } }));
    assert.ok(!outcome.isOk);
    assert.match(outcome.why, /could not .*hunter2/);
    assert.match(outcome.symptom, /^could not (start|be asked)$/);
  }
});

describe('asking again and again', () => {
  /** Collects so many outcomes, then aborts. */
  async function collect(
    ask: typeof askReadiness | typeof askHealth,
    probe: Probe,
    { intervalMs, count }: { readonly intervalMs: number; readonly count: number },
  ): Promise<ProbeOutcome[]> {
    const asker = new AbortController();
    const done = Promise.withResolvers<void>();
    const outcomes: ProbeOutcome[] = [];
    const onOutcome = (outcome: ProbeOutcome) => {
      outcomes.push(outcome);
      if (outcomes.length < count) return;
      asker.abort();
      done.resolve();
    };
    ask({ probe, context: makeContext({ signal: asker.signal }), intervalMs, onOutcome });
    await done.promise;
    return outcomes;
  }

  for (const ask of [askReadiness, askHealth]) {
    test(`${ask.name} sees a service come and go`, async t => {
      let asked = 0;
      const port = await serve(t, (_, response) => {
        asked += 1;
        response.writeHead(asked === 2 ? 200 : 503).end();
      });
      const http = `http://127.0.0.1:${port}`;
      const outcomes = await collect(ask, { http }, { intervalMs: 10, count: 3 });
      const no = { isOk: false, why: `${http}: 503`, symptom: '503' };
      assert.deepEqual(outcomes, [no, { isOk: true }, no]);
      assert.equal(asked, 3);
    });
  }

  test('asks one at a time, however slow the answer', async t => {
    let open = 0;
    let most = 0;
    const port = await serve(t, (_, response) => {
      open += 1;
      most = Math.max(most, open);
      // Many intervals later.
      setTimeout(() => {
        open -= 1;
        response.end();
      }, 100);
    });
    await collect(askReadiness, { http: `http://127.0.0.1:${port}` }, { intervalMs: 10, count: 3 });
    assert.equal(most, 1);
  });

  test('a service is asked for readiness at once, for health only after the interval', async t => {
    const folder = makeFolder(t, { up: '' });
    const order: string[] = [];
    const asker = new AbortController();
    const context = makeContext({ signal: asker.signal });
    const ended = Promise.withResolvers<void>();
    const probe = { file: folder.at('up') };
    const onHealth = () => {
      order.push('health');
      ended.resolve();
    };
    askHealth({ probe, context, intervalMs: 500, onOutcome: onHealth });
    askReadiness({ probe, context, intervalMs: 9999, onOutcome: () => void order.push('ready') });
    await ended.promise;
    asker.abort();
    assert.deepEqual(order, ['ready', 'health']);
  });

  test('nobody is asked after the end, or told of it', async t => {
    let count = 0;
    const asker = new AbortController();
    const closed = Promise.withResolvers<void>();
    const server = createTcpServer(socket => {
      count += 1;
      socket.on('error', () => undefined).on('close', () => closed.resolve());
      socket.resume();
      asker.abort();
    });
    const port = await listen(t, server);
    const asking = {
      probe: { http: `http://127.0.0.1:${port}` },
      context: makeContext({ signal: asker.signal }),
      intervalMs: 10,
      onOutcome: () => assert.fail('told of an outcome after the end'),
    };
    askReadiness(asking);
    await closed.promise;
    askReadiness(asking);
    askHealth(asking);
    // Many intervals of the others.
    await collect(askHealth, { file: '/' }, { intervalMs: 10, count: 10 });
    assert.equal(count, 1);
  });
});
