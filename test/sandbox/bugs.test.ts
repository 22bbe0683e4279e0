import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CHECKOUT } from '../../dev/sandbox-root.ts';
import { startContainer, waitUntil, whyNot } from './container.ts';

/** The first words of the bundle: what is planted behind them runs in the program itself. */
const BEGIN = 'exports=module.exports;';
/** Bugs as they happen: in a timer, and in a promise that nobody waits for. Each in a place of its own. */
const BUGS = [
  'setInterval(()=>{throw new Error("planted "+Math.random())},10);',
  'setInterval(()=>{Promise.reject(new Error("left alone"))},10);',
];

/** The built program with more in it. Without its code cache, which V8 refuses for another text. */
function plant(t: TestContext, code: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-bugs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(join(CHECKOUT, 'dist'), folder, { recursive: true });
  rmSync(join(folder, 'lintel.cjs.cache'), { force: true });
  const file = join(folder, 'lintel.cjs');
  const text = readFileSync(file, 'latin1');
  const at = text.lastIndexOf(BEGIN) + BEGIN.length;
  assert.ok(at > BEGIN.length, 'the bundle begins in another way');
  writeFileSync(file, text.slice(0, at) + code + text.slice(at), 'latin1');
  return folder;
}

test('a workbench outlives bugs of Lintel, and its log does not fill with them', {
  skip: whyNot(),
}, async t => {
  const container = startContainer(t, ['/init'], {
    dist: plant(t, BUGS.join('')),
    files: { '/etc/services.d/web/run': '#!/bin/sh\necho here\nexec sleep 9999\n' },
    environment: { LINTEL_SERVICES: 'web' },
  });
  await container.waitFor(
    /^lintel: error: Bug in Lintel: Error: planted 0\.\d+ \(100 times from the same place\)$/m,
  );
  await container.waitFor(
    /^lintel: error: Bug in Lintel: Error: left alone \(100 times from the same place\)$/m,
  );
  await waitUntil('the service has spoken', () => /^web \| here$/m.test(container.output()));
  await container.signal('SIGTERM');
  const { code, stderr } = await container.end();
  assert.equal(code, 0, stderr);
  // 1, 10, 100 and, where the machine is slow, perhaps 1000 of each.
  const bugs = stderr.split('\n').filter(line => line.includes('Bug in Lintel'));
  assert.ok(bugs.length <= 2 * 4, stderr);
});

test('a bug that ends the boot leaves its word to the platform', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  // What the summary of every boot needs.
  const bug = 'Map.groupBy=()=>{throw new Error("planted")};';
  const script = [
    'touch /dev/termination-log',
    'unshare --pid --fork /init sleep 9999 2>/dev/null; echo $?; cat /dev/termination-log',
  ];
  const files = { '/etc/services.d/web/run': '#!/bin/sh\n' };
  const container = startContainer(t, ['/bin/sh', '-c', script.join('\n')], { dist: plant(t, bug), files });
  const { stdout } = await container.end();
  assert.match(
    stdout,
    /^1\nended with exit code 1: Bug in Lintel: Error: planted\n {6}at .*\n[\s\S]* {2}what to do: report this/,
  );
});
