import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { IMAGES, whyNot } from '../../dev/engine.ts';
import { testTable } from './docs-table.ts';
import { startWorkbench, type Workbench, type WorkbenchOptions, waitUntil } from './workbench.ts';

/** What happens to a container in its life, and what becomes of it. */
const skip = whyNot();
const AT_A_TIME = 3;
const CTRL_C = '\x03';
const CTRL_Z = '\x1a';

const FILES: Readonly<Record<string, string>> = {
  'keeper/run': `#!/bin/sh
trap 'echo keeper closes; exit 0' TERM
echo "keeper found $(ls /tmp/left-over 2> /dev/null || echo nothing)"
touch /tmp/left-over
echo >&3
while :; do sleep 9999 & wait $!; done
`,
  'keeper/service.json': '{"ready": {"notifyFd": 3}}',
  'deaf/run': '#!/bin/sh\ntrap "" TERM\necho >&3\nwhile :; do sleep 9999; done\n',
  'deaf/service.json': '{"ready": {"notifyFd": 3}, "stopTimeoutMs": 300}',
  'sick/run': '#!/bin/sh\ntouch /tmp/healthy\nexec sleep 9999\n',
  'sick/service.json':
    '{"ready": {"file": "/tmp/healthy"}, "health": {"file": "/tmp/healthy", "intervalMs": 100, "failures": 2}, "maxRestarts": {"count": 0, "windowMs": 60000}, "restart": "on-failure"}',
  'hungry/run': `#!/usr/bin/perl
$| = 1;
print "hungry\\n";
my @eaten;
while (1) { push @eaten, 'x' x 10_000_000; }
`,
  'hungry/service.json': '{"maxRestarts": {"count": 0, "windowMs": 60000}}',
  // Fills the limit with its children, which end with it.
  'crowd/run': `#!/usr/bin/perl
$| = 1;
while (defined(my $pid = fork)) { next if $pid; sleep 9999; exit }
open my $file, '>', '/tmp/crowded';
sleep 9999;
`,
  // By then nobody else is starting or ending, who would leave room behind.
  'crowd/service.json': '{"restart": "never", "ready": {"file": "/tmp/crowded"}, "requires": ["keeper"]}',
  'late/run': '#!/bin/sh\necho >&3\nexec sleep 9999\n',
  'late/service.json':
    '{"ready": {"notifyFd": 3}, "requires": ["crowd"], "backoffMs": {"min": 50, "max": 50}}',
};

