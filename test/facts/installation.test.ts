import assert from 'node:assert/strict';
import { chmodSync, chownSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readForeignFiles } from '../../src/facts/installation.ts';
import { IS_ROOT } from '../rig.ts';
import { makeFolder } from './folder.ts';

const LINTEL = '/usr/local/lib/lintel';
const FILES = {
  'opt/onyxia-init.sh': '',
  'usr/local/lib/lintel/lintel.cjs': '',
  'usr/local/lib/lintel/node': '',
  'usr/local/lib/lintel/shims/with-contenv': '',
  'usr/local/lib/lintel/services.d/sshd/run': '',
  'usr/local/lib/lintel/cont-init.d/10-xdg-runtime-dir': '',
};
const USER = { gid: 100, groups: [100, 27] };

/** Each: what was done to the installation by a Dockerfile, and what others may change then. */
const CASES: readonly (readonly [
  what: string,
  changes: readonly (readonly [path: string, uid: number, gid: number, mode: number])[],
  found: readonly (readonly [path: string, who: string])[],
])[] = [
  ['root’s own installation', [], []],
  [
    'a file of the workbench user’s',
    [[`${LINTEL}/node`, 1000, 100, 0o555]],
    [[`${LINTEL}/node`, 'uid 1000']],
  ],
  [
    'all of /usr/local, once',
    [
      ['/usr/local', 1000, 100, 0o755],
      ['/usr/local/lib', 1000, 100, 0o755],
      [LINTEL, 1000, 100, 0o755],
      [`${LINTEL}/lintel.cjs`, 1000, 100, 0o644],
    ],
    [['/usr/local', 'uid 1000']],
  ],
  [
    'the services and scripts that it ships',
    [
      [`${LINTEL}/services.d`, 1000, 100, 0o755],
      [`${LINTEL}/cont-init.d`, 1000, 100, 0o755],
    ],
    [
      [`${LINTEL}/cont-init.d`, 'uid 1000'],
      [`${LINTEL}/services.d`, 'uid 1000'],
    ],
  ],
  ['a folder of the user’s group', [['/usr/local/lib', 0, 27, 0o2775]], [['/usr/local/lib', 'group 27']]],
  ['a folder of a group that the user is not in', [['/usr/local/lib', 0, 50, 0o2775]], []],
  ['a folder that everybody may write', [['/opt', 0, 0, 0o777]], [['/opt', 'everybody']]],
  ['such a folder where nobody replaces another’s files', [['/opt', 0, 0, 0o1777]], []],
  [
    'the name that Onyxia’s charts call',
    [['/opt/onyxia-init.sh', 1000, 100, 0o755]],
    [['/opt/onyxia-init.sh', 'uid 1000']],
  ],
];

describe('what others may change of Lintel itself', {
  skip: !IS_ROOT && 'needs root, for real owners',
}, () => {
  for (const [what, changes, found] of CASES) {
    test(`${what}: ${found.length === 0 ? 'nothing' : 'named'}`, t => {
      const base = makeFolder(t, FILES).path;
      chmodSync(base, 0o755);
      for (const [path, uid, gid, mode] of changes) {
        chownSync(base + path, uid, gid);
        chmodSync(base + path, mode);
      }
      assert.deepEqual(
        readForeignFiles(base, USER),
        found.map(([path, who]) => ({ path, who })),
      );
    });
  }
});
