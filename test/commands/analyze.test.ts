import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { bootWorkbench, LASTING } from '../control/workbench.ts';
import { makeRoot } from '../rig.ts';
import { DESKTOP } from '../timing/records.ts';

/** Asks for a file in a root where no Lintel runs. */
async function analyze(t: TestContext, text: string | undefined, args: readonly string[] = []) {
  const root = makeRoot(t, text === undefined ? {} : { '/tmp/boot.json': text });
  const end = await root.boot({ command: ['lintel', 'analyze', root.at('/tmp/boot.json'), ...args] }).end();
  return { ...end, root };
}

test('the running Lintel, its boot.json and a copy of that say the same', async t => {
  const bench = bootWorkbench(t, { '/etc/services.d/web/run': LASTING });
  await bench.lintel.waitForText(/ready after/);
  const asked = await bench.run(['analyze']);
  assert.equal(asked.code, 0);
  assert.match(
    asked.stdout,
    /^ready after [\d.]+ s: [\d.]+ s web, [\d.]+ s before services\n\n +START +TOOK\n/,
  );
  const file = bench.root.at('/run/lintel/boot.json');
  assert.deepEqual(await bench.run(['analyze', file]), asked);
  await bench.lintel.stop();
  assert.deepEqual(await bench.run(['analyze', file]), asked);
  const { code, stderr, stdout } = await bench.run(['analyze']);
  assert.deepEqual([code, stdout], [3, '']);
  assert.match(
    stderr,
    /Lintel does not run here.*; of a boot that is over its boot\.json tells: lintel analyze FILE\n$/,
  );
});

describe('lintel analyze FILE', () => {
  test('--json prints the record, and the critical path in it', async t => {
    const { stdout } = await analyze(t, JSON.stringify(DESKTOP), ['--json']);
    const { criticalPath, ...record } = JSON.parse(stdout);
    assert.deepEqual(record, DESKTOP);
    assert.deepEqual(
      criticalPath.map(({ name }: { name: string }) => name),
      ['node', 'files', '10-xdg', 'xvfb', 'jupyter'],
    );
  });

  test('shows no character that a terminal would obey', async t => {
    const record = { ...DESKTOP, reduced: ['\x1b[2J'], version: '\u202e' };
    for (const args of [[], ['--json'], ['--svg', '-']]) {
      const { stdout } = await analyze(t, JSON.stringify(record), args);
      assert.equal(stdout.includes('\x1b') || stdout.includes('\u202e'), false, stdout);
    }
  });

  for (const [title, text, seen] of [
    ['that is not there', undefined, 'no such file'],
    ['that is empty', '', 'it is no JSON'],
    ['that is no JSON', '{', 'it is no JSON'],
    ['that is something else', '{"services": {}}', 'it is another file'],
    ['that is a list', '[]', 'it is another file'],
    [
      'of another version',
      JSON.stringify({ ...DESKTOP, format: 2 }),
      'it has format 2, which another version of Lintel has written',
    ],
    ['that was changed', JSON.stringify({ ...DESKTOP, tookMs: -1 }), 'tookMs is malformed'],
    [
      'that was changed in a span',
      JSON.stringify({ ...DESKTOP, spans: [{ ...DESKTOP.spans[0], kind: '\x1b' }] }),
      'spans.0.kind is malformed',
    ],
    ['that is too large', ' '.repeat(4 * 1024 * 1024 + 1), 'it has 4194305 bytes, more than 4194304'],
  ] as const)
    test(`${title} is refused`, async t => {
      const { code, stdout, stderr, root } = await analyze(t, text);
      assert.deepEqual([code, stdout], [1, '']);
      assert.equal(
        stderr,
        `lintel: error: Cannot read "${root.at('/tmp/boot.json')}": ${seen}, expected the boot.json of a boot\n`,
      );
    });

  test('takes what comes on stdin for -', t => {
    const root = makeRoot(t);
    const run = (input: string) =>
      spawnSync('dist/lintel.cjs', ['analyze', '-'], {
        input,
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], LINTEL_ROOT: root.at('/') },
      });
    assert.match(run(JSON.stringify(DESKTOP)).stdout, /^ready after 2\.1 s: /);
    assert.match(run('').stderr, /Cannot read stdin: it is no JSON, expected/);
    assert.match(
      run(' '.repeat(5_000_000)).stderr,
      /Cannot read stdin: it has more than 4194304 bytes, expected/,
    );
  });
});

describe('lintel analyze --svg FILE', () => {
  test('draws into the file, and says so in place of the waterfall', async t => {
    const root = makeRoot(t, { '/tmp/boot.json': JSON.stringify(DESKTOP), '/tmp/boot.svg': 'an old one' });
    const file = root.at('/tmp/boot.json');
    const run = (...args: string[]) => root.boot({ command: ['lintel', 'analyze', file, ...args] }).end();
    const plain = await run();
    const svg = root.at('/tmp/boot.svg');
    const drawn = await run('--svg', svg);
    assert.deepEqual([drawn.code, drawn.stdout], [0, `${plain.stdout.split('\n')[0]}\ndrawn into ${svg}\n`]);
    assert.deepEqual(await run('--json', '--svg', svg), await run('--json'));
    const drawing = root.read('/tmp/boot.svg');
    assert.match(drawing, /^<svg /);
    assert.equal((await run('--svg', '-')).stdout, drawing);
    await run('--svg', root.at('/tmp/new.svg'));
    assert.equal((statSync(root.at('/tmp/new.svg')).mode & 0o777).toString(8), '644');
  });

  test('replaces nothing but a file: a link may lead root anywhere', async t => {
    const root = makeRoot(t, { '/tmp/boot.json': JSON.stringify(DESKTOP), '/etc/precious': 'kept' });
    symlinkSync(root.at('/etc/precious'), root.at('/tmp/link.svg'));
    for (const [name, seen] of [
      ['/tmp/link.svg', 'something else has that name'],
      ['/tmp', 'something else has that name'],
      ['/tmp/none/boot.svg', 'there is no such folder'],
    ] as const) {
      const path = root.at(name);
      const command = ['lintel', 'analyze', root.at('/tmp/boot.json'), '--svg', path];
      const { code, stdout, stderr } = await root.boot({ command }).end();
      assert.deepEqual([code, stdout], [1, '']);
      assert.equal(
        stderr,
        `lintel: error: Cannot write "${path}": ${seen}, expected the name of a file, or - for stdout\n`,
      );
    }
    assert.equal(readFileSync(root.at('/etc/precious'), 'utf8'), 'kept');
    assert.equal(existsSync(root.at('/tmp/none')), false);
  });
});
