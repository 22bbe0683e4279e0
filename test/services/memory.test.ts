import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bootRoot, type Files } from '../rig.ts';

/**
 * What the kernel would do, done by the services themselves: they write the counter as the kernel does, and die of
 * KILL. test/sandbox/memory.test.ts lets the kernel do it.
 */
const VERSIONS = [
  {
    version: 2,
    counter: '/sys/fs/cgroup/memory.events',
    files: {
      '/sys/fs/cgroup/memory.max': '2147483648\n',
      '/sys/fs/cgroup/memory.events': 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 3\noom_group_kill 0\n',
    },
  },
  {
    version: 1,
    counter: '/sys/fs/cgroup/memory/memory.oom_control',
    files: {
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1610612736\n',
      '/sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
    },
  },
] as const;
const GONE = { restart: 'never' } as const;

/** Shell: the kernel kills, all in all, so many processes. */
const count = (counter: string, kills: number) =>
  `sed "s/^oom_kill .*/oom_kill ${kills}/" "$LINTEL_ROOT${counter}" > "$LINTEL_ROOT/tmp/new"; cat "$LINTEL_ROOT/tmp/new" > "$LINTEL_ROOT${counter}"`;

function service(name: string, script: string, json: object = GONE): Files {
  return {
    [`/etc/services.d/${name}/run`]: `#!/bin/sh\n${script}\n`,
    [`/etc/services.d/${name}/service.json`]: JSON.stringify({ user: 'root', ...json }),
  };
}

const KEEPER = service('keeper', 'exec sleep 9999', {});

for (const { version, counter, files } of VERSIONS) {
  const limit = version === 2 ? 'limit 2 GiB' : 'limit 1.5 GiB';

  describe(`with cgroup version ${version}`, () => {
    test('a service that the kernel killed is said to be killed by it', async t => {
      const script = `echo last words; ${count(counter, 4)}; kill -KILL $$`;
      const lintel = bootRoot(t, { ...files, ...KEEPER, ...service('web', script) });
      const said = `warning: web was killed by the kernel: out of memory (${limit}, OOM kills counted: 3 -> 4); its last lines: last words; it stays down: failed\n`;
      await lintel.waitUntil(said, () => lintel.log().includes(said));
      const { stderr } = await lintel.stop();
      assert.doesNotMatch(stderr, /the kernel killed/);
    });

    test('of two that died of KILL just then, it is said of nobody for sure', async t => {
      const lintel = bootRoot(t, {
        ...files,
        ...KEEPER,
        ...service('web', `sh -c 'kill -KILL $$'; ${count(counter, 5)}; kill -KILL $$`),
      });
      await lintel.waitForText(
        /web was probably killed by the kernel: out of memory \(.*, OOM kills counted: 3 -> 5\)/,
      );
      await lintel.stop();
    });

    test('a service whose child the kernel killed says so', async t => {
      const script = `${count(counter, 4)}; exit 137`;
      const lintel = bootRoot(t, { ...files, ...KEEPER, ...service('web', script) });
      const said = `web exited with code 137; the kernel killed a process of the container just then: out of memory (${limit}, OOM kills counted: 3 -> 4); it stays down: failed\n`;
      await lintel.waitUntil(said, () => lintel.log().includes(said));
      await lintel.stop();
    });

    test('who is killed by hand soon after that is not the kernel’s', async t => {
      const lintel = bootRoot(t, {
        ...files,
        ...KEEPER,
        ...service('web', `${count(counter, 4)}; kill -KILL $$`),
        '/etc/services.d/web/finish': '#!/bin/sh\ntouch "$LINTEL_ROOT/tmp/finished"\n',
        ...service('other', 'until [ -e "$LINTEL_ROOT/tmp/finished" ]; do sleep 0.01; done; kill -KILL $$'),
      });
      await lintel.waitForText(/web was killed by the kernel/);
      await lintel.waitForText(/other was ended by SIGKILL;/);
      await lintel.stop();
    });

    test('a service that somebody else killed is not the kernel’s', async t => {
      const lintel = bootRoot(t, { ...files, ...KEEPER, ...service('web', 'kill -KILL $$') });
      await lintel.waitForText(/web was ended by SIGKILL; it stays down: failed$/m);
      await lintel.stop();
    });

    test('a killed process that is no service is told of', async t => {
      // An orphan's end is what tells of it where the counter itself does not.
      const script = `${count(counter, 5)}; (sleep 0.01 & exec true); exec sleep 9999`;
      const lintel = bootRoot(t, { ...files, ...service('web', script) });
      const said = `warning: the kernel killed 2 processes of the container: out of memory (${limit}, OOM kills counted: 3 -> 5); no service died of it\n`;
      await lintel.waitUntil(said, () => lintel.log().includes(said));
      const { code, stderr } = await lintel.stop();
      assert.equal(code, 0, stderr);
      assert.equal(stderr.split('the kernel killed').length, 2, stderr);
    });

    test('a CMD that the kernel killed ends the container with 137, and why is said', async t => {
      const command = ['sh', '-c', `${count(counter, 4)}; kill -KILL $$`];
      const lintel = bootRoot(t, { ...files, ...KEEPER }, { command, environment: { LINTEL_USER: 'root' } });
      const { code, stderr } = await lintel.end();
      assert.equal(code, 137);
      assert.match(
        stderr,
        /ended with exit code 137: the CMD was killed by the kernel: out of memory \(limit/,
      );
    });
  });
}

test('a container without a counter has nothing to say', async t => {
  const lintel = bootRoot(t, { ...KEEPER, ...service('web', 'kill -KILL $$') });
  await lintel.waitForText(/web was ended by SIGKILL; it stays down: failed$/m);
  assert.equal((await lintel.stop()).code, 0);
});
