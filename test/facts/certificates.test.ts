import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCertificates } from '../../src/facts/certificates.ts';
import { convert, makeAuthority, makeDated, makeSigned } from '../authorities.ts';
import { makeSettings } from '../facts-fixture.ts';
import { asOrdinaryUser, type Entry, makeFolder } from './folder.ts';

const A = makeAuthority('Authority A');
const B = makeAuthority('Authority B');
const SYSTEM = makeAuthority('System');
const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';
const LOCAL = 'usr/local/share/ca-certificates';
const EXPECTED = 'a PEM file with certificates, a folder of such files, or the PEM text itself';

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

test('a mistake is said of the name by which the operator set it', t => {
  const root = makeFolder(t, {});
  const environment = { PATH_TO_CA_BUNDLE: '', PATH_TO_CABUNDLE: root.at('nowhere') };
  const { problems } = readCertificates(root.path, makeSettings(environment), environment);
  assert.deepEqual(
    problems.map(({ what }) => what),
    ['PATH_TO_CABUNDLE'],
  );
});

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
    [
      'a folder as Kubernetes mounts it',
      {
        'ca/..2026_01/a.crt': A.pem,
        'ca/..data': { link: '..2026_01' },
        'ca/a.crt': { link: '..data/a.crt' },
      },
      '@ca',
      [A.pem],
      '@/ca',
    ],
    [
      'a certificate in DER, as Windows has them',
      { 'ca.cer': convert(A.pem, ['-outform', 'DER']) },
      '@ca.cer',
      [A.pem],
      '@/ca.cer',
    ],
    [
      'a folder of such certificates',
      { 'ca/a.der': convert(A.pem, ['-outform', 'DER']), 'ca/b.crt': convert(B.pem, ['-outform', 'DER']) },
      '@ca',
      [A.pem, B.pem],
      '@/ca',
    ],
    [
      'the text itself with \\n for newlines',
      {},
      (A.pem + B.pem).replaceAll('\n', '\\n'),
      [A.pem, B.pem],
      'PATH_TO_CA_BUNDLE (inline PEM)',
    ],
    [
      'the text itself with \\r\\n for newlines',
      {},
      A.pem.replaceAll('\n', '\\r\\n'),
      [A.pem],
      'PATH_TO_CA_BUNDLE (inline PEM)',
    ],
    [
      'the text itself in base64',
      {},
      Buffer.from(A.pem + B.pem).toString('base64'),
      [A.pem, B.pem],
      'PATH_TO_CA_BUNDLE (inline PEM)',
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
      'a folder without certificates',
      { 'ca/tls.key': A.key },
      '@ca',
      'folder "@/ca" without *.pem, *.crt, *.cer or *.der',
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
    const facts = read(t, {}, 'a'.repeat(5000));
    assert.deepEqual(facts.seen, [`"${'a'.repeat(100)}…" (ENAMETOOLONG)`]);
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
    const short = makeAuthority('a', ['-config', config.at('short.cnf')]);
    assert.ok(convert(short.pem, ['-outform', 'DER']).length < 256);
    const facts = read(t, { 'ca.pem': short.pem }, '@ca.pem');
    assert.deepEqual([facts.extra, facts.seen], [[short.pem], []]);
  });
});

describe('a certificate that is trusted already', () => {
  test('is one of the operator’s still, since many clients have roots of their own', t => {
    const facts = read(t, { 'ca.pem': SYSTEM.pem + A.pem }, '@ca.pem');
    assert.deepEqual([facts.extra, facts.lacking], [[SYSTEM.pem, A.pem], [A.pem]]);
  });

  test('is not put into the system’s store again', t => {
    const { store } = read(t, { 'ca.pem': SYSTEM.pem }, '@ca.pem');
    assert.deepEqual([store.add, store.remove, store.hasAll], [[], [], true]);
  });

  test('is added once when it comes twice', t => {
    const twice = A.pem + A.pem.replaceAll('\n', '\r\n');
    assert.deepEqual(read(t, { 'ca.pem': twice }, '@ca.pem').extra, [A.pem]);
  });
});

