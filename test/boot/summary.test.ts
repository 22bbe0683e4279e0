import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { makeRoot } from '../rig.ts';

const CERTIFICATE = readFileSync(join(import.meta.dirname, '../apply/private-ca.pem'), 'utf8');
const STUB = '#!/bin/sh\n';

test('tools that get nothing but the certificates share a line of the summary', async t => {
  const root = makeRoot(t, {
    '/srv/ca.pem': CERTIFICATE,
    '/usr/bin/npm': STUB,
    '/usr/bin/java': STUB,
    '/etc/wgetrc': '',
  });
  const { stderr } = await root
    .boot({
      command: ['true'],
      environment: {
        PATH: `${root.at('/usr/bin')}:/usr/bin:/bin`,
        PATH_TO_CA_BUNDLE: root.at('/srv/ca.pem'),
        PIP_REPOSITORY: 'https://mirror.example/simple',
      },
    })
    .end();
  const said = [...stderr.matchAll(/^lintel: (\w+: .*)$/gm)].map(([, line]) => line ?? '');
  const shared = said.filter(line => line.startsWith('certificates: '));
  assert.equal(shared.length, 1, stderr);
  assert.match(
    shared[0] ?? '',
    /^certificates: conda \(\S+condarc\), node \(NODE_EXTRA_CA_CERTS=\S+\), npm .*java \(JAVA_TOOL_OPTIONS\)$/,
  );
  assert.deepEqual(
    said.filter(line => /^(ca|pip|node|npm|java): /.test(line)).map(line => line.split(':')[0]),
    ['ca', 'pip'],
  );
});
