import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { parseCertificate } from '../../src/facts/x509.ts';
import { makeAuthority, makeDated, makeSigned } from '../authorities.ts';

const A = makeAuthority('Authority A');

function parse(pem: string) {
  return parseCertificate(Buffer.from(new X509Certificate(pem).raw), false);
}

describe('a certificate is read as the cryptography library reads it', () => {
  test('for every root that Node has', () => {
    assert.ok(rootCertificates.length > 50);
    for (const pem of rootCertificates) {
      const theirs = new X509Certificate(pem);
      const ours = parse(pem);
      assert.deepEqual(
        { from: ours?.notBeforeMs, to: ours?.notAfterMs, isAnchor: ours?.isAnchor },
        { from: Date.parse(theirs.validFrom), to: Date.parse(theirs.validTo), isAnchor: true },
        theirs.subject,
      );
      assert.equal(ours?.pem, `${theirs.toString().trim()}\n`);
    }
  });

  test('for dates of both forms', () => {
    const { pem } = makeDated('Old and long', '19700102030405Z', '20790102030405Z');
    assert.deepEqual(
      [parse(pem)?.notBeforeMs, parse(pem)?.notAfterMs],
      [Date.parse('1970-01-02T03:04:05Z'), Date.parse('2079-01-02T03:04:05Z')],
    );
  });
});

describe('a certificate’s name', () => {
  for (const [what, subject, name] of [
    ['is its common name', '/O=Lintel/CN=Ädas Behörde', 'Ädas Behörde'],
    ['is its organisation where it has no other', '/C=FR/O=Lintel', 'Lintel'],
    ['may be missing', '/C=FR', ''],
  ] as const) {
    test(what, () => assert.equal(parse(makeAuthority('x', ['-subj', subject]).pem)?.name, name));
  }
});

describe('is it something to trust?', () => {
  for (const [what, made, isAnchor] of [
    ['an authority of its own', A, true],
    ['an authority that another one signed', ['basicConstraints=critical,CA:TRUE'], true],
    ['one without that word whose key may sign certificates', ['keyUsage=keyCertSign'], true],
    ['a server’s', ['basicConstraints=critical,CA:FALSE'], false],
    ['one without that word whose key may not', ['keyUsage=digitalSignature'], false],
    [
      'a server’s that nobody else signed: it is trusted for itself',
      makeAuthority('a.example', ['-addext', 'basicConstraints=critical,CA:FALSE']),
      true,
    ],
  ] as const) {
    test(`${what}: ${isAnchor ? 'yes' : 'no'}`, () => {
      const { pem } = 'pem' in made ? made : makeSigned('b.example', A, made);
      assert.equal(parse(pem)?.isAnchor, isAnchor);
    });
  }
});

describe('what is no certificate', () => {
  const der = Buffer.from(new X509Certificate(A.pem).raw);

  test('is refused, however it is garbled, and never throws', () => {
    const edit = fc.record({ at: fc.nat(der.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), fc.nat(der.length), (edits, length) => {
        const bytes = Buffer.from(der);
        for (const { at, byte } of edits) bytes[at] = byte;
        parseCertificate(bytes, false);
        parseCertificate(bytes.subarray(0, length), true);
      }),
    );
  });

  test('is refused when it is nested without end', () => {
    const levels = 100_000;
    const bytes = Buffer.alloc(5 * levels);
    for (let level = 0; level < levels; level++) {
      bytes.writeUInt16BE(0x3083, 5 * level);
      bytes.writeUIntBE(5 * (levels - level - 1), 5 * level + 2, 3);
    }
    assert.equal(parseCertificate(bytes, false), undefined);
  });
});
