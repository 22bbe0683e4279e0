import assert from 'node:assert/strict';
import test from 'node:test';
import { startContainer, whyNot } from './container.ts';

/** What only a mount of our own can show: a folder from which the kernel runs nothing. */
test('a program on a mount without exec is explained, whoever asks for it', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const mount =
    'mount -n -t tmpfs -o noexec,mode=755 none /mnt; cp /srv/web /srv/sh /mnt/; chmod 755 /mnt/*; ln -s /mnt/web /etc/services.d/linked/run; exec /init';
  const container = startContainer(t, ['/bin/sh', '-c', mount], {
    files: {
      '/srv/web': '#!/bin/sh\nexec sleep 9999\n',
      '/srv/sh': 'any text',
      '/etc/services.d/keeper/run': '#!/bin/sh\nexec sleep 9999\n',
      '/etc/services.d/mounted/service.json': '{"command": ["/mnt/web"]}',
      '/etc/services.d/script/run': '#!/mnt/sh\n',
      '/etc/services.d/linked/service.json': '{}',
    },
  });
  await container.waitFor(
    /linked\/run: it is on \/mnt, which is mounted noexec: no program there can run, exp/,
  );
  await container.waitFor(/mounted could not start: \/mnt\/web: it is on \/mnt, which is mounted noexec/);
  await container.waitFor(
    /script could not start: \S+: its interpreter \/mnt\/sh is on \/mnt, which is moun/,
  );
  await container.signal('SIGTERM');
  const end = await container.end();
  assert.equal(end.code, 0, end.stderr);
});
