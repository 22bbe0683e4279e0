import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { execaSync } from 'execa';
import { readCertificates } from '../../src/facts/certificates.ts';
import { makeSettings } from '../facts-fixture.ts';
import { asOrdinaryUser, type Entry, makeFolder } from './folder.ts';

const A = makeCertificate('Authority A');
const B = makeCertificate('Authority B');
const SYSTEM = makeCertificate('System');
const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';
const LOCAL = 'usr/local/share/ca-certificates';
const EXPECTED = 'a PEM file with certificates, a folder of such files, or the PEM text itself';

interface Made {
  readonly pem: string;
  readonly key: string;
}

/** A real certificate of its own authority, and its private key. */
function makeCertificate(name: string, extra: readonly string[] = []): Made {
  const args = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-subj', `/CN=${name}`, '-days', '30'];
  const { stdout } = execaSync('openssl', [...args, ...extra, '-keyout', '-', '-out', '-'], {
    stderr: 'ignore',
  });
  const [key = '', pem = ''] = [
    /-----BEGIN PRIVATE.*?-----END PRIVATE KEY-----\n/s,
    /-----BEGIN CERT.*/s,
  ].map(pattern => pattern.exec(`${stdout}\n`)?.[0]);
  return { pem, key };
}

function convert(pem: string, args: readonly string[]): Uint8Array {
  return execaSync('openssl', ['x509', ...args], { input: pem, encoding: 'buffer' }).stdout;
}

/** Reads the certificates of a machine that holds `entries`; `wanted` is where PATH_TO_CA_BUNDLE points to in it. */
function read(
  t: Parameters<typeof makeFolder>[0],
  entries: Readonly<Record<string, Entry>>,
  wanted?: string,
) {
  const root = makeFolder(t, { [BUNDLE]: SYSTEM.pem, ...entries });
  const facts = readCertificates(
    root.path,
    makeSettings(wanted === undefined ? {} : { PATH_TO_CA_BUNDLE: wanted.replace(/^@/, `${root.path}/`) }),
  );
  return {
    ...facts,
    root: root.path,
    seen: facts.problems.map(({ seen }) => seen.replaceAll(root.path, '@')),
  };
}

