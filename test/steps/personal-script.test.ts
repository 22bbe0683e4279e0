import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFreePort, serve } from '../remote/servers.ts';
import { bootRoot, isAlive } from '../rig.ts';

/** PERSONAL_INIT_SCRIPT: the user's script, when everything but services and CMD is done. */
const SERVICE = { '/etc/services.d/web/run': '#!/bin/sh\nenv > "$LINTEL_ROOT/tmp/env"\nexec sleep 9999\n' };

test('the personal script runs after the image’s, with its arguments, in the container’s working directory', async t => {
  const { url } = await serve(
    t,
    'echo "args:$(printf " <%s>" "$@") in $PWD"; echo "MINE=yes" >> "$LINTEL_ENV"\n',
  );
  const lintel = bootRoot(
    t,
    { ...SERVICE, '/etc/cont-init.d/10-first': '#!/bin/sh\necho first\n' },
    { environment: { PERSONAL_INIT_SCRIPT: url, PERSONAL_INIT_ARGS: ' --flag  $(id) "a b" * ' } },
  );
  assert.match(await lintel.waitForFile('/tmp/env'), /^MINE=yes$/m);
  const { stdout } = await lintel.stop();
  assert.ok(stdout.indexOf('10-first | first') < stdout.indexOf('personal-script |'), stdout);
  assert.ok(
    stdout.includes(`personal-script | args: <--flag> <$(id)> <"a> <b"> <*> in ${process.cwd()}\n`),
    stdout,
  );
});

test('whatever it does is a warning with its own words, also under LINTEL_STRICT=1', async t => {
  const { url } = await serve(t, '#!/bin/sh\necho "no such dataset" >&2\nexit 4\n');
  const lintel = bootRoot(t, SERVICE, { environment: { PERSONAL_INIT_SCRIPT: url, LINTEL_STRICT: '1' } });
  await lintel.waitForFile('/tmp/env');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0);
  assert.match(
    stderr,
    /warning: PERSONAL_INIT_SCRIPT "\S+" exited with code 4; its last lines:\n {2}no such dataset$/m,
  );
});

test('so is an address where there is none', async t => {
  const { url } = await serve(t, (_, response) => void response.writeHead(404).end('rm -rf /tmp/none'));
  const lintel = bootRoot(t, SERVICE, { environment: { PERSONAL_INIT_SCRIPT: `${url}/x?t=hush` } });
  await lintel.waitForFile('/tmp/env');
  const { stderr } = await lintel.stop();
  assert.match(
    stderr,
    /warning: Cannot run PERSONAL_INIT_SCRIPT "http:\S+\/x\?\*\*\*": status 404, there is nothing at that address, after \d+ ms/,
  );
});

const ASYNC = { LINTEL_ASYNC_INIT: 'personal-script' };

test('with LINTEL_ASYNC_INIT services do not wait for it, and what it adds reaches who starts later', async t => {
  const port = await findFreePort(t);
  const lintel = bootRoot(t, SERVICE, {
    environment: { PERSONAL_INIT_SCRIPT: `http://127.0.0.1:${port}`, ...ASYNC },
  });
  assert.doesNotMatch(await lintel.waitForFile('/tmp/env'), /^LATE=/m);
  await lintel.waitForText(/PERSONAL_INIT_SCRIPT can't be fetched yet, it is tried for 30 s/);
  await serve(t, 'echo "at last"; echo "LATE=1" >> "$LINTEL_ENV"\n', { port });
  await lintel.waitForText(/^personal-script \| at last$/m);
  assert.equal(await lintel.waitForFile('/run/lintel/env/LATE', /./), '1');
  await lintel.waitForFile('/run/lintel/env.sh', /LATE/);
  assert.equal((await lintel.stop()).code, 0);
});

test('the end of the workbench ends a script that still goes on', async t => {
  const { url } = await serve(t, 'echo $$ > "$LINTEL_ROOT/tmp/pid"; sleep 9999\n');
  const lintel = bootRoot(
    t,
    {},
    {
      command: ['/bin/sh', '-c', 'until [ -s "$LINTEL_ROOT/tmp/pid" ]; do sleep 0.05; done; exit 7'],
      environment: { PERSONAL_INIT_SCRIPT: url, ...ASYNC },
    },
  );
  const { code, stderr } = await lintel.end();
  assert.equal(code, 7, stderr);
  assert.equal(isAlive(Number(lintel.root.read('/tmp/pid'))), false);
  assert.doesNotMatch(stderr, /PERSONAL_INIT_SCRIPT|left behind/);
});

test('LINTEL_ASYNC_INIT takes only what can go on', async t => {
  const { code, stderr } = await bootRoot(t, SERVICE, {
    environment: { LINTEL_ASYNC_INIT: 'clone vault' },
  }).end();
  assert.equal(code, 2);
  assert.match(stderr, /LINTEL_ASYNC_INIT: "clone vault", expected some of clone, personal-script/);
});
