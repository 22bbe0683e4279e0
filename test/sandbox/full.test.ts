import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runContainer, whyNot } from './container.ts';

/** What a boot has to do without: room in /run, the folder that it was started in. */
const AS_ROOT = { skip: whyNot({ isRoot: true }) };
const HOOK = { '/usr/local/bin/before-notebook.d/10-hook.sh': 'export HOOKED=yes\n' };
const FILL = 'dd if=/dev/zero of=/run/full bs=1k count=1000 2> /dev/null || :';

/** A shell prepares the container, and becomes /init. */
function prepared(...lines: readonly string[]): string[] {
  return ['/bin/sh', '-euc', [...lines, 'exec /init "$@"'].join('\n'), 'sh'];
}

describe('a full /run takes no variable away', AS_ROOT, () => {
  const MOUNT = 'mount -t tmpfs -o size=64k none /run';
  const environment = { MINE: 'x'.repeat(6000), ALSO_MINE: 'yes' };
  const ASK = ['sh', '-c', 'echo "$' + '{#MINE} $ALSO_MINE"'];

  test('when hooks of docker-stacks run', async t => {
    const { stdout, stderr, code } = await runContainer(t, [...prepared(MOUNT), ...ASK], {
      environment,
      files: { ...HOOK, '/etc/cont-init.d/20-fill': `#!/bin/sh\n${FILL}\n` },
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '6000 yes\n' }, stderr);
    assert.match(stderr, /warning: the hooks of .* left no environment .*: what they set is not taken over/);
  });

  test('when scripts run', async t => {
    const { stdout, stderr, code } = await runContainer(t, [...prepared(MOUNT, FILL), ...ASK], {
      environment,
      files: { '/etc/cont-init.d/20-script': '#!/bin/sh\ntouch /run/lintel/env/OTHER\n' },
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '6000 yes\n' }, stderr);
    assert.match(stderr, /error: Cannot write \/run\/lintel\/env\/MINE: no space left/);
  });
});

test('hooks and the CMD run in / where a script took the working directory away', AS_ROOT, async t => {
  const { stdout, stderr, code } = await runContainer(
    t,
    [...prepared('mkdir /tmp/work', 'cd /tmp/work'), 'sh', '-c', 'pwd; echo "$HOOKED"'],
    { files: { ...HOOK, '/etc/cont-init.d/20-gone': '#!/bin/sh\nrmdir /tmp/work\n' } },
  );
  assert.deepEqual({ code, stdout }, { code: 0, stdout: '/\nyes\n' }, stderr);
});
