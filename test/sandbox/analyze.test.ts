import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeCriticalPath } from '../../src/timing/critical-path.ts';
import { makeRecordSchema } from '../../src/timing/record.ts';
import { makeAuthority } from '../authorities.ts';
import {
  CONTAINER_PATH,
  execInContainer,
  runContainer,
  startContainer,
  waitUntil,
  whyNot,
} from './container.ts';

test('lintel analyze says who waits for the password, and that the boot took so long for it', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const container = startContainer(t, ['/init'], {
    environment: { LINTEL_SERVICES: 'web door' },
    files: {
      '/usr/sbin/chpasswd': '#!/bin/sh\nmkfifo /tmp/gate\nread -r go < /tmp/gate\n',
      '/etc/services.d/web/run': '#!/bin/sh\nexec sleep 100\n',
      '/etc/services.d/door/run': '#!/bin/sh\nexec sleep 100\n',
      '/etc/services.d/door/service.json': '{ "needsPassword": true }',
    },
  });
  const root = `/proc/${await container.pid()}/root`;
  const analyze = async () => {
    const environment = { PATH: CONTAINER_PATH };
    return (await execInContainer(container, ['lintel', 'analyze'], { environment })).stdout;
  };
  await waitUntil('web is ready, and the door alone is waited for', async () =>
    /^still booting for [\d.]+ s: waits for password\n/.test(await analyze()),
  );
  assert.match(await analyze(), /^ {2}door .* waits for the password$/m);
  await waitUntil('chpasswd has been asked', () => existsSync(`${root}/tmp/gate`));
  writeFileSync(`${root}/tmp/gate`, 'go\n');
  await container.waitFor(
    /lintel: ready after [\d.]+ s: [\d.]+ s password, [\d.]+ s door, [\d.]+ s before services/,
  );
  const record = makeRecordSchema().parse(JSON.parse(readFileSync(`${root}/run/lintel/boot.json`, 'utf8')));
  assert.equal(record.outcome, 'ready');
  assert.deepEqual(
    makeCriticalPath(record)
      .slice(-2)
      .map(({ kind, name }) => `${kind} ${name}`),
    ['step password', 'service door'],
  );
  await container.signal('SIGTERM');
  await container.end();
});

test('a CMD that waited for the system’s store of certificates has that on its critical path', {
  skip: whyNot({ isRoot: true, programs: ['/usr/sbin/update-ca-certificates'] }),
}, async t => {
  const files = {
    '/srv/ca.pem': makeAuthority('Slow authority').pem,
    '/usr/sbin/update-ca-certificates': '#!/bin/sh\nsleep 0.3\n',
  };
  // The file is there in the turn after the CMD has been started.
  const script = 'while [ ! -e /run/lintel/boot.json ]; do sleep 0.01; done; cat /run/lintel/boot.json';
  const { stdout, stderr } = await runContainer(t, ['/init', 'sh', '-c', script], {
    files,
    environment: { PATH_TO_CA_BUNDLE: '/srv/ca.pem' },
  });
  const record = makeRecordSchema().parse(JSON.parse(stdout));
  assert.equal(record.outcome, 'ready');
  assert.equal(makeCriticalPath(record).at(-1)?.name, 'system store');
  assert.match(stderr, /^lintel: ready after [\d.]+ s: 0\.\d\d s system store, /m);
});
