import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ca } from '../../src/tools/ca.ts';
import { node } from '../../src/tools/node.ts';
import { makeFacts, makeSettings, ONE_CERTIFICATE } from '../facts-fixture.ts';

const SYSTEM = '-----BEGIN CERTIFICATE-----\nSYSTEM\n-----END CERTIFICATE-----\n';
const OURS = '-----BEGIN CERTIFICATE-----\nOURS\n-----END CERTIFICATE-----\n';
const MORE = '-----BEGIN CERTIFICATE-----\nMORE\n-----END CERTIFICATE-----\n';

describe('certificates', () => {
  test('need nothing where the system has them all', () => {
    assert.equal(ca.configure(makeSettings(), makeFacts()), undefined);
    assert.equal(node.configure(makeSettings(), makeFacts()), undefined);
  });

  test('are merged with the system’s, never instead of them, and every client is told where', () => {
    const facts = makeFacts({
      certificates: { ...ONE_CERTIFICATE, extra: [OURS, MORE], lacking: [OURS, MORE] },
    });
    assert.deepEqual(ca.configure(makeSettings(), facts), {
      files: [
        {
          path: '/run/lintel/ca-bundle.pem',
          text: `${SYSTEM}${OURS}${MORE}`,
          mode: 0o644,
          owner: 'lintel',
        },
        { path: '/run/lintel/ca-extra.pem', text: `${OURS}${MORE}`, mode: 0o644, owner: 'lintel' },
      ],
      env: {
        SSL_CERT_FILE: '/run/lintel/ca-bundle.pem',
        REQUESTS_CA_BUNDLE: '/run/lintel/ca-bundle.pem',
        CURL_CA_BUNDLE: '/run/lintel/ca-bundle.pem',
        AWS_CA_BUNDLE: '/run/lintel/ca-bundle.pem',
      },
      notes: [
        '2 certificate(s) of /mnt/ca.pem added to /etc/ssl/certs/ca-certificates.crt (/run/lintel/ca-bundle.pem)',
      ],
      warnings: [],
    });
  });

  test('that the system has already are not doubled, and yet named to clients with roots of their own', () => {
    const facts = makeFacts({ certificates: { ...ONE_CERTIFICATE, lacking: [] } });
    const made = ca.configure(makeSettings(), facts);
    assert.deepEqual(
      made?.files.map(({ text }) => text),
      [SYSTEM, OURS],
    );
    assert.deepEqual(made?.notes, [
      '1 certificate(s) of /mnt/ca.pem added to /etc/ssl/certs/ca-certificates.crt, all of them there already (/run/lintel/ca-bundle.pem)',
    ]);
  });

  test('are said to be missing where a variable of the container’s names nothing', () => {
    const broken = { PIP_CERT: '/nowhere.pem', CURL_CA_BUNDLE: '/run/lintel/ca-bundle.pem' };
    const warning = (name: string, path: string) =>
      `${name} names ${JSON.stringify(path)}, which is not there: what follows it trusts no server`;
    assert.deepEqual(ca.configure(makeSettings(), makeFacts({ certificates: { broken } }))?.warnings, [
      warning('PIP_CERT', '/nowhere.pem'),
      warning('CURL_CA_BUNDLE', '/run/lintel/ca-bundle.pem'),
    ]);
    const facts = makeFacts({ certificates: { ...ONE_CERTIFICATE, broken } });
    assert.deepEqual(ca.configure(makeSettings(), facts)?.warnings, [warning('PIP_CERT', '/nowhere.pem')]);
    assert.deepEqual(ca.configure(makeSettings({ LINTEL_ENFORCE: '1' }), facts)?.warnings, []);
  });

  test('reach Node, which adds them to its own, without the system’s', () => {
    assert.deepEqual(node.configure(makeSettings(), makeFacts({ certificates: ONE_CERTIFICATE })), {
      files: [],
      env: { NODE_EXTRA_CA_CERTS: '/run/lintel/ca-extra.pem' },
      notes: ['certificates (NODE_EXTRA_CA_CERTS=/run/lintel/ca-extra.pem)'],
      warnings: [],
    });
  });

  test('stand alone where the system has none, and that is said', () => {
    const facts = makeFacts({ certificates: { ...ONE_CERTIFICATE, system: undefined } });
    const made = ca.configure(makeSettings(), facts);
    assert.equal(made?.files[0]?.text, OURS);
    assert.deepEqual(made?.warnings, [
      'no bundle of the system was found: only these certificates are trusted (install ca-certificates)',
    ]);
  });
});
