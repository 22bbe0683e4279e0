import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Container, type ContainerOptions, startContainer, waitUntil, whyNot } from './container.ts';

/**
 * The real thing: a container in a memory cgroup of its own, where the kernel counts and kills. Where nobody may make
 * one, test/services/memory.test.ts shows the same with counters that the services write themselves.
 */
const LIMIT_BYTES = 192 * 2 ** 20;
const PLACES = [
  { top: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { top: '/sys/fs/cgroup', limit: 'memory.max' },
] as const;
const place = PLACES.find(canHold);
const skip = place === undefined ? 'this machine lets nobody make a memory cgroup' : whyNot({ isRoot: true });

/** Keeps more than the limit in memory. */
const GREEDY = 'dd if=/dev/zero of=/dev/null bs=400M count=1';
const KILLED = 'killed by the kernel: out of memory (limit 192 MiB, OOM kills counted: 0 -> 1)';

function canHold({ top, limit }: (typeof PLACES)[number]): boolean {
  const folder = join(top, `lintel-try-${process.pid}`);
  try {
    mkdirSync(folder);
    const isHeld = existsSync(join(folder, limit));
    rmdirSync(folder);
    return isHeld;
  } catch {
    return false;
  }
}

let made = 0;

/** Boots in a cgroup of its own: a shell waits until it has been moved there, and becomes Lintel. */
async function bootLimited(
  t: TestContext,
  files: NonNullable<ContainerOptions['files']>,
): Promise<Container> {
  const { top, limit } = place ?? PLACES[0];
  made += 1;
  const folder = join(top, `lintel-test-${process.pid}-${made}`);
  mkdirSync(folder);
  writeFileSync(join(folder, limit), String(LIMIT_BYTES));
  const container = startContainer(t, ['/bin/sh', '-c', 'read -r _; exec /init'], { files });
  // Registered after the container's own end.
  t.after(() => waitUntil(`${folder} can be removed`, () => tryRemove(folder)));
  writeFileSync(join(folder, 'cgroup.procs'), String(await container.pid()));
  container.type('\n');
  return container;
}

/** Not before its last process has gone. */
function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function waitForWords(container: Container, words: string): Promise<string> {
  return waitUntil(words, () => container.output().includes(words) && words);
}

test('the kernel kills a service that takes too much, and that is said', { skip }, async t => {
  const container = await bootLimited(t, {
    '/etc/services.d/greedy/run': `#!/bin/sh\nexec ${GREEDY}\n`,
    '/etc/services.d/greedy/service.json': '{"restart": "never"}',
    '/etc/services.d/keeper/run': '#!/bin/sh\nexec sleep 9999\n',
  });
  await waitForWords(container, `warning: greedy was ${KILLED}; it stays down: failed`);
  await container.signal('SIGTERM');
  const end = await container.end();
  assert.equal(end.code, 0, end.stderr);
});

test('the only service dies of its memory: the reason of the container’s end says so', { skip }, async t => {
  const container = await bootLimited(t, {
    '/etc/services.d/greedy/run': `#!/bin/sh\necho loading model.bin\nexec ${GREEDY}\n`,
    '/etc/lintel/lintel.env': 'LINTEL_SERVICES=greedy\n',
    '/etc/services.d/greedy/service.json': '{"restart": "never"}',
  });
  const { code, stderr } = await container.end();
  assert.equal(code, 137, stderr);
  assert.equal(
    stderr.slice(stderr.indexOf('lintel: error: ')).replaceAll(/(?<=ran for )\d+(\.\d s| ms)\b/g, 'N s'),
    `lintel: error: ended with exit code 137: service greedy has ended for good: greedy was ${KILLED}
  137 is 128 + 9, the number of SIGKILL
  its command is /etc/services.d/greedy/run, run as lintel (uid 1000)
  it ran for N s; its service.json has "restart": "never"
  the container ends with greedy, since it is the only service
  what to do: give the container more memory than its limit of 192 MiB (resources.limits.memory, docker run --memory), or let it use less
  its last lines:
    | loading model.bin
`,
  );
});

test('the kernel kills a script, and the reason of the end says so', { skip }, async t => {
  const container = await bootLimited(t, { '/etc/cont-init.d/10-greedy': `#!/bin/sh\nexec ${GREEDY}\n` });
  const { code, stderr } = await container.end();
  assert.equal(code, 1, stderr);
  assert.match(stderr, /ended with exit code 1: Script \S+10-greedy was ended by SIGKILL$/m);
  assert.match(
    stderr,
    /the kernel killed a process .*: out of memory \(limit 192 MiB, OOM kills counted: 0 -> 1\)$/m,
  );
  assert.match(stderr, /what to do: give the container more memory than its limit of 192 MiB/);
});

test('the kernel kills a child of a service, and that is said', { skip }, async t => {
  const container = await bootLimited(t, {
    '/etc/services.d/wrapper/run': `#!/bin/sh\n${GREEDY}\nexit 9\n`,
    '/etc/services.d/wrapper/service.json': '{"restart": "never"}',
    '/etc/services.d/keeper/run': '#!/bin/sh\nexec sleep 9999\n',
  });
  await waitForWords(
    container,
    'wrapper exited with code 9; its last lines: Killed; the kernel killed a process of the container just then: out of memory (limit 192 MiB, OOM kills counted: 0 -> 1); it stays down: failed',
  );
  await container.signal('SIGTERM');
  assert.equal((await container.end()).code, 0);
});

test('the kernel kills a grandchild whose service goes on, and that is said', { skip }, async t => {
  const container = await bootLimited(t, {
    // An orphan's end is what tells of it where the counter itself does not; a notebook has one now and then.
    '/etc/services.d/notebook/run': `#!/bin/sh\n${GREEDY}\nwhile :; do (sleep 0.01 & exec true); sleep 1; done\n`,
  });
  await waitForWords(
    container,
    'warning: the kernel killed a process of the container: out of memory (limit 192 MiB, OOM kills counted: 0 -> 1); no service died of it',
  );
  await container.signal('SIGTERM');
  assert.equal((await container.end()).code, 0);
});