describe('PATH_TO_CA_BUNDLE', () => {
  for (const [what, entries, wanted, extra, source] of [
    ['a PEM file', { 'ca.pem': A.pem }, '@ca.pem', [A.pem], '@/ca.pem'],
    ['a PEM file with two certificates', { 'ca.pem': A.pem + B.pem }, '@ca.pem', [A.pem, B.pem], '@/ca.pem'],
    [
      'a PEM file with words between',
      { 'ca.pem': `Authority A\n${A.pem}\n# B\n${B.pem}the end` },
      '@ca.pem',
      [A.pem, B.pem],
      '@/ca.pem',
    ],
    ['a PEM file without a last newline', { 'ca.pem': A.pem.trimEnd() }, '@ca.pem', [A.pem], '@/ca.pem'],
    ['a PEM file from Windows', { 'ca.pem': A.pem.replaceAll('\n', '\r\n') }, '@ca.pem', [A.pem], '@/ca.pem'],
    [
      'a PEM file in other line lengths',
      {
        'ca.pem': A.pem.replaceAll(/(.{40})(.+)/g, (line, a, b) =>
          line.startsWith('-') ? line : `${a}\n${b}`,
        ),
      },
      '@ca.pem',
      [A.pem],
      '@/ca.pem',
    ],
    [
      'a link to a PEM file',
      { 'real.pem': A.pem, 'ca.pem': { link: 'real.pem' } },
      '@ca.pem',
      [A.pem],
      '@/ca.pem',
    ],
    [
      'a folder: its *.pem, *.crt and *.cer in byte order',
      { 'ca/b.pem': B.pem, 'ca/a.CRT': A.pem, 'ca/README.md': 'words', 'ca/..data/hidden.pem': SYSTEM.pem },
      '@ca',
      [A.pem, B.pem],
      '@/ca',
    ],
    ['the text itself', {}, A.pem + B.pem, [A.pem, B.pem], 'PATH_TO_CA_BUNDLE (inline PEM)'],
    [
      'the text itself with blanks for newlines',
      {},
      (A.pem + B.pem).replaceAll('\n', ' '),
      [A.pem, B.pem],
      'PATH_TO_CA_BUNDLE (inline PEM)',
    ],
  ] as const) {
    test(`may be ${what}`, t => {
      const facts = read(t, entries, wanted);
      assert.deepEqual(facts.extra, extra);
      assert.equal(facts.source.replace(facts.root, '@'), source);
      assert.deepEqual(facts.problems, []);
      assert.deepEqual(facts.system, { path: `${facts.root}/${BUNDLE}`, text: SYSTEM.pem });
    });
  }

  for (const [what, entries, wanted, seen] of [
    ['a file that is not there', {}, '@ca.pem', '"@/ca.pem" (no such file)'],
    ['a link to nothing', { 'ca.pem': { link: 'nowhere' } }, '@ca.pem', '"@/ca.pem" (no such file)'],
    ['a file below a file', { ca: 'x' }, '@ca/b.pem', '"@/ca/b.pem" (no such file)'],
    [
      'a link in a circle',
      { 'ca.pem': { link: 'ca.pem' } },
      '@ca.pem',
      '"@/ca.pem" (too many symbolic links)',
    ],
    ['a fifo that nobody writes', { 'ca.pem': 'a fifo' }, '@ca.pem', '"@/ca.pem" (it is no regular file)'],
    ['an empty file', { 'ca.pem': '' }, '@ca.pem', '"@/ca.pem" without a certificate'],
    ['a file of words', { 'ca.pem': 'no such page' }, '@ca.pem', '"@/ca.pem" without a certificate'],
    ['a private key', { 'ca.pem': A.key }, '@ca.pem', '"@/ca.pem" without a certificate'],
    ['the text of a private key', {}, A.key, '"PATH_TO_CA_BUNDLE (inline)" without a certificate'],
    [
      'a certificate in DER',
      { 'ca.cer': convert(A.pem, ['-outform', 'DER']) },
      '@ca.cer',
      '"@/ca.cer" without a certificate',
    ],
    [
      'a folder without certificates',
      { 'ca/tls.key': A.key },
      '@ca',
      'folder "@/ca" without *.pem, *.crt or *.cer',
    ],
    [
      'a certificate cut short',
      { 'ca.pem': A.pem.slice(0, 200) },
      '@ca.pem',
      '"@/ca.pem" with 1 certificate(s) cut short or garbled',
    ],
    [
      'a certificate that lacks a line',
      { 'ca.pem': A.pem.split('\n').toSpliced(3, 1).join('\n') },
      '@ca.pem',
      '"@/ca.pem", certificate 1: no X.509 data',
    ],
  ] as const) {
    test(`costs one error line and changes nothing when it is ${what}`, t => {
      const facts = read(t, entries, wanted);
      assert.deepEqual(facts.seen, [seen]);
      assert.deepEqual(facts.problems[0], {
        what: 'PATH_TO_CA_BUNDLE',
        seen: facts.problems[0]?.seen,
        expected: EXPECTED,
        fatal: false,
      });
      assert.deepEqual([facts.extra, facts.system], [[], undefined]);
    });
  }

  test('that is malformed stops the boot with LINTEL_STRICT=1', () => {
    const settings = makeSettings({ PATH_TO_CA_BUNDLE: '/nowhere/ca.pem', LINTEL_STRICT: '1' });
    assert.deepEqual(
      readCertificates('', settings).problems.map(problem => problem.fatal),
      [true],
    );
  });

  test('that is no path at all costs one error line', t => {
    const facts = read(t, {}, Buffer.from(A.pem.repeat(10)).toString('base64'));
    assert.equal(facts.problems.length, 1);
    assert.deepEqual(facts.extra, []);
  });

  test('below a folder that is closed to this user costs one error line', t => {
    const root = makeFolder(t, { [BUNDLE]: SYSTEM.pem, 'closed/ca.pem': A.pem });
    root.close('closed');
    const settings = makeSettings({ PATH_TO_CA_BUNDLE: root.at('closed/ca.pem') });
    const facts = asOrdinaryUser(() => readCertificates(root.path, settings));
    assert.deepEqual(
      facts.problems.map(({ seen }) => seen),
      [`${JSON.stringify(root.at('closed/ca.pem'))} (permission denied)`],
    );
  });
});

