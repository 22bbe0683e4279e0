import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { parseAll } from '../../src/facts/certificate-judgement.ts';
import { splitPem } from '../../src/facts/pem.ts';
import { parseCertificate } from '../../src/facts/x509.ts';
import { check, endInTime, textOf, tryLong } from './runs.ts';

const ROOTS = rootCertificates.map(pem => ({ pem, der: Buffer.from(new X509Certificate(pem).raw) }));
const ABOUT = { what: 'PATH_TO_CA_BUNDLE', source: 'somewhere', strict: true, isKnown: () => false };
const LONGEST_PROBLEM = 2000;

/** Nothing is thrown, whatever is taken is a certificate, and what is said is short. */
function judge(bytes: Buffer): void {
  const { extra, problems, warnings } = parseAll([{ name: 'file.pem', bytes }], ABOUT);
  for (const pem of extra)
    assert.match(pem, /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END CERTIFICATE-----\n$/);
  for (const said of [...warnings, ...problems.map(({ seen }) => seen)]) {
    assert.ok(said.length <= LONGEST_PROBLEM, said);
    assert.ok(!said.includes('\n'));
  }
}

/** A real one with some bytes changed, taken out or put in. */
const mutated = fc
  .tuple(
    fc.constantFrom(...ROOTS),
    fc.array(fc.tuple(fc.nat(2000), fc.nat(3), fc.uint8Array({ maxLength: 4 })), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([{ der }, changes]) =>
    changes.reduce((bytes, [at, removed, added]) => {
      const place = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, place), added, bytes.subarray(place + removed)]);
    }, der),
  );

describe('a certificate', () => {
  test('of any bytes is one or none', () =>
    check(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, mayHaveNotes) => {
        const found = parseCertificate(Buffer.from(bytes), mayHaveNotes);
        if (found !== undefined) assert.ok(found.pem.includes('-----END CERTIFICATE-----'));
        judge(Buffer.from(bytes));
      }),
    ));

  test('that was garbled is one or none, and its dates and name can be said', () =>
    check(
      fc.property(mutated, der => {
        judge(der);
        judge(
          Buffer.from(`-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`),
        );
        const found = parseCertificate(der, true);
        if (found === undefined) return;
        assert.equal(typeof found.name, 'string');
        for (const ms of [found.notBeforeMs, found.notAfterMs])
          assert.ok(Number.isNaN(ms) || Math.abs(ms) < 8.64e15);
      }),
      5,
    ));

  test('nested as deep as can be is none', () => {
    for (const depth of [30, 33, 100, 10_000]) {
      let bytes = Buffer.alloc(0);
      for (let level = 0; level < depth; level++) {
        const length = bytes.length;
        bytes = Buffer.concat([
          Buffer.of(0x30, 0x83, length >> 16, (length >> 8) & 255, length & 255),
          bytes,
        ]);
      }
      assert.equal(parseCertificate(bytes, false), undefined);
    }
    const flat = Buffer.concat([Buffer.of(0x30, 0x83, 3, 0x0d, 0x40), Buffer.alloc(200_000)]);
    endInTime(() => assert.equal(parseCertificate(flat, false), undefined), 'many empty elements');
  });
});

describe('a file of certificates', () => {
  const [first, second] = ROOTS;
  const pieces = [
    '-----BEGIN CERTIFICATE-----',
    '-----END CERTIFICATE-----',
    '-----BEGIN TRUSTED CERTIFICATE-----',
  ];
  const more = [
    '\n',
    '\r\n',
    ' ',
    'MIIB',
    '=',
    '# comment',
    '-----BEGIN PRIVATE KEY-----',
    '-----',
    first?.pem ?? '',
  ];

  test('of any text gives certificates or problems', () =>
    check(fc.property(textOf([...pieces, ...more], 12), text => judge(Buffer.from(text)))));

  test('gives every whole one, whatever stands between', () =>
    check(
      fc.property(textOf(['#', '\n', ' ', 'subject=', 'CN', '----'], 8), noise => {
        const text = [noise, first?.pem, noise, second?.pem].join('\n');
        assert.equal(splitPem(Buffer.from(text)).blocks.length, 2);
      }),
    ));

  test('takes no longer than it has to', () =>
    tryLong(
      [...pieces.map(piece => `${piece}\n`), '\n', 'A', '=', '-', '-----BEGIN '],
      text => void splitPem(Buffer.from(text)),
      100_000,
    ));
});
