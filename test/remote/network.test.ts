import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseProxy } from '../../src/remote/network.ts';

/** Which URL goes through which proxy. */
const choose = (
  url: string,
  noProxy?: string,
  proxies: { http?: string; https?: string } = { https: 'proxy.example:3128' },
) =>
  chooseProxy(
    new URL(url),
    {
      httpProxy: proxies.http,
      httpsProxy: proxies.https,
      noProxy,
      readRoots: () => ({ system: undefined, extra: [] }),
    },
    (address, subnet) => subnet === `${address}/8`,
  );

const PROXY = 'http://proxy.example:3128';

for (const [noProxy, url, isSpared] of [
  [undefined, 'https://a.example', false],
  ['*', 'https://a.example', true],
  ['a.example', 'https://a.example', true],
  ['A.EXAMPLE', 'https://a.example', true],
  ['.example', 'https://a.example', true],
  ['*.example', 'https://a.b.example', true],
  ['example', 'https://a.example', true],
  ['b.example , a.example', 'https://a.example.', true],
  ['xample', 'https://a.example', false],
  ['a.example:443', 'https://a.example', true],
  ['a.example:8443', 'https://a.example', false],
  ['a.example:8443', 'https://a.example:8443', true],
  ['10.0.0.1/8', 'https://10.0.0.1', true],
  ['10.0.0.2', 'https://10.0.0.1', false],
  ['::1', 'https://[::1]', true],
  ['[::1]:443', 'https://[::1]', true],
  ['[::1]:80', 'https://[::1]', false],
  [',', 'https://a.example', false],
] as const) {
  test(`with NO_PROXY=${noProxy} ${url} ${isSpared ? 'needs no proxy' : 'goes through the proxy'}`, () => {
    assert.equal(choose(url, noProxy), isSpared ? undefined : PROXY);
  });
}

test('the proxy for http is not the one for https, and the other way round', () => {
  assert.equal(choose('https://a.example', undefined, { http: 'p:1' }), undefined);
  assert.equal(choose('http://a.example', undefined, { https: 'p:1' }), undefined);
  assert.equal(choose('http://a.example', undefined, { http: 'https://p:1' }), 'https://p:1');
  assert.equal(choose('http://a.example', undefined, { http: 'socks5h://p:1' }), 'socks5://p:1');
});
