import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { findFreePort, makeCertificates, serve } from '../remote/servers.ts';
import { bootRoot, IS_ROOT } from '../rig.ts';

/** REGION_INIT_SCRIPT: the platform's script, fetched and run before anything is decided. */
const SERVICE = { '/etc/services.d/web/run': '#!/bin/sh\nenv > "$LINTEL_ROOT/tmp/env"\nexec sleep 9999\n' };
const SCRIPT = `echo "runs as $(id -u) in $PWD"
printf '%s\\n' "FROM_REGION='it is \\$(id)'" "PIP_REPOSITORY=https://mirror.example/simple" >> "$LINTEL_ENV"
`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('the region script runs first of all, and what it adds decides the plan and reaches everybody', async t => {
  const { url } = await serve(t, SCRIPT);
  const lintel = bootRoot(
    t,
    {
      ...SERVICE,
      '/etc/cont-init.d/10-look': '#!/bin/sh\necho "has $FROM_REGION"; cat "$LINTEL_ROOT/etc/pip.conf"\n',
    },
    { environment: { REGION_INIT_SCRIPT: `${url}/region.sh?key=hush` } },
  );
  assert.match(await lintel.waitForFile('/tmp/env'), /^FROM_REGION=it is \$\(id\)$/m);
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`^region-script \\| runs as ${process.getuid?.()} in /$`, 'm'));
  assert.match(stdout, /^10-look \| has it is \$\(id\)$/m);
  assert.match(stdout, /^10-look \| index-url = https:\/\/mirror\.example\/simple$/m);
  assert.match(lintel.root.read('/run/lintel/boot.json'), /"kind":"step","name":"region-script"/);
  assert.doesNotMatch(stdout + stderr, /hush/);
  const stat = statSync(lintel.root.at('/run/lintel/region-script'), { throwIfNoEntry: false });
  assert.equal(IS_ROOT ? (stat?.mode ?? 0) & 0o7777 : 0o700, 0o700);
});

test('its first line says what runs it', async t => {
  const { url } = await serve(t, '#!/usr/bin/env -S sh -u\necho "from $0"\n');
  const lintel = bootRoot(t, SERVICE, { environment: { REGION_INIT_SCRIPT: url } });
  await lintel.waitForText(/^region-script \| from \S+\/region-script$/m);
  await lintel.stop();
});

test('a script that fails is one error line with its last lines, and the boot goes on', async t => {
  const { url } = await serve(t, '#!/bin/sh\necho "it broke" >&2\nexit 3\n');
  const lintel = bootRoot(t, SERVICE, { environment: { REGION_INIT_SCRIPT: `${url}/x` } });
  await lintel.waitForFile('/tmp/env');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0);
  assert.match(
    stderr,
    /error: REGION_INIT_SCRIPT "http:\S+\/x" exited with code 3; its last lines:\n {2}it broke$/m,
  );
});

test('with LINTEL_STRICT=1 a script that fails ends the boot with 1', async t => {
  const { url } = await serve(t, 'exit 3');
  const { code, stderr } = await bootRoot(t, SERVICE, {
    environment: { REGION_INIT_SCRIPT: url, LINTEL_STRICT: '1' },
  }).end();
  assert.equal(code, 1, stderr);
  assert.match(stderr, /REGION_INIT_SCRIPT "\S+" exited with code 3/);
});

