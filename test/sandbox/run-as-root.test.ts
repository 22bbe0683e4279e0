import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CONTAINER_PATH, execInContainer, startContainer, WORKBENCH_USER, whyNot } from './container.ts';

/** `lintel run` by root in a container that is not root's: whatever answers there is the user's, or could be. */
const AS_ROOT = { skip: whyNot({ isRoot: true, programs: ['/usr/bin/nsenter'] }) };
const ENVIRONMENT = { PATH: CONTAINER_PATH, HOME: '/root' };
const LOOK = ['sh', '-c', 'id -u; id -G; echo "$GIVEN"'];

/** Answers as Lintel does, with what would make root run code of the user's. */
const IMPOSTOR = `
const { mkdirSync } = require('node:fs');
mkdirSync('/tmp/lintel-1000', { mode: 0o700 });
const body = JSON.stringify({
  variables: [{ name: 'GIVEN', value: 'by the impostor', source: 'x', isSecret: false }],
  user: { name: 'root', uid: 0, gid: 0, groups: [0, 4] },
}) + '\\n';
require('node:http')
  .createServer((_, response) => response.end(body))
  .listen('/tmp/lintel-1000/control.sock', () => console.log('started'));
`;

describe('lintel run by root, in a container of another user’s', AS_ROOT, () => {
  for (const [what, command, environment] of [
    ['Lintel', ['/init', 'sh', '-c', 'lintel ready; echo started; sleep 9999'], { GIVEN: 'yes' }],
    ['an impostor', ['/usr/local/lib/lintel/node', '-e', IMPOSTOR], {}],
  ] as const)
    test(`takes nothing from ${what} but with that user’s rights`, async t => {
      const container = startContainer(t, command, {
        user: WORKBENCH_USER,
        groups: [100, 44],
        environment: { HOME: '/home/lintel', ...environment },
      });
      await container.waitFor(/^started$/m);
      const asRoot = await execInContainer(container, ['lintel', 'run', '--', ...LOOK], {
        environment: ENVIRONMENT,
      });
      assert.deepEqual([asRoot.code, asRoot.stdout], [1, ''], asRoot.stderr);
      assert.match(
        asRoot.stderr,
        /^lintel: error: Cannot run as root with an environment of uid 1000’s, as whom Lintel runs here: expected --workbench/,
      );
      const asUser = await execInContainer(container, ['lintel', 'run', '--workbench', '--', ...LOOK], {
        environment: ENVIRONMENT,
      });
      const given = what === 'Lintel' ? 'yes' : 'by the impostor';
      assert.deepEqual([asUser.code, asUser.stdout], [0, `1000\n100 44\n${given}\n`], asUser.stderr);
    });
});
