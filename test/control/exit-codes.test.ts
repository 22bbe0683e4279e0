import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { COMMANDS } from '../../src/commands/list.ts';
import { makeRoot } from '../rig.ts';
import { bootWorkbench, LASTING, PROGRAM, WAIT } from './workbench.ts';

/** The fewest arguments with which each command asks a running Lintel; undefined: it asks none, or need not. */
const ASKS: Readonly<Record<string, readonly string[] | undefined>> = {
  status: [],
  logs: [],
  ready: [],
  health: [],
  analyze: [],
  start: ['web'],
  stop: ['web'],
  restart: ['web'],
  shutdown: [],
  env: [],
  run: ['--', 'true'],
  password: [],
  check: undefined,
  plan: undefined,
  facts: undefined,
  doctor: undefined,
  version: undefined,
  help: undefined,
};
const SENTENCE = /^lintel: error: [^\n]+\n$/;
const NAMES = COMMANDS.map(({ name }) => name);

test('of each command it is known whether it asks a running Lintel', () => {
  assert.deepEqual(Object.keys(ASKS).sort(), [...NAMES].sort());
});

describe('an error is one sentence on stderr and nothing on stdout, with --json too:', () => {
  for (const { name, operands } of COMMANDS) {
    test(`lintel ${name}`, async t => {
      const root = makeRoot(t);
      const refuse = async (code: number, ...args: readonly string[]) => {
        const end = await root.boot({ command: ['lintel', name, ...args] }).end();
        assert.deepEqual([end.code, end.stdout], [code, ''], [name, ...args, end.stderr].join(' '));
        assert.match(end.stderr, SENTENCE);
      };
      await refuse(2, '--wat');
      await refuse(2, '--json', '--wat');
      if (operands?.isBehindDashes === true) await refuse(2, 'extra');
      const most = operands === undefined ? 0 : operands.atMost;
      if (most !== undefined) await refuse(2, ...Array.from({ length: most + 1 }, () => 'extra'));
      const needed = operands?.atLeast ?? 0;
      if (needed > 0) await refuse(2, ...Array.from({ length: needed - 1 }, () => 'extra'));
      const asks = ASKS[name];
      if (asks === undefined) return;
      await refuse(3, ...asks);
      await refuse(3, '--json', ...asks);
    });
  }

  test('a service that there is not', async t => {
    const { run } = bootWorkbench(t, { '/etc/services.d/web/run': LASTING });
    await run(WAIT);
    for (const name of ['status', 'logs', 'start', 'stop', 'restart'])
      for (const args of [['wbe'], ['--json', 'wbe'], ['web', 'wbe']]) {
        const end = await run([name, ...args]);
        assert.deepEqual([end.code, end.stdout], [2, ''], name);
        assert.match(
          end.stderr,
          /^lintel: error: Cannot [^\n]* "wbe": no such service, expected perhaps web\n$/,
        );
      }
  });
});

describe('exit code 0 for --help, also where no Lintel runs and beside what is wrong:', () => {
  for (const name of NAMES) {
    test(`lintel ${name}`, async t => {
      const root = makeRoot(t);
      for (const args of [['--help'], ['-h', '--wat', 'extra']]) {
        const { code, stdout, stderr } = await root.boot({ command: ['lintel', name, ...args] }).end();
        assert.deepEqual([code, stderr], [0, '']);
        assert.match(stdout, new RegExp(`^Usage: lintel ${name}\\b`, 'm'));
      }
    });
  }
});

describe('what nobody can take ends in a word:', () => {
  test('exit code 141 and silence where the reader has gone', async t => {
    const root = makeRoot(t);
    for (const args of [['help'], ['version'], ['plan', '--json']]) {
      const lintel = root.boot({ command: ['lintel', ...args] });
      lintel.closeOutput();
      assert.equal(await lintel.exitCode(), 141, args.join(' '));
    }
  });

  test('exit code 1 and a sentence where the disk is full', async t => {
    const root = makeRoot(t);
    const { exitCode, stderr } = await execa('sh', ['-c', '"$0" lintel help > /dev/full', PROGRAM], {
      env: { LINTEL_ROOT: root.at('') },
      reject: false,
    });
    assert.deepEqual([exitCode, stderr], [1, 'lintel: error: Cannot write to stdout: no space left']);
  });

  test('exit code 0 where stdout was never open', async t => {
    const root = makeRoot(t);
    const { exitCode, stderr } = await execa('sh', ['-c', '"$0" lintel help >&-', PROGRAM], {
      env: { LINTEL_ROOT: root.at('') },
      reject: false,
    });
    assert.deepEqual([exitCode, stderr], [0, '']);
  });
});

test('exit code 130 after Ctrl-C, for commands that go on', async t => {
  const { run, start } = bootWorkbench(t, { '/etc/services.d/web/run': LASTING });
  await run(WAIT);
  for (const args of [
    ['status', '--watch'],
    ['logs', '-f'],
    ['status', '--watch', '--json'],
  ]) {
    const going = start(args);
    await going.waitForText(/web/);
    going.signal('SIGINT');
    const { code, stderr } = await going.end();
    // A shell says 130 of what the signal has ended.
    assert.deepEqual([code ?? 130, stderr], [130, '']);
  }
});
