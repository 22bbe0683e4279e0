import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { curl } from '../../src/tools/curl.ts';
import { makeConfig, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

function configure(text: string | undefined, environment: Readonly<Record<string, string>> = {}) {
  const userCurl = [makeConfig('/home/ada/.curlrc', text), makeConfig('/home/ada/.config/curlrc')];
  const facts = makeFacts({ certificates: ONE_CERTIFICATE, configs: { userCurl } });
  return curl.configure(makeSettings(environment), facts);
}

describe('curl', () => {
  test('needs nothing but its variable', () => {
    assert.equal(configure(undefined), undefined);
    assert.equal(configure('silent\n# cacert = /x.pem\n'), undefined);
  });

  for (const line of ['cacert = "/home/ada/ca.pem"', '--cacert /home/ada/ca.pem', '  capath: /home/ada']) {
    test(`leaves a user’s own .curlrc, which wins over the variable, and that is said: ${line}`, () => {
      const made = configure(`silent\n${line}\n`);
      assert.deepEqual([made?.files, made?.env], [[], {}]);
      assert.deepEqual(made?.warnings, ['/home/ada/.curlrc has cacert of its own, which wins']);
    });

    test(`reads a copy of it that ends with ours with LINTEL_ENFORCE=1: ${line}`, () => {
      const made = configure(`silent\n${line}\n`, { LINTEL_ENFORCE: '1' });
      assert.deepEqual(made?.env, { CURL_HOME: '/run/lintel/secrets/curl' });
      assert.deepEqual(made?.files, [
        {
          path: '/run/lintel/secrets/curl/.curlrc',
          text: `silent\n${line}\n# lintel: begin (set at every boot; edits here are lost)\ncacert = "/run/lintel/ca-bundle.pem"\n# lintel: end\n`,
          mode: 0o600,
          owner: 'workbench',
        },
      ]);
    });
  }
});