suite('a container', { skip, concurrency: AT_A_TIME }, () => {
  let folder: string;
  const rows = new Map<string, readonly string[]>();
  const moments: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lintel-moments-'));
    for (const [path, text] of Object.entries(FILES)) {
      await mkdir(join(folder, dirname(path)), { recursive: true });
      await writeFile(join(folder, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
    }
  });
  after(() => rm(folder, { recursive: true }));
  after(() => {
    if (rows.size < moments.length) return;
    testTable(
      'moments',
      ['what happens', 'by', 'what becomes of it', 'Lintel says'],
      moments.map(what => rows.get(what) ?? []),
    );
  });

  /** Every container has the image's base and some of the services above, as an image of its own would. */
  function start(
    t: TestContext,
    services: readonly string[],
    { command = [], ...options }: WorkbenchOptions & { readonly command?: readonly string[] } = {},
  ): Workbench {
    return startWorkbench(t, command, {
      image: IMAGES.base,
      ...options,
      flags: [
        ...services.map(name => `--volume=${folder}/${name}:/etc/services.d/${name}:ro`),
        ...(options.flags ?? []),
      ],
    });
  }

  /** A row of the docs: what happens, how, what becomes of it; `act` returns Lintel's own sentence. */
  function moment(
    what: string,
    by: string,
    becomes: string,
    act: (t: TestContext) => Promise<string | undefined>,
  ): void {
    moments.push(what);
    test(`${what}: ${becomes}`, async t => {
      rows.set(what, [what, `\`${by}\``, becomes, (await act(t)) ?? '']);
    });
  }

  moment(
    'too much memory',
    'podman run --memory 256m',
    'the service dies, Lintel and the others live; the stop is in order',
    async t => {
      const workbench = start(t, ['keeper', 'hungry'], { flags: ['--memory=256m', '--memory-swap=256m'] });
      const [line] = await workbench.waitFor(/hungry was killed by the kernel: out of memory[^;\n]*/);
      await workbench.waitFor(/keeper is ready/);
      await endInOrder(workbench);
      return line.replace(/OOM kills counted: \d+ -> \d+/, 'OOM kills counted: 0 -> 1');
    },
  );

  moment(
    'too many processes',
    'podman run --pids-limit 40',
    'what can’t be started is started later; Lintel and the others live',
    async t => {
      const workbench = start(t, ['keeper', 'crowd', 'late'], { flags: ['--pids-limit=40'] });
      const [line] = await workbench.waitFor(/late could not start: [^\n]*/);
      // From outside: in the container there is no process left for it.
      process.kill(await findChild(workbench, 'crowd/run'), 'SIGTERM');
      await workbench.waitFor(/late is ready/);
      await endInOrder(workbench);
      return line.replace(/[\d.]+ s$/, '… s');
    },
  );

  moment(
    'a stop, and a service that ignores it',
    'podman stop',
    'that service alone is killed, after its own time: exit code 0, not the engine’s 137',
    async t => {
      const workbench = start(t, ['keeper', 'deaf']);
      await workbench.waitFor(/deaf is ready/);
      await workbench.waitFor(/keeper is ready/);
      const { log } = await endInOrder(workbench);
      return /deaf .*SIGKILL.*/.exec(log)?.[0];
    },
  );

  moment(
    'a restart',
    'podman restart',
    'what the earlier run left does no harm: services start, the password is the same, the stop is in order',
    async t => {
      const workbench = start(t, ['keeper']);
      await workbench.waitFor(/keeper is ready/);
      const password = await readPassword(workbench);
      await workbench.engine('restart');
      const log = await readSecondRun(workbench);
      assert.match(log, /keeper closes\nkeeper \| keeper found \/tmp\/left-over/);
      assert.doesNotMatch(log, /lintel: (warning|error)/);
      assert.equal(await readPassword(workbench), password);
      assert.equal((await workbench.exec(['lintel', 'ready', '--timeout', '10s'])).code, 0);
      assert.equal((await workbench.engine('stop')).code, 0);
      assert.equal(await readExitCode(workbench), 0);
      return undefined;
    },
  );

  moment(
    'a kill, and a start after it',
    'podman kill, podman start',
    '137, and the next start works as the first',
    async t => {
      const workbench = start(t, ['keeper']);
      await workbench.waitFor(/keeper is ready/);
      const password = await readPassword(workbench);
      await workbench.engine('kill');
      assert.equal((await workbench.end()).code, 137);
      await workbench.engine('start');
      const log = await readSecondRun(workbench);
      assert.match(log, /keeper found nothing\nkeeper \| keeper found \/tmp\/left-over/);
      assert.doesNotMatch(log, /lintel: (warning|error)/);
      assert.equal(await readPassword(workbench), password);
      await workbench.engine('stop');
      assert.equal(await readExitCode(workbench), 0);
      return undefined;
    },
  );

  moment(
    'HEALTHCHECK',
    'podman healthcheck run',
    'healthy while services work, unhealthy when one has failed',
    async t => {
      const workbench = start(t, ['keeper', 'sick'], { hasHealthcheck: true });
      await workbench.waitFor(/sick is ready/);
      await workbench.waitFor(/keeper is ready/);
      assert.equal((await workbench.engine('healthcheck', 'run')).code, 0);
      assert.equal(await readHealth(workbench), 'healthy');
      await workbench.exec(['rm', '/tmp/healthy']);
      await workbench.waitFor(/sick .*failed/);
      // Its state follows only when the image's start period is over.
      const asked = await workbench.engine('healthcheck', 'run');
      assert.deepEqual({ code: asked.code, stdout: asked.stdout.trim() }, { code: 1, stdout: 'unhealthy' });
      const { stdout, code } = await workbench.exec(['lintel', 'health']);
      assert.equal(code, 1);
      await endInOrder(workbench);
      return stdout.trim();
    },
  );

  moment(
    'a terminal with a shell',
    'podman run -it IMAGE bash',
    'job control; Ctrl-C goes to the program in front; its exit code is the container’s',
    async t => {
      const bash = start(t, ['keeper'], {
        command: ['bash', '--norc'],
        environment: { PS1: 'ready> ', TERM: 'dumb' },
        flags: ['--interactive'],
        terminal: true,
      });
      let seen = 0;
      const see = async (pattern: RegExp) => {
        const match = await bash.waitFor(pattern, seen);
        seen = match.index + match[0].length;
      };
      await see(/ready> /);
      bash.type('sh -c \'echo "a j"ob; exec sleep 9999\'\n');
      await see(/\na job\r\n/);
      bash.type(CTRL_Z);
      await see(/\[1\]\+ {2}Stopped .*\r\nready> /);
      bash.type('fg\n');
      await see(/fg\r\nsh -c .*\r\n/);
      bash.type(CTRL_C);
      await see(/ready> /);
      bash.type('echo "reo"pened > /dev/stderr; tty\n');
      await see(/\nreopened\r\n\/dev\/(pts\/0|console)\r\nready> /);
      bash.type('exit 3\n');
      assert.equal((await bash.end()).code, 3, bash.output());
      assert.doesNotMatch(bash.output(), /no job control|cannot set terminal process group/);
      return undefined;
    },
  );

  moment('Ctrl-C without a CMD', 'podman run -it IMAGE', 'the services stop in order: 0', async t => {
    const workbench = start(t, ['keeper'], { flags: ['--interactive'], terminal: true });
    await workbench.waitFor(/keeper is ready/);
    workbench.type(CTRL_C);
    const { code, stdout } = await workbench.end();
    assert.equal(code, 0, stdout);
    return /ended with exit code 0[^\r\n]*/.exec(stdout)?.[0];
  });

  moment(
    'a terminal that nobody types on',
    'podman run -t IMAGE tty',
    'the CMD has the terminal',
    async t => {
      const tty = start(t, [], { command: ['tty'], terminal: true });
      const { code, stdout } = await tty.end();
      assert.equal(code, 0, stdout);
      assert.match(stdout, /^\/dev\/(pts\/0|console)\r\n$/m);
      return undefined;
    },
  );

  moment('input without a terminal', 'podman run -i IMAGE wc -l', 'the CMD reads it to its end', async t => {
    const wc = start(t, ['keeper'], { command: ['wc', '-l'], input: 'one\ntwo\n' });
    const { code, stdout } = await wc.end();
    assert.equal(code, 0);
    assert.match(stdout, /^2$/m);
    return undefined;
  });

  moment(
    'a stop of a CMD alone',
    'podman run IMAGE sleep 9999; podman stop',
    'TERM goes to it, and its exit code is the container’s: 143',
    async t => {
      const sleep = start(t, [], { command: ['sh', '-c', 'echo up; exec sleep 9999'] });
      await sleep.waitFor(/^up$/m);
      const { code, stderr } = await sleep.stop();
      assert.equal(code, 143, stderr);
      return undefined;
    },
  );
});

