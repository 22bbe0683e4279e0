import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootRoot, makeRoot } from './rig.ts';

const UMASK = 'umask > "$LINTEL_ROOT/tmp/$1"';

test('NB_UMASK is that of services and CMD, and of nothing that Lintel does itself', async t => {
  const files = {
    '/etc/cont-init.d/10-says': `#!/bin/sh\nset -- script\n${UMASK}\n`,
    '/etc/services.d/web/run': `#!/bin/sh\nset -- service\n${UMASK}\nexec sleep 9999\n`,
  };
  const lintel = bootRoot(t, files, {
    environment: { NB_UMASK: '007', LINTEL_SERVICES: 'web' },
    command: ['sh', '-c', `set -- cmd; ${UMASK}; exec sleep 9999`],
  });
  assert.equal(await lintel.waitForFile('/tmp/service'), '0007\n');
  assert.equal(await lintel.waitForFile('/tmp/cmd'), '0007\n');
  const own = `0${process.umask().toString(8).padStart(3, '0')}\n`;
  assert.equal(lintel.root.read('/tmp/script'), own);
  await lintel.stop();
});

test('GRANT_SUDO as another user than root is said to have no effect', async t => {
  const root = makeRoot(t);
  const lintel = root.boot({
    environment: { GRANT_SUDO: 'yes' },
    isUnprivileged: true,
    command: ['true'],
  });
  const { stderr } = await lintel.end();
  assert.match(stderr, /warning: sudo: GRANT_SUDO has no effect: only a container that starts as root/);
});
