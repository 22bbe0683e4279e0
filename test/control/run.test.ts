import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { NEEDS_ROOT } from '../rig.ts';
import { bootWorkbench, LASTING, WAIT } from './workbench.ts';

const ODD = 'it\'s "quoted" $(id) `id` \\ and\ntwo lines ';
const FILES = {
  '/etc/services.d/web/run': LASTING,
  '/etc/cont-init.d/10-grow': `#!/bin/sh
printf '%s' "$ODD" > "$LINTEL_RUNTIME_DIR/env/COPIED"
echo "PATH=$LINTEL_ROOT/opt/bin:$PATH" >> "$LINTEL_ENV"
`,
  '/opt/bin/hello': '#!/bin/sh\necho "hello from $0"\n',
};

describe('lintel run', () => {
  test('becomes the command: with the workbench’s environment, its own pid and plain signals', async t => {
    const { run, start } = bootWorkbench(t, FILES, { environment: { ODD } });
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    const seen = await run(['run', '--', 'env', '-0']);
    assert.equal(seen.code, 0, seen.stderr);
    assert.ok(seen.stdout.includes(`\0COPIED=${ODD}\0`) || seen.stdout.includes(`COPIED=${ODD}\0`));
    assert.match((await run(['run', '--', 'hello'])).stdout, /^hello from .*\/opt\/bin\/hello\n$/);

    const going = start([
      'run',
      '--',
      'sh',
      '-c',
      'echo "pid $$"; exec cat /proc/self/status /proc/self/limits',
    ]);
    const { stdout } = await going.end();
    assert.match(stdout, new RegExp(`^pid ${going.pid}$`, 'm'));
    for (const mask of ['SigBlk', 'SigIgn']) assert.match(stdout, new RegExp(`^${mask}:\\t0+$`, 'm'));
    const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(stdout) ?? [];
    assert.ok(Number(soft) < Number(hard) || soft === hard, 'the soft limit is the caller’s');
  });

  test('ends as the command does, and with a signal as by exec', async t => {
    const { run, start } = bootWorkbench(t, FILES);
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    assert.equal((await run(['run', '--', 'sh', '-c', 'exit 7'])).code, 7);
    const going = start(['run', '--', 'sh', '-c', 'echo there; exec sleep 9999']);
    await going.waitForText(/there/);
    going.signal('SIGTERM');
    assert.equal((await going.end()).code, null);
  });

  test('says why a command can’t be run', async t => {
    const { root, run, lintel } = bootWorkbench(t, FILES);
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    writeFileSync(root.at('/opt/text'), 'echo no program');
    const missing = await run(['run', '--', 'nowhere']);
    assert.deepEqual(
      [missing.code, missing.stderr],
      [127, 'lintel: error: Cannot run nowhere: not found on PATH\n'],
    );
    assert.equal((await run(['run', '--', root.at('/opt/text')])).code, 126);
    assert.equal((await run(['run', '--', '/'])).code, 126);
    assert.equal((await run(['run', '--'])).code, 2);
    assert.equal((await run(['run', 'true'])).code, 2);
    await lintel.stop();
    assert.equal((await run(['run', '--', 'true'])).code, 3);
  });

  test('stays root for root, and becomes the workbench user on request', { skip: NEEDS_ROOT }, async t => {
    const { root, run } = bootWorkbench(t, FILES);
    assert.equal((await run(WAIT)).stdout, 'ready\n');
    const line = 'id -u; id -G; echo "$HOME $USER"; grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status';
    const asRoot = await run(['run', '--', 'sh', '-c', line]);
    assert.match(asRoot.stdout, /^0\n/);
    const asUser = await run(['run', '--workbench', '--', 'sh', '-c', line]);
    assert.equal(
      asUser.stdout,
      `1000\n1000\n${root.at('/home/ada')} ada\n${['Inh', 'Prm', 'Eff', 'Amb'].map(set => `Cap${set}:\t0000000000000000\n`).join('')}`,
    );
  });
});
