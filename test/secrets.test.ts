import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { bootRoot, type Files, makeRoot } from './rig.ts';

const SAYS =
  '#!/bin/sh\nprintf "%s|%s\\n" "${TOKEN-none}" "${PASSWORD-none}" > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n';
const SERVICE: Files = { '/etc/services.d/web/run': SAYS };

test('secrets from files reach scripts, services and the environment’s folder, and no log', async t => {
  const root = makeRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-sees': '#!/bin/sh\necho "$TOKEN" | tr a-z A-Z > "$LINTEL_ROOT/tmp/script"\n',
    '/tmp/token': 'hunter2 $(id)\n',
    '/tmp/password': 'correct horse',
  });
  const lintel = root.boot({
    environment: { FILE__TOKEN: root.at('/tmp/token'), PASSWORD_FILE: root.at('/tmp/password') },
  });
  assert.equal(await lintel.waitForFile('/tmp/up'), 'hunter2 $(id)|correct horse\n');
  assert.equal(root.read('/tmp/script'), 'HUNTER2 $(ID)\n');
  assert.equal(root.read('/run/lintel/env/PASSWORD'), 'correct horse');
  const { stdout, stderr } = await lintel.stop();
  assert.doesNotMatch(stdout + stderr, /hunter2|horse/);
});

test('a secret whose file is missing costs one error line, and with LINTEL_STRICT the boot', async t => {
  const environment = { FILE__TOKEN: '/no/such/file' };
  const lintel = bootRoot(t, SERVICE, { environment });
  assert.equal(await lintel.waitForFile('/tmp/up'), 'none|none\n');
  const sentence =
    /^(lintel: error:| ) Cannot use FILE__TOKEN: "\/no\/such\/file": no such file, expected .*$/gm;
  assert.equal((await lintel.stop()).stderr.match(sentence)?.length, 1);
  const strict = bootRoot(t, SERVICE, { environment: { ...environment, LINTEL_STRICT: '1' } });
  const { code, stderr } = await strict.end();
  assert.equal(code, 2, stderr);
  assert.match(stderr, sentence);
});

test('a plan shows no secret, not even one that is no valid setting', async t => {
  const root = makeRoot(t, { ...SERVICE, '/tmp/secret': 'hunter2' });
  const environment = {
    FILE__TOKEN: root.at('/tmp/secret'),
    FILE__LINTEL_LOG_FORMAT: root.at('/tmp/secret'),
    FILE__LINTEL_SERVICES: root.at('/tmp/secret'),
    FILE__PIP_REPOSITORY: root.at('/tmp/secret'),
  };
  for (const flags of [[], ['--json']]) {
    const run = root.boot({ command: ['lintel', 'plan', ...flags], environment });
    const { code, stdout, stderr } = await run.end();
    assert.equal(code, 1, stderr);
    assert.match(stdout, /LINTEL_LOG_FORMAT/);
    assert.match(stdout, /what its file holds/);
    assert.doesNotMatch(stdout + stderr, /hunter2/);
  }
  const { code, stderr } = await root.boot({ environment }).end();
  assert.equal(code, 2, stderr);
  assert.doesNotMatch(stderr, /hunter2/);
});

test('neither a plan nor facts show the credentials of a probe', async t => {
  const root = makeRoot(t, {
    ...SERVICE,
    '/etc/services.d/web/service.json':
      '{"env": {"TOKEN": "hunter2"}, "ready": {"http": "http://user:hunter2@127.0.0.1:80/up?token=hunter2"}, "health": {"http": "http://127.0.0.1:80/up?token=hunter2"}}',
  });
  for (const command of ['plan', 'facts']) {
    const { code, stdout, stderr } = await root.boot({ command: ['lintel', command, '--json'] }).end();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"http": "http:\/\/\*\*\*@127\.0\.0\.1:80\/up\?\*\*\*"/);
    assert.doesNotMatch(stdout, /hunter2/);
  }
});

test('a script may name a secret’s file, and what a script sets wins over a file', async t => {
  const root = makeRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-names':
      '#!/bin/sh\necho "FILE__TOKEN=$LINTEL_ROOT/tmp/token" >> "$LINTEL_ENV"\nprintf mine > "$LINTEL_ROOT/run/lintel/env/PASSWORD"\n',
    '/tmp/token': 'from a file',
    '/tmp/password': 'from a file',
  });
  chmodSync(root.at('/tmp/token'), 0o600);
  const lintel = root.boot({ environment: { PASSWORD_FILE: root.at('/tmp/password') } });
  assert.equal(await lintel.waitForFile('/tmp/up'), 'from a file|mine\n');
  await lintel.stop();
});
