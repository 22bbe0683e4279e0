import assert from 'node:assert/strict';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import { findFreePort } from '../../dev/free-port.ts';
import {
  type ContainerOptions,
  fixtures,
  STARTS,
  startContainer,
  WORKBENCH_USER,
  waitUntil,
  whyNot,
} from './container.ts';
import { findProcess, isAlive } from './inside.ts';

/** The shipped service with Debian's Jupyter, as its user sees it: over http and a kernel's websocket. */
const TOKEN = 'a token of this test';
const REQUEST_LIMIT_MS = 5000;
const NEEDS = { programs: ['/usr/bin/jupyter-notebook', '/usr/bin/python3'] };

for (const { how, options, isRoot } of STARTS) {
  test(`KILL brings jupyter back, and TERM ends all of it, kernels included, ${how}`, {
    skip: whyNot({ ...NEEDS, isRoot }),
  }, async t => {
    const { container, jupyter } = await startJupyter(t, ['/init'], options);
    const first = await waitUntil('jupyter runs', () => findProcess(container, /jupyter-notebook/));
    assert.equal(first.uid, 1000);
    await jupyter.waitForApi();

    process.kill(first.pid, 'SIGKILL');
    const second = await waitUntil('jupyter runs again', async () => {
      const found = await findProcess(container, /jupyter-notebook/);
      return found !== undefined && found.pid !== first.pid && found;
    });
    await jupyter.waitForApi();
    assert.match(container.output(), /^lintel: .*jupyter was ended by SIGKILL/m);

    const kernel = await jupyter.startKernel();
    assert.equal(await jupyter.evaluate(kernel, 'print(6 * 7)'), '42\n');
    assert.ok(await findProcess(container, /ipykernel/));

    await container.signal('SIGTERM');
    const end = await container.end();
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stderr, /^lintel: jupyter stopped: it exited with code 0/m);
    assert.doesNotMatch(end.stderr, /^lintel: (warning|error): (?!jupyter was ended by SIGKILL)/m);
    assert.equal(isAlive(second.pid), false);
  });
}

test('what a kernel started in a session of its own outlives a restart of jupyter, but not TERM', {
  skip: whyNot(NEEDS),
}, async t => {
  const { container, jupyter } = await startJupyter(t, ['/usr/bin/python3', '/srv/leftovers.py', '/init'], {
    user: WORKBENCH_USER,
  });
  await jupyter.waitForApi();
  const kernel = await jupyter.startKernel();
  const code = 'import subprocess; print(subprocess.Popen(["sleep", "9998"], start_new_session=True).poll())';
  assert.equal(await jupyter.evaluate(kernel, code), 'None\n');
  const job = await findProcess(container, /sleep 9998/);

  const ready = await container.waitFor(/jupyter is ready/);
  process.kill((await findProcess(container, /jupyter-notebook/))?.pid ?? 0, 'SIGTERM');
  await container.waitFor(/jupyter is ready/, ready.index + 1);
  assert.ok(job !== undefined && isAlive(job.pid));

  await container.signal('SIGTERM');
  const { stdout, stderr } = await container.end();
  const report: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  assert.deepEqual(report, { code: 0, left: ['S sleep 9999'] }, stderr);
});

interface Jupyter {
  waitForApi(): Promise<void>;
  startKernel(): Promise<string>;
  /** What the code prints. */
  evaluate(kernel: string, code: string): Promise<string>;
}

/** In the host's network, so that the test can reach it; only on the loopback device. */
async function startJupyter(t: TestContext, command: readonly string[], options: ContainerOptions) {
  const port = await findFreePort();
  const container = startContainer(t, command, {
    ...options,
    network: 'host',
    environment: {
      LINTEL_SERVICES: 'jupyter',
      LINTEL_JUPYTER_PORT: String(port),
      LINTEL_BIND: '127.0.0.1',
      JUPYTER_TOKEN: TOKEN,
    },
    files: fixtures('leftovers.py'),
  });
  return { container, jupyter: makeClient(port) };
}

function makeClient(port: number): Jupyter {
  const authorization = { authorization: `token ${TOKEN}` };
  const call = (path: string, method = 'GET') => {
    const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
    return fetch(`http://127.0.0.1:${port}${path}`, { method, headers: authorization, signal });
  };
  return {
    waitForApi: () =>
      waitUntil('/api answers', () =>
        call('/api').then(
          answer => answer.status === 200,
          () => false,
        ),
      ).then(() => undefined),
    startKernel: async () => {
      const answer = await call('/api/kernels', 'POST');
      assert.equal(answer.status, 201);
      const { id } = (await answer.json()) as { id: string };
      return id;
    },
    evaluate: (kernel, code) => {
      const query = new URLSearchParams({ token: TOKEN });
      return evaluate(`ws://127.0.0.1:${port}/api/kernels/${kernel}/channels?${query}`, code);
    },
  };
}

/** Sends one `execute_request` of Jupyter's protocol and collects stdout until the kernel is idle again. */
async function evaluate(url: string, code: string): Promise<string> {
  const socket = new WebSocket(url);
  try {
    await once(socket, 'open', { signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
    const header = {
      msg_id: 'one',
      msg_type: 'execute_request',
      username: '',
      session: 'one',
      version: '5.3',
    };
    const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
    let printed = '';
    let isIdle = false;
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data as string) as Message;
      if (message.parent_header.msg_id !== header.msg_id) return;
      if (message.msg_type === 'stream') printed += message.content.text;
      if (message.msg_type === 'error') printed += message.content.evalue;
      if (message.msg_type === 'status') isIdle = message.content.execution_state === 'idle';
    });
    socket.send(JSON.stringify({ header, content, parent_header: {}, metadata: {}, channel: 'shell' }));
    await waitUntil('the kernel has run the code', () => isIdle);
    return printed;
  } finally {
    socket.close();
  }
}

interface Message {
  readonly msg_type: string;
  readonly parent_header: { readonly msg_id?: string };
  readonly content: { readonly text?: string; readonly evalue?: string; readonly execution_state?: string };
}