describe('without PATH_TO_CA_BUNDLE', () => {
  test('*.crt in /usr/local/share/ca-certificates are used', t => {
    const facts = read(t, {
      [`${LOCAL}/a.crt`]: A.pem,
      [`${LOCAL}/known.crt`]: SYSTEM.pem,
      [`${LOCAL}/b.pem`]: B.pem,
    });
    assert.deepEqual([facts.extra, facts.problems], [[A.pem, SYSTEM.pem], []]);
    assert.deepEqual(facts.lacking, [A.pem]);
    assert.equal(facts.source, `${facts.root}/${LOCAL}`);
    assert.equal(facts.system?.text, SYSTEM.pem);
  });

  test('so are those below it and behind links, as update-ca-certificates takes them', t => {
    const facts = read(t, {
      [`${LOCAL}/company/deep/a.crt`]: A.pem,
      'mnt/b.crt': B.pem,
      [`${LOCAL}/mounted`]: { link: '../../../../mnt' },
      [`${LOCAL}/circle`]: { link: '.' },
    });
    assert.deepEqual([facts.extra, facts.problems], [[B.pem, A.pem], []]);
  });

  test('there is nothing to add where that folder is missing or empty', t => {
    assert.deepEqual(read(t, {}).extra, []);
    assert.deepEqual(read(t, { [LOCAL]: 'a folder' }).problems, []);
  });

  // Onyxia's charts cut a bundle before each "BEGIN CERT": what stands above the first is cert.0.crt.
  for (const rest of ['', '\n', '\n# Private authorities\r\n\n'])
    test(`${JSON.stringify(rest)} beside certificates is no mistake, alone it is`, t => {
      const files = { [`${LOCAL}/cert.0.crt`]: rest };
      const facts = read(t, { ...files, [`${LOCAL}/cert.1.crt`]: B.pem });
      assert.deepEqual([facts.extra, facts.problems], [[B.pem], []]);
      assert.deepEqual(read(t, files).seen, [`"@/${LOCAL}/cert.0.crt" without a certificate`]);
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

describe('what no client would take is named and left out', () => {
  const expired = makeDated('Long gone', '20100101000000Z', '20200131000000Z');
  const early = makeDated('Yet to come', '20780101000000Z', '20790101000000Z');
  const leaf = makeSigned('repo.example', A, ['basicConstraints=critical,CA:FALSE']);

  test('a certificate that has expired, which is no mistake', t => {
    const root = makeFolder(t, { 'ca.pem': expired.pem + A.pem });
    const settings = makeSettings({ PATH_TO_CA_BUNDLE: root.at('ca.pem'), LINTEL_STRICT: '1' });
    const facts = readCertificates(root.path, settings);
    assert.deepEqual(facts.extra, [A.pem]);
    assert.deepEqual(facts.problems, [
      {
        what: 'PATH_TO_CA_BUNDLE',
        seen: `${JSON.stringify(root.at('ca.pem'))}, certificate 1 ("Long gone"): expired on 2020-01-31`,
        expected: 'certificates that are valid today: left out',
        fatal: false,
      },
    ]);
  });

  test('but for one that has expired in the system’s own bundle too', t => {
    const facts = read(t, { [BUNDLE]: SYSTEM.pem + expired.pem }, `@${BUNDLE}`);
    assert.deepEqual([facts.extra, facts.lacking, facts.problems], [[SYSTEM.pem, expired.pem], [], []]);
  });

  test('a server’s certificate, which is one', t => {
    const root = makeFolder(t, { 'ca.pem': leaf.pem + A.pem });
    const settings = makeSettings({ PATH_TO_CA_BUNDLE: root.at('ca.pem'), LINTEL_STRICT: '1' });
    const facts = readCertificates(root.path, settings);
    assert.deepEqual(facts.extra, [A.pem]);
    assert.deepEqual(facts.problems, [
      {
        what: 'PATH_TO_CA_BUNDLE',
        seen: `${JSON.stringify(root.at('ca.pem'))}, certificate 1 ("repo.example"): a server’s or a user’s, no authority’s`,
        expected: 'the certificate of the authority that signed it: left out',
        fatal: true,
      },
    ]);
  });

  test('but one that is not valid yet is kept: the day may come while the workbench runs', t => {
    const facts = read(t, { 'ca.pem': early.pem }, '@ca.pem');
    assert.deepEqual([facts.extra, facts.problems], [[early.pem], []]);
    assert.match(facts.warnings.join(), /not valid yet.*"Yet to come"\), from 2078-01-01$/);
  });

  test('a private key is named by its file alone', t => {
    const facts = read(t, { 'ca/a.pem': A.pem + A.key, 'ca/tls.pem': B.key }, '@ca');
    assert.deepEqual([facts.extra, facts.problems], [[A.pem], []]);
    assert.deepEqual(
      facts.warnings.map(warning => warning.replaceAll(facts.root, '@')),
      ['a private key lies in "@/ca/a.pem"; "@/ca/tls.pem": it is not copied, and better not there'],
    );
  });

  test('of many, a few are named and the others counted', t => {
    const names = Array.from({ length: 300 }, (_, index) => `ca/${String(index).padStart(3, '0')}.pem`);
    const texts = names.map((_, index) => [A.pem, expired.pem, 'words'][index % 3] ?? '');
    const facts = read(t, Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ''])), '@ca');
    assert.deepEqual(facts.extra, [A.pem]);
    assert.deepEqual(facts.seen, [
      '"@/ca/002.pem" without a certificate; "@/ca/005.pem" without a certificate; "@/ca/008.pem" without a certificate; and 97 more',
      '"@/ca/001.pem", certificate 1 ("Long gone"): expired on 2020-01-31; "@/ca/004.pem", certificate 1 ("Long gone"): expired on 2020-01-31; "@/ca/007.pem", certificate 1 ("Long gone"): expired on 2020-01-31; and 97 more',
    ]);
  });
});

