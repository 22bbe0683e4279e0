import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runContainer, whyNot } from './container.ts';

/** Images whose PATH begins with a folder of the workbench user's, as conda's often is: what lies there, root must not run. */
const AS_ROOT = { skip: whyNot({ isRoot: true }) };
const FOLDER = '/opt/theirs/bin';
const PATH = `${FOLDER}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
/** Says who ran it, and does what the real one does. */
const TRAP =
  '#!/bin/sh\n[ "$(/usr/bin/id -u)" != 0 ] || echo "${0##*/}" >> /tmp/sprung\nexec "/usr/bin/${0##*/}" "$@"\n';

describe('a program in a folder of the user’s on PATH is not run by root', AS_ROOT, () => {
  for (const [name, environment] of [
    ['chpasswd', { PASSWORD: 'any-password' }],
    ['setpriv', { LINTEL_NO_NEW_PRIVS: '1' }],
    ['bash', {}],
    // By the scripts that Lintel ships.
    ['id', {}],
    ['stat', {}],
  ] as const)
    test(name, async t => {
      const { code, stdout, stderr } = await runContainer(
        t,
        [
          ...['/bin/sh', '-euc', `chown -R 1000 /opt/theirs; exec "$@"`, 'sh'],
          ...['/init', '/bin/sh', '-c', 'sleep 0.5; cat /tmp/sprung; echo "$HOOKED"'],
        ],
        {
          environment: { PATH, ...environment },
          files: {
            [`${FOLDER}/${name}`]: TRAP,
            '/usr/local/bin/before-notebook.d/10-hook.sh': 'export HOOKED=yes\n',
          },
        },
      );
      assert.deepEqual({ code, stdout }, { code: 0, stdout: 'yes\n' }, stderr);
    });
});
