import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { sandboxKind } from '../../dev/sandbox.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const LIMIT_MS = 60_000;
/** A stop that has to kill somebody takes longer, on a busy machine too. */
const PROMPT_MS = 4000;
/** Root can give the demo a network of its own, so that its ports are free whatever else runs here. */
const skip = sandboxKind() !== 'root namespaces' && 'a network of its own for the demo wants root';

describe('npm start', { timeout: LIMIT_MS }, () => {
  for (const [name, stop] of [
    ['Ctrl-C on the terminal', '\x03'],
    ['a second Ctrl-C right after the first', '\x03\x03'],
  ] as const) {
    test(`boots a workbench whose page answers; ${name} stops it in order and kills nobody`, {
      skip,
    }, async () => {
      const demo = startOnTerminal();
      let output = '';
      let stoppedMs = Number.POSITIVE_INFINITY;
      demo.stdout.on('data', data => {
        output += data;
        if (stoppedMs === Number.POSITIVE_INFINITY && /Ctrl-C\r\n/.test(output)) {
          stoppedMs = performance.now();
          demo.stdin.write(stop);
        }
      });
      const { exitCode } = await demo;
      const tookMs = performance.now() - stoppedMs;
      assert.equal(exitCode, 0, output);
      assert.match(output, /The workbench is up\.[^!]*http:\/\/127\.0\.0\.1:8888/);
      assert.match(output, /status {4}\S*http:\/\/127\.0\.0\.1:9180/, 'the status page');
      assert.match(output, /pip: index https:\/\/\*\*\*@mirror\.example\/simple/, 'the caller’s own mirror');
      assert.doesNotMatch(output, /hunter2/);
      if (existsSync('/usr/sbin/sshd')) {
        assert.match(output, /ssh -p 2222 lintel@127\.0\.0\.1/);
        assert.match(
          output,
          /LINTEL_ROOT=\/proc\/\d+\/root dist\/lintel\.cjs password\s+\(for [^)]*terminal\)/,
        );
      }
      assert.doesNotMatch(output, /no answer/);
      assert.equal(output.match(/Lintel has ended\S* with exit code 0/g)?.length, 1, output);
      assert.ok(tookMs < PROMPT_MS, `stopping took ${tookMs} ms, expected less than ${PROMPT_MS}\n${output}`);
    });
  }

  test('a root of its own that lintel check finds whole, from within another shell', { skip }, async () => {
    const demo = startOnTerminal();
    let output = '';
    const asked: Promise<string[]>[] = [];
    demo.stdout.on('data', data => {
      output += data;
      const root = /LINTEL_ROOT=(\/proc\/\d+\/root) dist\/lintel\.cjs status[^!]*Ctrl-C\r\n/.exec(
        output,
      )?.[1];
      if (root === undefined || asked.length > 0) return;
      const lines = Promise.all([check(root), check('', root)]);
      asked.push(lines);
      void lines.finally(() => demo.stdin.write('\x03'));
    });
    await demo;
    const [ways] = await Promise.all(asked);
    assert.equal(ways?.length, 2, output);
    for (const way of ways) {
      assert.match(way, /\b1[0-9] scripts and 9 services$/);
      assert.doesNotMatch(way, /: error: |\(no-home\)/);
    }
  });

  test('says before it boots that a port is taken', async t => {
    const server = createServer().listen(8888, '127.0.0.1');
    // When somebody else holds the port the demo has to say the same.
    await new Promise(resolve => server.once('listening', resolve).once('error', resolve));
    t.after(() => server.close());
    const { exitCode, stdout, stderr } = await execa(process.execPath, ['--import', 'tsx', 'dev/start.ts'], {
      cwd: CHECKOUT,
      reject: false,
      timeout: LIMIT_MS,
    });
    assert.deepEqual([exitCode, stdout], [1, '']);
    assert.match(stderr, /^Cannot boot the demo: port 8888 of 127\.0\.0\.1 is taken/);
  });
});

async function check(root: string, ...args: string[]): Promise<string> {
  const { stdout } = await execa(join(CHECKOUT, 'dist/lintel.cjs'), ['check', ...args], {
    env: { LINTEL_ROOT: root },
    reject: false,
  });
  return stdout;
}

function startOnTerminal() {
  const start = `ip link set lo up; exec '${process.execPath}' --import tsx dev/start.ts`;
  const line = `exec unshare --net -- sh -c "${start}"`;
  return execa('script', ['-qefc', line, '/dev/null'], {
    cwd: CHECKOUT,
    env: {
      SHELL: '/bin/sh',
      TERM: 'xterm',
      PIP_REPOSITORY: 'https://ada:hunter2@mirror.example/simple',
    },
    reject: false,
    timeout: LIMIT_MS,
  });
}
