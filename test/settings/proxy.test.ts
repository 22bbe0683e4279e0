import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNoProxy, parseProxy, sparesLoopback } from '../../src/settings/proxy.ts';

for (const [text, proxy] of [
  [
    'http://proxy.example:3128',
    { protocol: 'http', host: 'proxy.example', port: 3128, user: '', password: '' },
  ],
  ['proxy.example:3128', { protocol: 'http', host: 'proxy.example', port: 3128, user: '', password: '' }],
  ['proxy.example', { protocol: 'http', host: 'proxy.example', port: 80, user: '', password: '' }],
  ['https://proxy.example/', { protocol: 'https', host: 'proxy.example', port: 443, user: '', password: '' }],
  ['socks5h://[::1]', { protocol: 'socks5h', host: '::1', port: 1080, user: '', password: '' }],
  [
    'http://ada:p%40ss%2F@proxy.example:80/',
    { protocol: 'http', host: 'proxy.example', port: 80, user: 'ada', password: 'p@ss/' },
  ],
  [
    'ada:100%@proxy.example:3128',
    { protocol: 'http', host: 'proxy.example', port: 3128, user: 'ada', password: '100%' },
  ],
  ['http://', undefined],
  ['http://proxy.example:x', undefined],
] as const) {
  test(`a proxy: ${text}`, () => assert.deepEqual(parseProxy(text), proxy));
}

test('hosts without a proxy stand between commas or blanks', () => {
  assert.deepEqual(parseNoProxy(' localhost, .svc  10.0.0.0/8,,'), ['localhost', '.svc', '10.0.0.0/8']);
  assert.equal(sparesLoopback(['.svc', 'localhost']), true);
  assert.equal(sparesLoopback(['.svc', 'mylocalhost']), false);
});