describe('of a bundle that is partly wrong, the rest is used and the wrong part named', () => {
  const der = Buffer.from(convert(B.pem, ['-outform', 'DER']));
  // The head of what a certificate says is overwritten: as long as before, but no certificate any more.
  const garbled = `-----BEGIN CERTIFICATE-----\n${der.fill(0xff, 4, 12).toString('base64')}\n-----END CERTIFICATE-----\n`;
  for (const [what, pem, seen] of [
    ['cut short', B.pem.slice(0, 150), '"@/ca.pem" with 1 certificate(s) cut short or garbled'],
    [
      'with a character that is none of base64',
      B.pem.replace('M', '!'),
      '"@/ca.pem" with 1 certificate(s) cut short or garbled',
    ],
    [
      'without its end',
      B.pem.replace('-----END CERTIFICATE-----\n', ''),
      '"@/ca.pem" with 1 certificate(s) cut short or garbled',
    ],
    [
      'without a line',
      B.pem.split('\n').toSpliced(2, 1).join('\n'),
      '"@/ca.pem", certificate 2: no X.509 data',
    ],
    ['with garbled bytes inside', garbled, '"@/ca.pem", certificate 2: no X.509 data'],
  ] as const) {
    test(`a certificate ${what} between two others`, t => {
      const facts = read(t, { 'ca.pem': `${A.pem}${pem}\n${SYSTEM.pem}`, [BUNDLE]: '' }, '@ca.pem');
      assert.deepEqual(facts.extra, [A.pem, SYSTEM.pem]);
      assert.deepEqual(facts.seen, [seen]);
    });
  }

  test('a file of a folder', t => {
    const facts = read(t, { 'ca/a.pem': A.pem, 'ca/b.pem': 'words', 'ca/c.pem/x': 'a folder' }, '@ca');
    assert.deepEqual(facts.extra, [A.pem]);
    assert.deepEqual(facts.seen, ['"@/ca/c.pem" (it is a directory)', '"@/ca/b.pem" without a certificate']);
  });
});

describe('taken are certificates only', () => {
  for (const [where, entries, wanted] of [
    ['a file', { 'ca.pem': A.key + A.pem + B.key }, '@ca.pem'],
    ['a folder', { 'ca/all.pem': A.pem + A.key }, '@ca'],
    ['the text itself', {}, `${A.key}${A.pem}`],
    [`/${LOCAL}`, { [`${LOCAL}/a.crt`]: A.key + A.pem }, undefined],
  ] as const) {
    test(`never a private key beside one in ${where}`, t => {
      const facts = read(t, entries, wanted);
      assert.deepEqual(facts.extra, [A.pem]);
      assert.doesNotMatch(JSON.stringify(facts), /PRIVATE/);
    });
  }

  for (const [what, body] of [
    ['a private key', A.key.split('\n').slice(1, -2).join('\n')],
    ['something else than a sequence', Buffer.from([0x04, 0x03, 0x61, 0x62, 0x63]).toString('base64')],
    ['a single byte', Buffer.from([0x30]).toString('base64')],
    ['half a length', Buffer.from([0x30, 0x84, 0x00]).toString('base64')],
    ['nothing', Buffer.from([0x30, 0x00]).toString('base64')],
  ] as const) {
    test(`never ${what} that only says to be one`, t => {
      const pem = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
      const facts = read(t, { 'ca.pem': A.pem + pem }, '@ca.pem');
      assert.deepEqual(facts.extra, [A.pem]);
      assert.deepEqual(facts.seen, ['"@/ca.pem", certificate 2: no X.509 data']);
    });
  }

  test('and one with notes of trust comes without them, as every client reads it', t => {
    const trusted = Buffer.from(convert(A.pem, ['-addtrust', 'serverAuth', '-trustout'])).toString();
    assert.match(trusted, /BEGIN TRUSTED CERTIFICATE/);
    const facts = read(t, { 'ca.pem': trusted }, '@ca.pem');
    assert.deepEqual([facts.extra, facts.seen], [[A.pem], []]);
  });

  test('and a very short one is one too', t => {
    const config = makeFolder(t, { 'short.cnf': '[req]\ndistinguished_name = name\n[name]\n' });
    const short = makeCertificate('a', ['-config', config.at('short.cnf')]);
    assert.ok(convert(short.pem, ['-outform', 'DER']).length < 256);
    const facts = read(t, { 'ca.pem': short.pem }, '@ca.pem');
    assert.deepEqual([facts.extra, facts.seen], [[short.pem], []]);
  });
});