/** Stops it, and throws unless the service had its say and nothing was left to the engine. */
async function endInOrder(workbench: Workbench): Promise<{ readonly log: string }> {
  const { code, stdout, stderr } = await workbench.stop();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^keeper \| keeper closes$/m);
  return { log: `${stdout}${stderr}` };
}

/** A child of Lintel's with these words in its command, as the host counts. */
async function findChild(workbench: Workbench, words: string): Promise<number> {
  const lintel = await workbench.pid();
  const children = (await readFile(`/proc/${lintel}/task/${lintel}/children`, 'utf8')).trim().split(' ');
  for (const child of children)
    if ((await readFile(`/proc/${child}/cmdline`, 'utf8')).includes(words)) return Number(child);
  throw new Error(`Cannot find a child with "${words}"`);
}

async function readPassword(workbench: Workbench): Promise<string> {
  const { code, stdout, stderr } = await workbench.exec(['lintel', 'password']);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Waits for the second run of a container; returns the whole log, of which an attached engine shows the first run alone. */
function readSecondRun(workbench: Workbench): Promise<string> {
  return waitUntil('keeper is ready again', async () => {
    const { stdout, stderr } = await workbench.engine('logs');
    const log = `${stdout}${stderr}`;
    return log.split('keeper is ready').length === 3 && log;
  });
}

async function readExitCode(workbench: Workbench): Promise<number> {
  const { stdout } = await workbench.engine('inspect', '--format', '{{.State.ExitCode}}');
  return Number(stdout);
}

async function readHealth(workbench: Workbench): Promise<string> {
  const { stdout } = await workbench.engine('inspect', '--format', '{{.State.Health.Status}}');
  return stdout.trim();
}
