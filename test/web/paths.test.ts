import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readTarget } from '../../src/web/paths.ts';

describe('what a request asks for', () => {
  for (const [target, prefix, expected] of [
    ['/healthz', '', '/healthz'],
    ['/healthz?format=json', '', '/healthz'],
    ['/healthz#x', '', '/healthz'],
    ['//healthz/', '', '/healthz'],
    ['/%68ealthz', '', '/healthz'],
    ['http://workbench.example:80/healthz', '', '/healthz'],
    ['/', '', '/'],
    ['', '', '/'],
    ['*', '', '/*'],
    ['/%', '', '/%'],
    ['/../healthz', '', '/../healthz'],
    // Below the prefix, as a proxy that leaves it there asks.
    ['/user/ada/healthz', '/user/ada', '/healthz'],
    ['/user//ada//healthz', '/user/ada', '/healthz'],
    ['/user/%61da/healthz', '/user/ada', '/healthz'],
    ['/user/ada%40x/healthz', '/user/ada@x', '/healthz'],
    ['/user/ada@x/healthz', '/user/ada%40x', '/healthz'],
    ['/user/ada/', '/user/ada', '/'],
    ['/user/ada//', '/user/ada', '/'],
    // Without it, as one that takes it away asks, and a kubelet.
    ['/healthz', '/user/ada', '/healthz'],
    ['/', '/user/ada', '/'],
    ['/user/eve/healthz', '/user/ada', '/user/eve/healthz'],
    ['/user/adam/healthz', '/user/ada', '/user/adam/healthz'],
    ['/user%2Fada/healthz', '/user/ada', '/user/ada/healthz'],
  ] as const) {
    test(`${target} below ${prefix || 'nothing'}: ${expected}`, () => {
      assert.deepEqual(readTarget(target, prefix), { path: expected });
    });
  }

  for (const [target, prefix, expected] of [
    ['/user/ada', '/user/ada', './ada/'],
    ['/user/ada?x=1', '/user/ada', './ada/'],
    ['//user/ada', '/user/ada', './ada/'],
    ['/user/a:b', '/user/a%3Ab', './a%3Ab/'],
  ] as const) {
    test(`${target} below ${prefix} wants a slash: ${expected}`, () => {
      assert.deepEqual(readTarget(target, prefix), { redirect: expected });
    });
  }
});