for (const [what, answer, expected] of [
  ['a page', '<!DOCTYPE html><title>Log in</title>', /an HTML page came instead of a script, after \d+ ms/],
  ['an empty answer', '', /the answer is empty/],
] as const) {
  test(`${what} is never run`, async t => {
    const { url } = await serve(t, answer);
    const lintel = bootRoot(t, SERVICE, { environment: { REGION_INIT_SCRIPT: url } });
    await lintel.waitForFile('/tmp/env');
    const { stderr } = await lintel.stop();
    assert.match(stderr, /^lintel: error: Cannot run REGION_INIT_SCRIPT "/m);
    assert.match(stderr, expected);
  });
}

test('a server that comes up late is waited for', async t => {
  const port = await findFreePort(t);
  const lintel = bootRoot(t, SERVICE, { environment: { REGION_INIT_SCRIPT: `http://127.0.0.1:${port}/` } });
  await lintel.waitForText(
    /REGION_INIT_SCRIPT can't be fetched yet, it is tried for 10 s: connection refused/,
  );
  await serve(t, 'echo late', { port });
  await lintel.waitForText(/^region-script \| late$/m);
  await lintel.stop();
});

test('a stop while a server hangs ends the boot at once', async t => {
  const { url, requests } = await serve(t, () => undefined);
  const lintel = bootRoot(t, SERVICE, { environment: { REGION_INIT_SCRIPT: url } });
  await lintel.waitUntil('the script is asked for', () => requests.length > 0);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(existsSync(lintel.root.at('/tmp/env')), false);
  assert.doesNotMatch(stderr, /Cannot run/);
});

test('without a certificate that is trusted, nothing is run but what the checksum or the platform vouches for', async t => {
  const { good, caPath } = await makeCertificates(t);
  const script = 'echo "the script ran"\n';
  const { url } = await serve(t, script, { identity: good });
  const boot = async (environment: Record<string, string>) => {
    const lintel = bootRoot(t, SERVICE, { environment: { REGION_INIT_SCRIPT: url, ...environment } });
    await lintel.waitForFile('/tmp/env');
    const { stdout, stderr } = await lintel.stop();
    return { ran: /the script ran/.test(stdout), stderr };
  };
  const doubted = await boot({});
  assert.equal(doubted.ran, false);
  assert.match(
    doubted.stderr,
    /not trusted here .* expected a certificate that is trusted here, the script’s REGION_INIT_SCRIPT_CHECKSUM, or LINTEL_REGION_INIT_INSECURE=1/,
  );
  assert.equal((await boot({ PATH_TO_CA_BUNDLE: caPath })).ran, true);
  assert.equal((await boot({ REGION_INIT_SCRIPT_CHECKSUM: sha256(script).toUpperCase() })).ran, true);
  const insecure = await boot({ LINTEL_REGION_INIT_INSECURE: '1' });
  assert.equal(insecure.ran, true);
  assert.match(insecure.stderr, /warning: REGION_INIT_SCRIPT is run unverified/);
});

for (const [what, environment, expected] of [
  [
    'of another script',
    { REGION_INIT_SCRIPT_CHECKSUM: sha256('other') },
    /its SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}/,
  ],
  [
    'of another script, insecure or not,',
    { REGION_INIT_SCRIPT_CHECKSUM: sha256('other'), LINTEL_REGION_INIT_INSECURE: '1' },
    /its SHA-256 is/,
  ],
  [
    'that nobody can read',
    { REGION_INIT_SCRIPT_CHECKSUM: 'abc' },
    /its checksum is "abc", expected a SHA-256/,
  ],
] as const) {
  test(`a checksum ${what} keeps the script from running`, async t => {
    const { url } = await serve(t, 'echo "the script ran"\n');
    const lintel = bootRoot(t, SERVICE, { environment: { REGION_INIT_SCRIPT: url, ...environment } });
    await lintel.waitForFile('/tmp/env');
    const { stdout, stderr } = await lintel.stop();
    assert.match(stderr, expected);
    assert.doesNotMatch(stdout, /the script ran/);
  });
}

test('certificates that it brings count for what comes after it', async t => {
  const { good, caPem } = await makeCertificates(t);
  const region = await serve(t, (_, response) => {
    response.end(`cat > "$LINTEL_ROOT/tmp/ca.pem" <<'END'\n${caPem}END\n`);
  });
  const personal = await serve(t, 'echo "trusted by now"\n', { identity: good });
  const lintel = bootRoot(t, SERVICE);
  await lintel.stop();
  const { root } = lintel;
  const again = root.boot({
    environment: {
      REGION_INIT_SCRIPT: region.url,
      PERSONAL_INIT_SCRIPT: personal.url,
      PATH_TO_CA_BUNDLE: root.at('/tmp/ca.pem'),
    },
  });
  await again.waitForText(/^personal-script \| trusted by now$/m);
  const { stderr } = await again.stop();
  assert.doesNotMatch(stderr, /error: /);
});
