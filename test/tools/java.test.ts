import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { execaSync } from 'execa';
import { makePlan } from '../../src/plan.ts';
import { java } from '../../src/tools/java.ts';
import { makeKeystore } from '../../src/tools/keystore.ts';
import { joinOptions } from '../../src/tools/options.ts';
import { makeAuthority } from '../authorities.ts';
import { makeFolder } from '../facts/folder.ts';
import { type Difference, makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const KEYTOOL = '/usr/bin/keytool';
const STORE = '-Djavax.net.ssl.trustStore=/run/lintel/java-cacerts';
const DIRECT = '-Dhttp.nonProxyHosts=localhost|127.*|[::1]';

function configure(environment: Record<string, string>, difference: Difference = {}) {
  const facts = makeFacts({ programs: { java: '/usr/bin/java' }, ...difference });
  return java.configure(makeSettings(environment), facts);
}

describe('Java', () => {
  test('gets nothing where there is none, or nothing to set', () => {
    assert.equal(configure({}), undefined);
    assert.equal(configure({}, { programs: {}, certificates: ONE_CERTIFICATE }), undefined);
  });

  test('gets the merged certificates as a keystore, which a variable names', () => {
    const made = configure({}, { certificates: ONE_CERTIFICATE });
    assert.deepEqual(made?.options, { JAVA_TOOL_OPTIONS: [STORE] });
    assert.deepEqual(made?.notes, ['certificates (JAVA_TOOL_OPTIONS)']);
    const [file, ...rest] = made?.files ?? [];
    assert.deepEqual(
      [file?.path, file?.encoding, file?.mode, rest],
      ['/run/lintel/java-cacerts', 'base64', 0o644, []],
    );
  });

  test('gets it by a name with blanks too', () => {
    const made = configure({}, { certificates: ONE_CERTIFICATE, runtimeDir: '/tmp/a b' });
    assert.deepEqual(made?.options, {
      JAVA_TOOL_OPTIONS: ['"-Djavax.net.ssl.trustStore=/tmp/a b/java-cacerts"'],
    });
  });

  for (const [what, environment, options] of [
    [
      'a proxy for http',
      { HTTP_PROXY: 'http://proxy.example:3128/' },
      ['-Dhttp.proxyHost=proxy.example', '-Dhttp.proxyPort=3128', DIRECT],
    ],
    [
      'one without scheme and port for https',
      { https_proxy: 'proxy.example' },
      ['-Dhttps.proxyHost=proxy.example', '-Dhttps.proxyPort=80', DIRECT],
    ],
    [
      'one at an address, and hosts to ask without it',
      {
        HTTPS_PROXY: 'http://[fd00::1]:8080',
        NO_PROXY: 'a.example, .b.example,10.0.0.1,10.1.0.0/16,c.example:99',
      },
      [
        '-Dhttps.proxyHost=fd00::1',
        '-Dhttps.proxyPort=8080',
        `${DIRECT}|a.example|*.a.example|b.example|*.b.example|10.0.0.1|c.example|*.c.example`,
      ],
    ],
    [
      'no proxy for anything',
      { HTTP_PROXY: 'proxy.example:1', NO_PROXY: '*' },
      ['-Dhttp.proxyHost=proxy.example', '-Dhttp.proxyPort=1', `${DIRECT}|*`],
    ],
  ] as const) {
    test(`gets ${what}`, () => {
      assert.deepEqual(configure(environment)?.options, { JAVA_TOOL_OPTIONS: options });
    });
  }

  test('gets no password, which it would print', () => {
    const made = configure({ HTTP_PROXY: 'http://ada:secret@proxy.example:3128' });
    assert.doesNotMatch(JSON.stringify(made), /secret/);
    assert.deepEqual(made?.options?.['JAVA_TOOL_OPTIONS']?.slice(0, 1), ['-Dhttp.proxyHost=proxy.example']);
    assert.deepEqual(made?.warnings, ['the proxy’s user name and password are not set for Java']);
  });

  test('gets no SOCKS proxy', () => {
    const made = configure({ HTTP_PROXY: 'socks5://proxy.example' });
    assert.deepEqual([made?.options, made?.warnings], [undefined, ['a SOCKS proxy is not set for Java']]);
  });
});

describe('options in a variable that the container has too', () => {
  for (const [what, given, ours, isEnforced, value, losing] of [
    ['stand alone where it is empty', '', ['-Da=1'], false, '-Da=1', []],
    ['stand behind its own', '-Xmx1g', ['-Da=1', '-Db=2'], false, '-Xmx1g -Da=1 -Db=2', []],
    ['are not doubled', '-Da=1 -Xmx1g', ['-Da=1'], false, '-Da=1 -Xmx1g', []],
    ['lose to its own', '-Da=0', ['-Da=1', '-Db=2'], false, '-Da=0 -Db=2', ['-Da=']],
    ['win when they are enforced, as the last one does', '-Da=0', ['-Da=1'], true, '-Da=0 -Da=1', []],
  ] as const) {
    test(what, () => assert.deepEqual(joinOptions(given, ours, isEnforced), { value, losing }));
  }

  test('reach the plan, and what loses is said', () => {
    const facts = makeFacts({ programs: { java: '/usr/bin/java' }, certificates: ONE_CERTIFICATE });
    const settings = makeSettings({ HTTP_PROXY: 'proxy.example:1' });
    const environment = { JAVA_TOOL_OPTIONS: '-Djavax.net.ssl.trustStore=/own' };
    const plan = makePlan({ settings, facts, environment, command: [], problems: [], warnings: [] });
    assert.equal(
      plan.environment['JAVA_TOOL_OPTIONS'],
      `-Djavax.net.ssl.trustStore=/own -Dhttp.proxyHost=proxy.example -Dhttp.proxyPort=1 ${DIRECT}`,
    );
    assert.ok(
      plan.warnings.includes(
        'java: JAVA_TOOL_OPTIONS has -Djavax.net.ssl.trustStore= of its own, which wins (LINTEL_ENFORCE=1 reverses that)',
      ),
    );
  });
});

describe('the keystore', { skip: !existsSync(KEYTOOL) && `not installed: ${KEYTOOL}` }, () => {
  const [system, added] = ['System Ä', 'Lintel'].map(name => makeAuthority(name).pem);

  for (const [how, args] of [
    ['with the usual password', ['-storepass', 'changeit']],
    ['with another one', ['-storepass', 'something']],
    ['in the old format’s name', ['-storepass', 'changeit', '-storetype', 'jks']],
  ] as const) {
    test(`is read by Java ${how}`, t => {
      const file = makeFolder(t).at('store');
      writeFileSync(file, makeKeystore(`${system}# words\n${system}`, added ?? ''), 'base64');
      const { stdout } = execaSync(KEYTOOL, ['-list', '-rfc', '-keystore', file, ...args]);
      assert.deepEqual(stdout.match(/^Alias name: .*|^Entry type: .*/gm), [
        ...['Alias name: lintel-1', 'Entry type: trustedCertEntry'],
        ...['Alias name: system-1', 'Entry type: trustedCertEntry'],
        ...['Alias name: system-2', 'Entry type: trustedCertEntry'],
      ]);
      const pem = /-----BEGIN.*?-----END CERTIFICATE-----\n/s.exec(stdout)?.[0] ?? '';
      assert.equal(pem.replaceAll('\r', ''), added);
    });
  }
});
