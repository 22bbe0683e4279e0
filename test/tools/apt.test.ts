import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { execaSync } from 'execa';
import { apt } from '../../src/tools/apt.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { makeFolder } from '../facts/folder.ts';
import { makeConfig, makeFacts, makeSettings } from '../facts-fixture.ts';

const PATH = '/etc/apt/apt.conf.d/95lintel-proxy';
const PROXIES = { HTTP_PROXY: 'proxy.example:3128', https_proxy: 'http://proxy.example:3129' };

function configure(environment: Readonly<Record<string, string>>, text?: string) {
  const facts = makeFacts({ configs: { apt: makeConfig(PATH, text) } });
  return apt.configure(makeSettings(environment), facts) ?? NOTHING;
}

describe('apt', () => {
  test('is left alone without proxies, and where it is not installed', () => {
    assert.deepEqual(configure({}), NOTHING);
    assert.equal(apt.configure(makeSettings(PROXIES), makeFacts()), undefined);
  });

  test('gets the proxies in a file of their own, which sudo does not take away', t => {
    const made = configure({ ...PROXIES, NO_PROXY: 'localhost, deb.example,.svc,10.0.0.0/8' });
    assert.deepEqual(made.notes, [`proxy http://proxy.example:3128, http://proxy.example:3129 (${PATH})`]);
    const text = made.files[0]?.text ?? '';
    assert.deepEqual(text.split('\n').slice(1, -2), [
      'Acquire::http::Proxy "http://proxy.example:3128";',
      'Acquire::http::Proxy::localhost "DIRECT";',
      'Acquire::http::Proxy::deb.example "DIRECT";',
      'Acquire::https::Proxy "http://proxy.example:3129";',
      'Acquire::https::Proxy::localhost "DIRECT";',
      'Acquire::https::Proxy::deb.example "DIRECT";',
    ]);
    assert.deepEqual(
      configure({ ...PROXIES, NO_PROXY: 'localhost, deb.example,.svc,10.0.0.0/8' }, text).files,
      [],
    );
    if (!existsSync('/usr/bin/apt-config')) return;
    const folder = makeFolder(t, { conf: text });
    const { stdout } = execaSync('apt-config', ['-c', folder.at('conf'), 'dump', 'Acquire::https::Proxy']);
    assert.match(stdout, /^Acquire::https::Proxy "http:\/\/proxy\.example:3129";$/m);
    assert.match(stdout, /^Acquire::https::Proxy::deb\.example "DIRECT";$/m);
  });

  test('gets no credentials, which everybody could read there', () => {
    const before = configure(PROXIES).files[0]?.text;
    const secret = { HTTP_PROXY: 'http://ada:hunter2@proxy.example:3128' };
    assert.deepEqual(configure(secret, before), {
      ...NOTHING,
      files: [{ path: PATH, text: undefined, mode: 0o644, owner: 'lintel' }],
    });
  });

  test('loses the file when the proxies are gone', () => {
    assert.deepEqual(
      configure({}, configure(PROXIES).files[0]?.text).files.map(({ text }) => text),
      [undefined],
    );
  });
});