describe('a certificate that is trusted already', () => {
  test('is not added again, and with no other nothing is', t => {
    const facts = read(t, { 'ca.pem': SYSTEM.pem, [BUNDLE]: `# roots\n${B.pem}${SYSTEM.pem}` }, '@ca.pem');
    assert.deepEqual([facts.extra, facts.system, facts.problems], [[], undefined, []]);
  });

  test('is left out beside others', t => {
    assert.deepEqual(read(t, { 'ca.pem': SYSTEM.pem + A.pem }, '@ca.pem').extra, [A.pem]);
  });

  test('is added once when it comes twice', t => {
    const twice = A.pem + A.pem.replaceAll('\n', '\r\n');
    assert.deepEqual(read(t, { 'ca.pem': twice }, '@ca.pem').extra, [A.pem]);
  });
});

describe('without PATH_TO_CA_BUNDLE', () => {
  test('*.crt in /usr/local/share/ca-certificates that the system lacks are used', t => {
    const facts = read(t, {
      [`${LOCAL}/a.crt`]: A.pem,
      [`${LOCAL}/known.crt`]: SYSTEM.pem,
      [`${LOCAL}/b.pem`]: B.pem,
    });
    assert.deepEqual([facts.extra, facts.problems], [[A.pem], []]);
    assert.equal(facts.source, `${facts.root}/${LOCAL}`);
    assert.equal(facts.system?.text, SYSTEM.pem);
  });

  test('there is nothing to add where that folder is missing or empty', t => {
    assert.deepEqual(read(t, {}).extra, []);
    assert.deepEqual(read(t, { [LOCAL]: 'a folder' }).problems, []);
  });

  test('a file there without a certificate is one error line, also with LINTEL_STRICT=1', t => {
    const root = makeFolder(t, { [`${LOCAL}/a.crt`]: 'words', [`${LOCAL}/b.crt`]: B.pem });
    const facts = readCertificates(root.path, makeSettings({ LINTEL_STRICT: '1' }));
    assert.deepEqual(facts.extra, [B.pem]);
    assert.deepEqual(facts.problems, [
      {
        what: root.at(LOCAL),
        seen: `${JSON.stringify(root.at(`${LOCAL}/a.crt`))} without a certificate`,
        expected: EXPECTED,
        fatal: false,
      },
    ]);
  });

  test('PATH_TO_CA_BUNDLE, where it is given, is the only source', t => {
    assert.deepEqual(read(t, { 'ca.pem': A.pem, [`${LOCAL}/b.crt`]: B.pem }, '@ca.pem').extra, [A.pem]);
  });
});

describe('the system’s own bundle', () => {
  for (const place of [
    'etc/ssl/certs/ca-certificates.crt',
    'etc/pki/tls/certs/ca-bundle.crt',
    'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
    'etc/ssl/ca-bundle.pem',
    'etc/ssl/cert.pem',
  ]) {
    test(`is found in /${place}`, t => {
      const root = makeFolder(t, { [place]: SYSTEM.pem, 'ca.pem': A.pem });
      const { system } = readCertificates(root.path, makeSettings({ PATH_TO_CA_BUNDLE: root.at('ca.pem') }));
      assert.deepEqual(system, { path: root.at(place), text: SYSTEM.pem });
    });
  }

  test('that lacks its last newline still joins with ours', t => {
    const facts = read(t, { [BUNDLE]: SYSTEM.pem.trimEnd(), 'ca.pem': A.pem }, '@ca.pem');
    assert.equal(facts.system?.text, SYSTEM.pem);
  });

  for (const [what, entries] of [
    ['is nowhere', { [BUNDLE]: 'a folder' }],
    ['is empty', { [BUNDLE]: '' }],
  ] as const) {
    test(`may be missing: it ${what}`, t => {
      const facts = read(t, { ...entries, 'ca.pem': A.pem }, '@ca.pem');
      assert.deepEqual([facts.extra, facts.system, facts.problems], [[A.pem], undefined, []]);
    });
  }
});