describe('the system’s store', () => {
  const wanted = { name: 'lintel-1.crt', text: A.pem };

  test('lacks what the variable brings', t => {
    const { root, store } = read(t, { 'ca.pem': A.pem }, '@ca.pem');
    assert.deepEqual(store, {
      folder: `${root}/${LOCAL}`,
      program: 'update-ca-certificates',
      add: [wanted],
      remove: [],
      holdsOurs: false,
      hasAll: false,
    });
  });

  test('has nothing to change once it was updated, and the system’s own bundle is told from ours', t => {
    const facts = read(
      t,
      { 'ca.pem': A.pem, [`${LOCAL}/lintel-1.crt`]: A.pem, [BUNDLE]: SYSTEM.pem + A.pem },
      '@ca.pem',
    );
    assert.deepEqual([facts.store.add, facts.store.remove, facts.store.hasAll], [[], [], true]);
    assert.deepEqual([facts.system?.text, facts.lacking], [SYSTEM.pem, [A.pem]]);
  });

  test('gives back what it had when the variable is gone', t => {
    const facts = read(t, { [`${LOCAL}/lintel-1.crt`]: A.pem, [BUNDLE]: SYSTEM.pem + A.pem });
    assert.deepEqual([facts.extra, facts.store.remove], [[], ['lintel-1.crt']]);
  });

  test('changes with the variable', t => {
    const facts = read(
      t,
      {
        'ca.pem': B.pem,
        [`${LOCAL}/lintel-1.crt`]: A.pem,
        [`${LOCAL}/lintel-2.crt`]: B.pem,
        [BUNDLE]: SYSTEM.pem + A.pem + B.pem,
      },
      '@ca.pem',
    );
    assert.deepEqual(facts.store.add, [{ name: 'lintel-1.crt', text: B.pem }]);
    assert.deepEqual(facts.store.remove, ['lintel-2.crt']);
    assert.equal(facts.system?.text, SYSTEM.pem);
  });

  test('has the mounted files already: its bundle is what lacks them', t => {
    const { store } = read(t, { [`${LOCAL}/a.crt`]: A.pem });
    assert.deepEqual([store.add, store.remove, store.hasAll], [[], [], false]);
  });

  for (const [where, folder, program] of [
    ['Fedora', 'etc/pki/ca-trust/source/anchors', 'update-ca-trust'],
    ['openSUSE', 'etc/pki/trust/anchors', 'update-ca-certificates'],
  ] as const) {
    test(`is elsewhere on ${where}`, t => {
      const { root, store } = read(t, { [folder]: 'a folder', 'ca.pem': A.pem }, '@ca.pem');
      assert.deepEqual([store.folder, store.program], [`${root}/${folder}`, program]);
    });
  }
});

test('a variable of the container’s that names nothing is noted', t => {
  const root = makeFolder(t, { 'ca.pem': A.pem });
  const environment = {
    REQUESTS_CA_BUNDLE: root.at('nowhere.pem'),
    SSL_CERT_FILE: root.at('ca.pem'),
    PIP_CERT: '',
  };
  assert.deepEqual(readCertificates(root.path, makeSettings(), environment).broken, {
    REQUESTS_CA_BUNDLE: root.at('nowhere.pem'),
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
