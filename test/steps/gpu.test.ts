import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { LASTING } from '../control/workbench.ts';
import { readEvidence, renderNvidiaSmi } from '../facts/gpu-evidence.ts';
import { type Files, findProcesses, IS_ROOT, type Lintel, makeRoot, NEEDS_ROOT, WORKBENCH } from '../rig.ts';

/*
 * GPUs are made of what they are told by: files in place of device nodes, of /proc and /sys, and an nvidia-smi that
 * says what one said somewhere. The check goes on beside everything else, so tests wait for what it says.
 */
const SERVICE = { '/etc/services.d/web/run': LASTING };
const TROUBLE = /GPU can’t be used: .*/;

/** What lies on that machine, with modes and owners, and an nvidia-smi that says what it said there. */
function makeMachine(t: TestContext, name: string, more: Files = {}) {
  const running: Lintel[] = [];
  // Before the rig looks for what is left.
  t.after(() => Promise.all(running.map(lintel => lintel.stop())));
  const evidence = readEvidence(name);
  const files = Object.entries(evidence.entries).map(([path, text]) => [`/${path}`, String(text)] as const);
  const program = evidence.listing === undefined ? {} : { '/usr/bin/nvidia-smi': renderNvidiaSmi(evidence) };
  const root = makeRoot(t, { ...Object.fromEntries(files), ...program, ...more });
  for (const { path, mode, uid, gid } of evidence.nodes) {
    chmodSync(root.at(path), mode);
    if (IS_ROOT) chownSync(root.at(path), uid, gid);
  }
  // The machine that the test runs on may have an nvidia-smi of its own.
  const PATH = `${root.at('/usr/bin')}:/usr/bin:/bin`;
  return {
    root,
    /** With a CMD it ends by itself. */
    boot(command: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
      const lintel = root.boot({ command, environment: { PATH, ...environment } });
      if (command.length === 0) running.push(lintel);
      return lintel;
    },
    /** The line of `lintel facts`, once the check has ended. */
    async readGpu(): Promise<string> {
      for (let times = 0; times < 50; times++) {
        const { stdout } = await root.boot({ command: ['lintel', 'facts'], environment: { PATH } }).end();
        const line = /^GPU.*/m.exec(stdout)?.[0] ?? '';
        if (!line.endsWith('not known yet')) return line.replaceAll(root.at(''), '');
      }
      return 'never known';
    },
  };
}

/** An nvidia-smi that should not be asked, and what shows whether it was. */
const ASKED = '#!/bin/sh\necho > "$LINTEL_ROOT/tmp/asked"\n';
const SEE = 'sleep 0.3; ls "$LINTEL_ROOT/tmp"';
const TELL = ['/bin/sh', '-c', 'echo "$LINTEL_GPU $LINTEL_GPU_COUNT"'];

test('without a GPU everybody is told so, and nobody is asked', async t => {
  const root = makeRoot(t, { '/usr/bin/nvidia-smi': ASKED });
  const { stdout, stderr } = await root
    .boot({
      command: [...TELL.slice(0, 2), `${TELL[2]}; ${SEE}`],
      environment: { PATH: `${root.at('/usr/bin')}:/usr/bin:/bin` },
    })
    .end();
  assert.equal(stdout, 'none 0\n');
  assert.doesNotMatch(stderr, /gpu/i);
});

test('scripts and CMD are told of the GPU, and a line says what tells of it', async t => {
  const { root, boot } = makeMachine(t, 'a100-mig', {
    '/etc/cont-init.d/10-look': '#!/bin/sh\necho "script: $LINTEL_GPU $LINTEL_GPU_COUNT"\n',
  });
  const { stdout, stderr } = await boot(TELL).end();
  assert.equal(stdout, 'nvidia 2\n');
  assert.match(stderr, /script: nvidia 2/);
  assert.ok(
    stderr.includes(`gpu: nvidia, 2 (${root.at('/dev/nvidia0')}, ${root.at('/dev/nvidiactl')})`),
    stderr,
  );
});

