import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { execa } from 'execa';
import { node } from '../../src/tools/node.ts';
import { makeFacts, makeSettings } from '../facts-fixture.ts';

test('Node follows the proxies, and asks the container itself without them', async t => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end('by the proxy');
  });
  t.after(() => proxy.close());
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = proxy.address() as AddressInfo;
  const HTTP_PROXY = `http://127.0.0.1:${port}`;
  const made = node.configure(makeSettings({ HTTP_PROXY }), makeFacts());
  assert.deepEqual(made?.notes, ['proxies (NODE_USE_ENV_PROXY=1)']);
  const { stdout } = await execa(
    process.execPath,
    ['--eval', 'fetch("http://hidden.example/a").then(answer => answer.text()).then(console.log)'],
    { extendEnv: false, env: { HTTP_PROXY, NO_PROXY: 'localhost,127.0.0.1,::1', ...made?.env } },
  );
  assert.equal(stdout, 'by the proxy');
  assert.deepEqual(seen, ['http://hidden.example/a']);
});

test('Node is left alone without certificates and proxies', () => {
  assert.equal(node.configure(makeSettings({ NO_PROXY: 'x' }), makeFacts()), undefined);
});
