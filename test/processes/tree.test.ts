import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import {
  findDescendants,
  findMembers,
  readProcess,
  readProcesses,
  signalProcess,
} from '../../src/processes/tree.ts';
import { bootRoot, type Files, isAlive, NEEDS_PYTHON, PYTHON } from '../rig.ts';

/** Whatever a service starts, wherever it moves to, ends with it. */
const STRAYS: Files = {
  '/srv/stray': '#!/bin/sh\necho $$ > "$LINTEL_ROOT/tmp/stray"\nexec sleep 9999\n',
  '/srv/stubborn':
    '#!/bin/sh\ntrap "" TERM HUP INT\necho $$ > "$LINTEL_ROOT/tmp/stray"\nwhile :; do sleep 1; done\n',
  '/srv/stopped': '#!/bin/sh\necho $$ > "$LINTEL_ROOT/tmp/stray"\nkill -STOP $$\n',
};

/** How a process gets away from the service that started it, as a shell would do it. */
const ESCAPES: readonly (readonly [what: string, script: string])[] = [
  ['a background child', '"$LINTEL_ROOT/srv/stray" &'],
  ['a child in a session of its own', 'setsid "$LINTEL_ROOT/srv/stray" &'],
  ['a daemon of two forks in a session of its own', '(setsid sh -c \'"$LINTEL_ROOT/srv/stray" &\' &)'],
  ['a background child that ignores TERM', '"$LINTEL_ROOT/srv/stubborn" &'],
  ['a daemon of two forks that ignores TERM', '(setsid sh -c \'"$LINTEL_ROOT/srv/stubborn" &\' &)'],
  [
    'a child of a child, each in a session of its own',
    'setsid sh -c \'setsid "$LINTEL_ROOT/srv/stray" & wait\' &',
  ],
  ['a stopped child', '"$LINTEL_ROOT/srv/stopped" &'],
];

test('a daemon of a service with a name of any language ends with it', async t => {
  const lintel = bootRoot(t, {
    ...STRAYS,
    '/etc/services.d/größer/run':
      '#!/bin/sh\n(setsid sh -c \'"$LINTEL_ROOT/srv/stray" &\' &)\nexec sleep 9999\n',
    '/etc/services.d/keeper/run': '#!/bin/sh\nexec sleep 9999\n',
  });
  const stray = Number(await lintel.waitForFile('/tmp/stray'));
  const stop = lintel.root.boot({ command: ['lintel', 'stop', 'größer', '--wait'] });
  assert.equal((await stop.end()).code, 0);
  assert.equal(isAlive(stray), false);
  await lintel.stop();
});

for (const [what, script] of ESCAPES) {
  for (const [how, ending] of [
    ['that is stopped', 'exec sleep 9999'],
    ['that dies', 'until [ -s "$LINTEL_ROOT/tmp/stray" ]; do sleep 0.01; done\nexit 3'],
  ] as const) {
    test(`${what} ends with a service ${how}`, async t => {
      const lintel = bootRoot(t, {
        ...STRAYS,
        '/etc/services.d/web/run': `#!/bin/sh\n${script}\n${ending}\n`,
        '/etc/services.d/web/service.json': '{ "stopTimeoutMs": 300, "restart": "never" }',
        '/etc/services.d/keeper/run': '#!/bin/sh\nexec sleep 9999\n',
      });
      const stray = Number(await lintel.waitForFile('/tmp/stray'));
      if (how === 'that dies') {
        await lintel.waitForText(/web exited with code 3/);
        await lintel.waitUntil('the stray is gone', () => !isAlive(stray));
      } else assert.equal(isAlive(stray), true);
      const { code, stderr } = await lintel.stop();
      assert.equal(code, 0, stderr);
      assert.equal(isAlive(stray), false);
      // The service itself took care of it: there was no need for the last broom.
      assert.doesNotMatch(stderr, /left behind/);
    });
  }
}

const DAEMON = `#!${PYTHON}
import os, signal, sys

def run(folder):
    def leave(*_):
        with open(folder + "goodbye", "w") as file:
            file.write("TERM\\n")
        os._exit(0)
    signal.signal(signal.SIGTERM, leave)
    with open(folder + "stray", "w") as file:
        file.write(str(os.getpid()) + "\\n")
    while True:
        signal.pause()

if sys.argv[1] == "run":
    run(sys.argv[2])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        environment = {} if sys.argv[1] == "clean" else dict(os.environ)
        folder = os.environ["LINTEL_ROOT"] + "/tmp/"
        os.execve(sys.executable, [sys.executable, __file__, "run", folder], environment)
    os._exit(0)
`;

for (const [what, argument] of [
  ['of two forks', 'usual'],
  ['of two forks that even cleared its environment', 'clean'],
] as const) {
  test(`a daemon ${what} is asked to end before the container does`, { skip: NEEDS_PYTHON }, async t => {
    const lintel = bootRoot(t, {
      '/srv/daemon': DAEMON,
      '/etc/services.d/web/run': `#!/bin/sh\n"$LINTEL_ROOT/srv/daemon" ${argument}\nexec sleep 9999\n`,
    });
    const stray = Number(await lintel.waitForFile('/tmp/stray'));
    const { code, stderr } = await lintel.stop();
    assert.equal(code, 0, stderr);
    assert.equal(isAlive(stray), false);
    assert.equal(lintel.root.read('/tmp/goodbye'), 'TERM\n');
  });
}