describe('the operator', () => {
  for (const [given, told] of [
    [{ LINTEL_GPU: 'none' }, 'none 0'],
    [{ LINTEL_GPU: 'amd' }, 'amd 1'],
    [{ LINTEL_GPU_COUNT: '1' }, 'nvidia 1'],
    [{ LINTEL_GPU: '', LINTEL_GPU_COUNT: ' ' }, 'nvidia 2'],
    [{ NVIDIA_VISIBLE_DEVICES: 'none' }, 'none 0'],
  ] as const) {
    test(`is believed: ${JSON.stringify(given)}`, async t => {
      const { stdout, stderr } = await makeMachine(t, 'a100-mig').boot(TELL, given).end();
      assert.equal(stdout, `${told}\n`);
      assert.doesNotMatch(stderr, /left alone|no setting/);
    });
  }

  test('who says that there is none has nobody asked', async t => {
    const { boot } = makeMachine(t, 'l4', { '/usr/bin/nvidia-smi': ASKED });
    const { stdout } = await boot(['/bin/sh', '-c', SEE], { LINTEL_GPU: 'none' }).end();
    assert.equal(stdout, '');
  });
});

describe('the check', () => {
  test('is done as the workbench user, in a language that is understood', async t => {
    const { boot } = makeMachine(t, 'l4', {
      ...SERVICE,
      '/usr/bin/nvidia-smi': '#!/bin/sh\necho "$(id -u) $LC_ALL $HOME" > "$LINTEL_ROOT/tmp/asked"\n',
    });
    const text = await boot().waitForFile('/tmp/asked');
    assert.match(text, new RegExp(`^${WORKBENCH.uid} C \\S+/home/ada\n$`));
  });

  test('says nothing of a GPU that works; lintel facts has its name', async t => {
    const { boot, readGpu } = makeMachine(t, 'rtx-2080-ti', SERVICE);
    const lintel = boot();
    await lintel.waitForText(/web runs/);
    const names = Array<string>(4).fill('NVIDIA GeForce RTX 2080 Ti').join(', ');
    assert.match(await readGpu(), new RegExp(`^GPU +nvidia, 4 \\(.*, driver 520\\.61\\.05\\): ${names}$`));
    assert.doesNotMatch(lintel.log(), TROUBLE);
  });

  test('asks the driver for names where there is no nvidia-smi', async t => {
    const { boot, readGpu, root } = makeMachine(t, 'l4', SERVICE);
    await boot().waitForText(/web runs/);
    assert.equal(await readGpu(), 'GPU              nvidia, 1 (/dev/nvidia0): NVIDIA L4');
    const { stdout } = await root.boot({ command: ['lintel', 'facts', '--json'] }).end();
    assert.deepEqual(JSON.parse(stdout).findings, { gpu: { vendor: 'nvidia', devices: ['NVIDIA L4'] } });
  });

  for (const [name, sentence] of [
    [
      'version-mismatch',
      'nvidia-smi says: Failed to initialize NVML: Driver/library version mismatch (the kernel’s driver is 535.183.01)',
    ],
    [
      'lost',
      'nvidia-smi says: Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost. Reboot the system to recover this GPU',
    ],
    ['no-library', "nvidia-smi says: NVIDIA-SMI couldn't find libnvidia-ml.so library in your system."],
    ['wsl', "nvidia-smi says: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."],
  ] as const) {
    test(`says in one sentence what is broken: ${name}`, async t => {
      const { boot, readGpu } = makeMachine(t, name, SERVICE);
      const lintel = boot();
      const [said] = await lintel.waitForText(TROUBLE);
      assert.ok(said.startsWith(`GPU can’t be used: ${sentence}`), said);
      assert.ok((await readGpu()).includes(`can’t be used: ${sentence}`));
      assert.equal(lintel.log().split('GPU can’t be used').length, 2);
    });
  }

  test('says how an nvidia-smi ended that said nothing', async t => {
    const { boot } = makeMachine(t, 'l4', {
      ...SERVICE,
      '/usr/bin/nvidia-smi': '#!/bin/sh\nkill -SEGV $$\n',
    });
    const [said] = await boot().waitForText(TROUBLE);
    assert.match(said, /: nvidia-smi was ended by SIGSEGV$/);
  });

  test('names a device that has no driver behind it', { skip: NEEDS_ROOT }, async t => {
    const { root, boot } = makeMachine(t, 'version-mismatch', SERVICE);
    const node = root.at('/dev/nvidia0');
    rmSync(node);
    if (spawnSync('mknod', ['-m', '666', node, 'c', '195', '0']).status !== 0)
      return t.skip('mknod is forbidden');
    const [said] = await boot().waitForText(TROUBLE);
    assert.ok(said.includes(`${node} has no driver behind it (No such device or address)`), said);
  });

  for (const [mode, group, advice] of [
    [
      0o660,
      109,
      'group 109 render): start the container with that group (--group-add 109, in Kubernetes supplementalGroups)',
    ],
    [0o660, 0, 'group 0 root): the machine has to open it to others'],
    [0o600, 109, 'group 109 render): the machine has to open it to others'],
  ] as const) {
    test(`tells who may open a device of mode ${mode.toString(8)}, group ${group}`, {
      skip: NEEDS_ROOT,
    }, async t => {
      const { root, boot } = makeMachine(t, 'mi200', { ...SERVICE, '/etc/group': renderGroups('') });
      const node = root.at('/dev/kfd');
      chmodSync(node, mode);
      chownSync(node, 0, group);
      const [said] = await boot().waitForText(TROUBLE);
      assert.ok(said.endsWith(`ada may not open ${node} (mode ${mode.toString(8)}, user 0, ${advice}`), said);
    });
  }

  test('finds nothing wrong where the user is in the device’s group', { skip: NEEDS_ROOT }, async t => {
    const { boot, readGpu } = makeMachine(t, 'mi200', { ...SERVICE, '/etc/group': renderGroups('ada') });
    await boot().waitForText(/web runs/);
    const nodes = '/dev/kfd, /dev/dri/renderD128, /dev/dri/renderD129';
    assert.match(await readGpu(), new RegExp(`^GPU +amd, 2 \\(${nodes}\\): opens$`));
  });
});

