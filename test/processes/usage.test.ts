import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { readProcess } from '../../src/processes/tree.ts';
import { makeUsageMeter, type Usage } from '../../src/processes/usage.ts';
import { isAlive, NEEDS_PYTHON, PYTHON } from '../rig.ts';
import { waitUntil } from '../waiting.ts';

const MIB = 1024 * 1024;

/** A service by hand: a process with a session of its own, which goes on with each line that it is sent. */
function startService(t: TestContext, program: string) {
  const child = spawn(PYTHON, ['-c', program], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const pid = child.pid ?? 0;
  t.after(() => isAlive(pid) && process.kill(-pid, 'SIGKILL'));
  const { startTicks = 0 } = readProcess(pid) ?? {};
  const meter = makeUsageMeter();
  const services = [{ name: 'web', leaders: [{ pid, startTicks }] }];
  return {
    pid,
    child,
    /** Resolves when it has said that it has done so. */
    async goOn(): Promise<void> {
      child.stdin.write('\n');
      await once(child.stdout, 'data');
    },
    async measure(): Promise<Usage> {
      return (await meter(() => ({ adopter: process.pid, services }))).get('web') ?? assert.fail();
    },
  };
}

const BURNS = `
import os, sys, time
def burn():
    child = os.fork()
    if child == 0:
        while time.process_time() < 0.3: pass
        os._exit(0)
    os.waitpid(child, 0)
`;
const STEP = 'print(flush=True); sys.stdin.readline()';

test('memory of a child counts', { skip: NEEDS_PYTHON }, async t => {
  const service = startService(
    t,
    `
import os, sys
sys.stdin.readline()
told, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    kept = bytearray(b"x") * (64 * ${MIB})
    os.write(tell, b"x")
    sys.stdin.readline()
    os._exit(0)
os.read(told, 1)
${STEP}
`,
  );
  const before = await service.measure();
  assert.equal(before.processes, 1);
  await service.goOn();
  const after = await service.measure();
  assert.equal(after.processes, 2);
  assert.ok(after.residentBytes - before.residentBytes > 60 * MIB, JSON.stringify({ before, after }));
});

test('CPU time of what has ended counts on, and never falls', { skip: NEEDS_PYTHON }, async t => {
  const service = startService(t, `${BURNS}\nsys.stdin.readline(); burn(); ${STEP}; burn(); ${STEP}`);
  const readings = [await service.measure()];
  await service.goOn();
  readings.push(await service.measure());
  await service.goOn();
  readings.push(await service.measure());
  const [first, second, third] = readings.map(({ cpuSeconds }) => cpuSeconds);
  assert.ok((second ?? 0) >= (first ?? 0) + 0.25, JSON.stringify(readings));
  assert.ok((third ?? 0) >= (second ?? 0) + 0.25, JSON.stringify(readings));
  service.child.kill('SIGKILL');
  await once(service.child, 'exit');
  assert.deepEqual(await service.measure(), { processes: 0, residentBytes: 0, cpuSeconds: third });
});

test('what a child used counts once, while it lives and when it has been waited for', {
  skip: NEEDS_PYTHON,
}, async t => {
  const service = startService(
    t,
    `
import os, sys, time
sys.stdin.readline()
told, tell = os.pipe()
ended, end = os.pipe()
child = os.fork()
if child == 0:
    while time.process_time() < 0.5: pass
    os.write(tell, b"x")
    os.read(ended, 1)
    os._exit(0)
os.read(told, 1)
${STEP}
os.write(end, b"x")
os.waitpid(child, 0)
${STEP}
`,
  );
  await service.goOn();
  const living = await service.measure();
  await service.goOn();
  const ended = await service.measure();
  assert.deepEqual([living.processes, ended.processes], [2, 1]);
  assert.ok(living.cpuSeconds >= 0.45, JSON.stringify(living));
  assert.ok(ended.cpuSeconds < living.cpuSeconds + 0.3, JSON.stringify({ living, ended }));
});

test('a program that waits for nobody loses what its children used, and the number stays', {
  skip: NEEDS_PYTHON,
}, async t => {
  const service = startService(
    t,
    `
import os, signal, sys, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
sys.stdin.readline()
told, tell = os.pipe()
ended, end = os.pipe()
if os.fork() == 0:
    while time.process_time() < 0.3: pass
    os.write(tell, b"x")
    os.read(ended, 1)
    os._exit(0)
os.read(told, 1)
${STEP}
os.write(end, b"x")
sys.stdin.readline()
`,
  );
  await service.goOn();
  const { cpuSeconds, processes } = await service.measure();
  assert.equal(processes, 2);
  assert.ok(cpuSeconds >= 0.25, String(cpuSeconds));
  service.child.stdin.write('\n');
  const left = await waitUntil('one of them has ended', async () => {
    const usage = await service.measure();
    return usage.processes === 1 && usage;
  });
  assert.equal(left.cpuSeconds, cpuSeconds);
});
