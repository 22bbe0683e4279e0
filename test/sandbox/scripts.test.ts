import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runContainer, WORKBENCH_USER, whyNot } from './container.ts';

/** Odd things that scripts do to Lintel's own files. The boot goes on, and says what it had to do without. */
describe('a boot goes on', () => {
  for (const { what, script, said, user, seen = 'given' } of [
    {
      what: 'with a folder where scripts add variables',
      script: 'rm "$LINTEL_ENV"\nmkdir -p "$LINTEL_ENV/deep"',
      said: /script 20-next done/,
    },
    {
      what: 'with a runtime folder that is full',
      script: 'mount -n -t tmpfs -o size=4k,nr_inodes=1 full /run/lintel',
      said: /error: Cannot empty \/run\/lintel\/script\.env: no space left/,
    },
    {
      what: 'with a runtime folder that has become read-only',
      script:
        'echo ADDED=yes >> "$LINTEL_ENV"\nrm /run/lintel/env/KEPT\nmount -n --bind /run/lintel /run/lintel\nmount -n -o remount,bind,ro /run/lintel',
      said: /error: Cannot empty \/run\/lintel\/script\.env: read-only file system/,
      seen: 'none',
    },
    {
      what: 'with something mounted on a variable',
      script:
        ': > /tmp/empty\nmount -n --bind /tmp/empty /run/lintel/env/KEPT\necho seen > /run/lintel/env/OTHER',
      said: /warning: script 10-odd: Cannot remove \/run\/lintel\/env\/KEPT: /,
      seen: 'none',
    },
    {
      what: 'with a folder of the environment that may not be searched',
      script: 'chmod 600 "$LINTEL_RUNTIME_DIR/env"',
      said: /warning: script 10-odd: Cannot read \/tmp\/lintel-1000\/env: permission denied/,
      user: WORKBENCH_USER,
    },
  ]) {
    test(what, { skip: whyNot({ isRoot: true }) }, async t => {
      const { code, stdout, stderr } = await runContainer(
        t,
        ['/init', 'sh', '-c', 'echo "the CMD sees ${KEPT-none}"; exit 3'],
        {
          ...(user === undefined ? {} : { user }),
          files: {
            '/etc/cont-init.d/10-odd': `#!/bin/sh\n${script}\n`,
            '/etc/cont-init.d/20-next': '#!/bin/sh\nexit 0\n',
          },
          // A shipped script, too, can't add its variable there.
          environment: { KEPT: 'given', LINTEL_ON_INIT_FAILURE: 'warn' },
        },
      );
      assert.deepEqual([code, stdout], [3, `the CMD sees ${seen}\n`], stderr);
      assert.match(stderr, said);
      assert.match(stderr, /script 20-next done/);
      assert.doesNotMatch(stderr, /Bug in Lintel/);
    });
  }
});

const ALICE = 'echo "alice:x:1234:1235::/tmp:/bin/sh" >> /etc/passwd\necho "alice:x:1235:" >> /etc/group\n';

test('a user whom a script makes the workbench user has what is the workbench user’s', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const say =
    'id -u; ready=$(lintel ready --timeout 20s); echo "$ready"; cat /run/s6/container_environment/SECRET; stat -c "%n %u:%g %a" /run/lintel/env /run/lintel/env/SECRET /run/lintel/secrets; echo 4 > /run/s6-linux-init-container-results/exitcode; lintel shutdown >/dev/null; exec sleep 9999';
  const { code, stdout, stderr } = await runContainer(t, ['/init', 'sh', '-c', say], {
    files: {
      '/etc/cont-init.d/10-user': `#!/bin/sh\n${ALICE}echo NB_USER=alice >> "$LINTEL_ENV"\nsleep 0.1\n`,
    },
    environment: { SECRET: 'hers' },
  });
  assert.equal(
    stdout,
    '1234\nready\nhers/run/lintel/env 0:1235 2750\n/run/lintel/env/SECRET 0:1235 640\n/run/lintel/secrets 1234:1235 700\n',
    stderr,
  );
  assert.equal(code, 4, stderr);
});

test('the user of a service that a script enables may stop the container', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const { code, stderr } = await runContainer(t, ['/init'], {
    files: {
      '/etc/cont-init.d/10-choose': '#!/bin/sh\necho LINTEL_SERVICES=other >> "$LINTEL_ENV"\nsleep 0.1\n',
      '/etc/services.d/main/run': '#!/bin/sh\nexec sleep 9999\n',
      '/etc/services.d/other/run': '#!/bin/sh\nlintel shutdown 4\nexec sleep 9999\n',
      '/etc/services.d/other/service.json': '{"user": "games", "after": []}',
    },
    environment: { LINTEL_SERVICES: 'main' },
  });
  assert.equal(code, 4, stderr);
});