function renderGroups(members: string): string {
  return `root:x:0:\nada:x:${WORKBENCH.gid}:\nrender:x:109:${members}\n`;
}

/** Ignores what it can, as one that waits inside the driver. */
const HUNG =
  '#!/bin/sh\ntrap "" TERM INT HUP\necho "$$" > "$LINTEL_ROOT/tmp/hung"\nwhile :; do sleep 4246; done\n';

describe('an nvidia-smi that hangs', () => {
  test('is no reason for the CMD to wait, nor for its end', async t => {
    const { root, boot } = makeMachine(t, 'l4', { '/usr/bin/nvidia-smi': HUNG });
    const startMs = performance.now();
    const { code } = await boot([
      '/bin/sh',
      '-c',
      'while [ ! -s "$LINTEL_ROOT/tmp/hung" ]; do sleep 0.01; done; exit 7',
    ]).end();
    assert.equal(code, 7);
    assert.ok(performance.now() - startMs < 4500, 'it waited for nvidia-smi');
    assert.deepEqual(findProcesses(root.at('/usr/bin/nvidia-smi')), []);
  });

  test('delays no service and no stop', async t => {
    const { boot } = makeMachine(t, 'l4', { ...SERVICE, '/usr/bin/nvidia-smi': HUNG });
    const lintel = boot();
    await lintel.waitForText(/web runs/);
    await lintel.waitForFile('/tmp/hung');
    const startMs = performance.now();
    const { code, stderr } = await lintel.stop();
    assert.equal(code, 0);
    assert.ok(performance.now() - startMs < 4000, 'the stop waited for nvidia-smi');
    assert.doesNotMatch(stderr, /GPU can’t be used|killed/);
  });

  test('is given up after 5 s, and that is said', async t => {
    const { root, boot } = makeMachine(t, 'l4', { ...SERVICE, '/usr/bin/nvidia-smi': HUNG });
    const lintel = boot();
    await lintel.waitForFile('/tmp/hung');
    const [said] = await lintel.waitForText(TROUBLE);
    assert.match(said, /: nvidia-smi did not answer in 5 s$/);
    assert.deepEqual(findProcesses(root.at('/usr/bin/nvidia-smi')), []);
    assert.match(lintel.log(), /web runs/);
  });
});