test('what a CMD leaves behind ends with it, and what had to be killed is named', async t => {
  const script =
    'setsid "$LINTEL_ROOT/srv/stubborn" > /dev/null 2>&1 &\nuntil [ -s "$LINTEL_ROOT/tmp/stray" ]; do sleep 0.01; done\nexit 7';
  const lintel = bootRoot(t, STRAYS, {
    command: ['sh', '-c', script],
    environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: '1000' },
  });
  const { code, stderr } = await lintel.end();
  assert.equal(code, 7, stderr);
  const stray = Number(lintel.root.read('/tmp/stray'));
  assert.equal(isAlive(stray), false);
  assert.match(stderr, new RegExp(`warning: processes that were left behind .*\\bstubborn\\[${stray}\\]`));
});

const KEEPER: Files = {
  '/etc/services.d/web/run': '#!/bin/sh\necho $$ > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
};

test('a stranger that carries the mark of a service of the same name is left alone', async t => {
  // Another Lintel of this machine may have one; its orphans belong to PID 1, and so does this.
  const folder = makeFolder(t);
  const file = join(folder, 'pid');
  const script = `(setsid sh -c 'echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 9999' > /dev/null 2>&1 &)`;
  const env = { PATH: '/usr/bin:/bin', LINTEL_SERVICE: 'web' };
  await once(spawn('sh', ['-c', script], { env, stdio: 'ignore' }), 'exit');
  const lintel = bootRoot(t, KEEPER);
  await lintel.waitForFile('/tmp/up');
  const stranger = await lintel.waitUntil('the stranger is there', () => Number(tryRead(file)) || false);
  t.after(() => process.kill(stranger, 'SIGKILL'));
  assert.equal((await lintel.stop()).code, 0);
  assert.equal(isAlive(stranger), true);
});

test('what Lintel was started beside is left alone', async t => {
  const neighbour = start(t, ['sleep', '9999']);
  const lintel = bootRoot(t, KEEPER);
  await lintel.waitForFile('/tmp/up');
  assert.equal((await lintel.stop()).code, 0);
  assert.equal(isAlive(neighbour), true);
});

test('a process is read whatever its name looks like', async t => {
  const folder = makeFolder(t);
  const path = join(folder, 'a) S 1 (b');
  // A script has its own name, not its interpreter's.
  writeFileSync(path, '#!/bin/sh\necho up\nread -r _\n');
  chmodSync(path, 0o755);
  const child = spawn(path, { stdio: ['pipe', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const { name, parent, isZombie, pid } = readProcess(child.pid ?? 0) ?? assert.fail();
  assert.deepEqual(
    { name, parent, isZombie, pid },
    { name: 'a) S 1 (b', parent: process.pid, isZombie: false, pid: child.pid },
  );
});

test('a process that is not there is undefined', () => {
  assert.equal(readProcess(2 ** 22 + 1), undefined);
  assert.equal(readProcesses().has(process.pid), true);
});

test('a signal goes to exactly the process that was meant, not to another of its number', t => {
  const pid = start(t, ['sleep', '9999']);
  const startTicks = readProcess(pid)?.startTicks ?? 0;
  signalProcess({ pid, startTicks: startTicks - 1 }, 'SIGKILL');
  assert.equal(isAlive(pid), true);
  signalProcess({ pid, startTicks }, 'SIGSTOP');
  assert.match(readFileSync(`/proc/${pid}/stat`, 'utf8'), /\) [TtSR]/);
  signalProcess({ pid: 2 ** 22 + 1, startTicks }, 'SIGKILL');
});

test('the members of a tree are found over parents and sessions, those of a group by the group alone', async t => {
  const script = 'sleep 9999 & echo "$$ $!"; setsid sh -c \'echo "$$"; exec sleep 9999\' & wait';
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  for await (const data of child.stdout) {
    said += data;
    if (/\d+ \d+\n\d+\n/.test(said)) break;
  }
  const [leader = 0, inner = 0, outer = 0] = said.trim().split(/\s/).map(Number);
  t.after(() => {
    for (const pid of [leader, inner, outer]) process.kill(pid, 'SIGKILL');
  });
  const startTicks = readProcess(leader)?.startTicks ?? 0;
  const find = (scope: 'tree' | 'group', ticks = startTicks) => {
    const found = findMembers(readProcesses(), {
      name: 'none',
      leader: { pid: leader, startTicks: ticks },
      adopter: process.pid,
      scope,
    });
    return found.map(({ pid }) => pid).sort();
  };
  assert.deepEqual(find('tree'), [leader, inner, outer].sort());
  assert.deepEqual(find('group'), [leader, inner].sort());
  // The number of the leader is another's by now.
  assert.deepEqual(find('tree', startTicks - 1), []);
  const descendants = findDescendants(readProcesses()).map(({ pid }) => pid);
  for (const pid of [leader, inner, outer]) assert.ok(descendants.includes(pid));
});

/** Starts a process in a session of its own that ends with the test at the latest. */
function start(t: TestContext, [file = '', ...args]: readonly string[]): number {
  const child = spawn(file, args, { detached: true, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child.pid ?? assert.fail();
}

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-tree-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
