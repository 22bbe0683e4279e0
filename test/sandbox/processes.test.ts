import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startContainer, whyNot } from './container.ts';

/** Nobody's else: the limit counts all processes of a uid, those of other tests too. */
const LONELY = { uid: 54_321, gid: 54_321 };
const MANY = Array.from({ length: 30 }, (_, n) => `s${n}`);

test('a service is not unhealthy because no process was left for its probe', {
  skip: whyNot({ isRoot: true, programs: ['/usr/bin/prlimit'] }),
}, async t => {
  const health = { exec: ['true'], intervalMs: 20, failures: 2 };
  const container = startContainer(t, ['prlimit', '--nproc=20', '/init'], {
    user: LONELY,
    files: {
      '/etc/cont-init.d/10-xdg-runtime-dir': '',
      '/etc/cont-init.d/20-x-displays': '',
      '/etc/services.d/asked/service.json': JSON.stringify({ command: ['sleep', '9999'], health }),
      ...Object.fromEntries(
        MANY.map(name => [`/etc/services.d/${name}/run`, '#!/bin/sh\nexec sleep 9999\n']),
      ),
    },
  });
  // By its third start dozens of probes have had no process.
  await container.waitFor(/s29 starts \(spawn=3\)/);
  await container.signal('SIGTERM');
  assert.doesNotMatch((await container.end()).stderr, /unhealthy/);
});

test('services that take the last process there may be do not take Lintel along', {
  skip: whyNot({ isRoot: true, programs: ['/usr/bin/prlimit'] }),
}, async t => {
  const container = startContainer(t, ['prlimit', '--nproc=20', '/init'], {
    user: LONELY,
    // Without a script nothing is written before the services.
    files: {
      '/etc/cont-init.d/10-xdg-runtime-dir': '',
      '/etc/cont-init.d/20-x-displays': '',
      ...Object.fromEntries(
        MANY.map(name => [`/etc/services.d/${name}/run`, '#!/bin/sh\nexec sleep 9999\n']),
      ),
    },
  });
  await container.waitFor(/could not start: the limit of processes is reached; restarting in/);
  await container.signal('SIGTERM');
  const { code, signal, stderr } = await container.end();
  assert.deepEqual([code, signal], [0, undefined], stderr);
});
