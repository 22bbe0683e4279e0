import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { type SandboxOptions, sandboxKind, startSandbox } from '../../dev/sandbox.ts';

const kind = sandboxKind();
const skip = kind === 'ordinary process' && 'this machine allows neither root nor user namespaces';
const LIMIT_MS = 30_000;

describe('a sandbox', { skip, timeout: LIMIT_MS }, () => {
  test('makes the command PID 1 and ends with its exit code', async () => {
    const result = await run('echo "$$"; exit 7');
    assert.deepEqual([result.stdout, result.stderr, result.exitCode], ['1', '', 7]);
  });

  test('makes the command a child of PID 1 on request', async () => {
    const result = await run('echo "$PPID"; exit 8', { pid1: false });
    assert.deepEqual([result.stdout, result.stderr, result.exitCode], ['1', '', 8]);
  });

  test('gives the command exactly the environment asked for', async () => {
    const environment = { 'a.b': '1', 'my-var': '', QUOTES: `it's "$(id)"\n` };
    const { stdout } = await startSandbox(['env', '--null'], { environment, timeoutMs: LIMIT_MS });
    const expected = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    assert.deepEqual(stdout.split('\0').filter(Boolean).sort(), expected.sort());
  });

  test('runs as the user asked for, with a home and a passwd line', async () => {
    const { stdout } = await run('id -u; id -g; id -un; cd && pwd; touch mine && stat -c %u mine', {
      user: { uid: 1000, gid: 100 },
    });
    assert.deepEqual(stdout.split('\n'), ['1000', '100', 'lintel', '/home/lintel', '1000']);
  });

  test('holds the files asked for, executable when they start with a shebang', async () => {
    const files = {
      '/etc/cont-init.d/10-first': '#!/bin/sh\necho ran\n',
      '/home/lintel/notes/a.txt': 'a text',
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
    };
    const { stdout } = await run(
      '/etc/cont-init.d/10-first; cat /home/lintel/notes/a.txt; echo; stat -c %a /home/lintel/notes/a.txt; wc -l </etc/passwd',
      { files },
    );
    assert.deepEqual(stdout.split('\n'), ['ran', 'a text', '644', '1']);
  });

  test('shows a folder of the host, which stays as it is', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'lintel-shown-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'a'), 'shown\n');
    const shown = { '/opt/one': folder, '/srv/a/b': folder };
    const look = 'cat /opt/one/a /srv/a/b/a; (echo changed > /opt/one/a) 2>/dev/null; cat /opt/one/a';
    assert.deepEqual((await run(look, { shown })).stdout.split('\n'), ['shown', 'shown', 'changed']);
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'shown\n');
    const { stdout } = await run(look, { shown, readOnly: true });
    assert.deepEqual(stdout.split('\n'), ['shown', 'shown', 'shown']);
  });

  test("holds Lintel's installation", async () => {
    const { stdout } = await run('realpath -m /init /usr/local/bin/lintel; ls /usr/local/lib/lintel');
    const program = '/usr/local/lib/lintel/lintel.cjs';
    const [init, cli, ...installed] = stdout.split('\n');
    assert.deepEqual([init, cli], [program, program]);
    for (const name of ['cont-init.d', 'services.d']) assert.ok(installed.includes(name), stdout);
    const isBuilt = existsSync(join(import.meta.dirname, '../../dist/lintel.cjs'));
    assert.equal(installed.includes('lintel.cjs'), isBuilt);
  });

  test('has a network, a host name and temporary folders of its own', async () => {
    const { stdout } = await run(
      'hostname; ls -A /tmp/ /run/ /root/ | grep -v : | grep -c .; grep -c : /proc/net/dev',
    );
    assert.deepEqual(stdout.split('\n'), ['lintel', '0', '1']);
  });

  test('lets nothing that is written reach the host', async () => {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    const passwd = readFileSync('/etc/passwd', 'utf8');
    const script =
      'for f in /etc/passwd /usr/local/bin/x-sandbox /tmp/x-sandbox; do echo x >>$f; done; echo done';
    const { stdout } = await run(script);
    assert.equal(stdout, 'done');
    assert.equal(readFileSync('/etc/passwd', 'utf8'), passwd);
    assert.ok(!existsSync('/usr/local/bin/x-sandbox') && !existsSync('/tmp/x-sandbox'));
    assert.equal(readFileSync('/proc/self/mountinfo', 'utf8'), mounts);
  });

  test('has a read-only root with only the asked-for folders writable', async () => {
    const paths = ['/x', '/etc/x', '/usr/x', '/usr/local/lib/lintel/x', '/tmp/x', '/run/x', '/home/lintel/x'];
    const script = `for f in ${paths.join(' ')} /dev/shm/x; do (: >$f) 2>/dev/null && echo $f; done; :`;
    const { stdout } = await run(script, { readOnly: true, writable: ['/tmp', '/home/lintel'] });
    assert.deepEqual(stdout.split('\n'), ['/tmp/x', '/home/lintel/x', '/dev/shm/x']);
  });

  test('shows PID 1 to signals from the host', async () => {
    const sandbox = startSandbox(['sh', '-c', 'trap "exit 42" TERM; echo up; while :; do sleep 0.01; done']);
    await once(sandbox.stdout, 'data');
    process.kill(await sandbox.pid1(), 'SIGTERM');
    assert.equal((await sandbox).exitCode, 42);
  });

  test('ends with 128 + n when signal n ended PID 1, and every other process with it', async () => {
    const sandbox = startSandbox(['sh', '-c', 'setsid sleep 1000 & echo up; wait']);
    await once(sandbox.stdout, 'data');
    const pid1 = await sandbox.pid1();
    const [daemon] = childrenOf(pid1);
    assert.ok(daemon !== undefined && existsSync(`/proc/${daemon}`));
    process.kill(pid1, 'SIGKILL');
    assert.deepEqual([(await sandbox).exitCode, (await sandbox).stderr], [137, '']);
    assert.ok(!existsSync(`/proc/${daemon}`));
  });

  test('ends when the process that started it is killed', async () => {
    const module = JSON.stringify(join(import.meta.dirname, '../../dev/sandbox.ts'));
    const code = `import { startSandbox } from ${module};
      console.log(await startSandbox(['sleep', '1000']).pid1());`;
    const starter = execa(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code], {
      reject: false,
      timeout: LIMIT_MS,
      buffer: false,
    });
    const { value: pid1 } = await createInterface(starter.stdout)[Symbol.asyncIterator]().next();
    assert.match(readFileSync(`/proc/${pid1}/cmdline`, 'utf8'), /^sleep\0/);
    starter.kill('SIGKILL');
    await starter;
    await until(() => !existsSync(`/proc/${pid1}`), `process ${pid1} to end`);
  });

  test('gives the command a terminal on request, where Ctrl-C interrupts it', async () => {
    const script =
      'trap "echo interrupted; exit 5" INT; tty; stty size; echo ready >/dev/stderr; while :; do sleep 0.01; done';
    const sandbox = startSandbox(['sh', '-c', script], { terminal: true, timeoutMs: LIMIT_MS });
    let seen = '';
    sandbox.stdout.on('data', data => {
      seen += data;
      if (seen.endsWith('ready\r\n')) sandbox.stdin.write('\x03');
    });
    const { exitCode } = await sandbox;
    assert.equal(seen, '/dev/console\r\n24 80\r\nready\r\n^Cinterrupted\r\n');
    assert.equal(exitCode, 5);
  });
});

function run(script: string, options: SandboxOptions = {}) {
  return startSandbox(['sh', '-c', script], { timeoutMs: LIMIT_MS, ...options });
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + 5_000;
  while (!isTrue()) {
    if (performance.now() > deadlineMs) throw new Error(`Waited 5 s in vain for ${what}`);
    await sleep(5);
  }
}
