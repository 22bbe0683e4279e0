import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { execaSync } from 'execa';
import { type BootOptions, type Files, IS_ROOT, makeRoot, WORKBENCH } from '../rig.ts';

/**
 * A machine without a process left: the limit counts for whoever is not root, and 0 holds however many processes
 * the same user has elsewhere.
 */
const LIMITS: Files = {
  '/etc/cont-init.d/10-limit':
    '#!/bin/sh\nread -r _ < "$LINTEL_ROOT/tmp/gate"\nexec prlimit --pid "$PPID" --nproc=0:\n',
};
const WHY = 'the limit of processes is reached';

function raiseLimit(pid: number): void {
  const [, hard = ''] = /^Max processes +\S+ +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
  // As the process's own user: where CAP_SYS_RESOURCE is missing, root may not.
  const { uid, gid } = statSync(`/proc/${pid}`);
  execaSync('prlimit', ['--pid', String(pid), `--nproc=${hard}:`], IS_ROOT ? { uid, gid } : {});
}

/** Boots and sets the limit when Lintel has all its threads: without those no program lives. */
async function bootLimited(t: TestContext, files: Files, options: BootOptions) {
  const root = makeRoot(t, { ...LIMITS, ...files });
  const gate = root.gate('/tmp/gate');
  const lintel = root.boot(options);
  await lintel.waitForText(/^lintel: services: /m);
  gate.open();
  return { ...lintel, root };
}

// Root is not held to the limit: services and CMD are another's anyway, scripts only where Lintel is.
const USER = { environment: { LINTEL_USER: String(WORKBENCH.uid) } };
const COMMAND = { ...USER, command: ['sh', '-c', 'exit 7'] };

for (const restart of ['always', 'on-failure'] as const) {
  test(`a service with restart ${restart} comes up when there is a process for it again`, async t => {
    const lintel = await bootLimited(
      t,
      {
        '/etc/services.d/web/run': '#!/bin/sh\necho up > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
        '/etc/services.d/web/service.json': JSON.stringify({ restart, backoffMs: { min: 10, max: 10 } }),
      },
      USER,
    );
    await lintel.waitForText(new RegExp(`warning: web could not start: ${WHY}; restarting in`));
    await lintel.waitForText(/web starts \(spawn=3\)/);
    raiseLimit(lintel.pid);
    assert.equal(await lintel.waitForFile('/tmp/up'), 'up\n');
    const { code, stderr } = await lintel.stop();
    assert.equal(code, 0, stderr);
  });
}

test('a finish script is started when there is a process for it again, or that is said', async t => {
  const finishing = (name: string, timeoutMs: number): Files => ({
    [`/etc/services.d/${name}/run`]: '#!/bin/sh\necho runs\nexec sleep 9999\n',
    [`/etc/services.d/${name}/finish`]: '#!/bin/sh\necho "tidied up after $1 $2"\n',
    [`/etc/services.d/${name}/timeout-finish`]: `${timeoutMs}\n`,
  });
  const root = makeRoot(t, { ...finishing('web', 60_000), ...finishing('brief', 100) });
  const lintel = root.boot(USER);
  for (const name of ['web', 'brief']) await lintel.waitForText(new RegExp(`${name} \\| runs`));
  const lower = () => execaSync('prlimit', ['--pid', String(lintel.pid), '--nproc=0:']);
  const restart = (name: string) => root.boot({ command: ['lintel', 'restart', name] }).end();
  lower();
  assert.equal((await restart('web')).code, 0);
  await lintel.waitForText(
    new RegExp(`warning: the finish script of web can't be started yet, it is tried again: ${WHY}`),
  );
  raiseLimit(lintel.pid);
  await lintel.waitForText(/web \| tidied up after 256 15\n/);
  await lintel.waitForText(/web \| runs/, lintel.log().lastIndexOf('tidied'));
  lower();
  assert.equal((await restart('brief')).code, 0);
  await lintel.waitForText(new RegExp(`warning: the finish script of brief could not start: ${WHY}`));
  raiseLimit(lintel.pid);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /Bug/);
});

test('a CMD is started when there is a process for it again', async t => {
  const lintel = await bootLimited(t, {}, COMMAND);
  await lintel.waitForText(new RegExp(`warning: the CMD can't be started yet, it is tried again: ${WHY}`));
  raiseLimit(lintel.pid);
  assert.equal((await lintel.end()).code, 7);
});

test('a CMD that waits for a process does not hold up a stop', async t => {
  const lintel = await bootLimited(t, {}, COMMAND);
  await lintel.waitForText(/the CMD can't be started yet/);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 126, stderr);
  assert.match(stderr, new RegExp(`error: ended with exit code \\d+: Cannot run the CMD: ${WHY}`));
});

test('a script is started when there is a process for it again', async t => {
  const lintel = await bootLimited(
    t,
    { '/etc/cont-init.d/20-next': '#!/bin/sh\necho ran > "$LINTEL_ROOT/tmp/ran"\n' },
    { isUnprivileged: true, command: ['true'] },
  );
  await lintel.waitForText(new RegExp(`script 20-next can't be started yet, it is tried again: ${WHY}`));
  raiseLimit(lintel.pid);
  const { code, stderr } = await lintel.end();
  assert.equal(code, 0, stderr);
  assert.equal(lintel.root.read('/tmp/ran'), 'ran\n');
});

test('a script for which no process is left in the end has failed', async t => {
  const lintel = await bootLimited(
    t,
    { '/etc/cont-init.d/20-next': '#!/bin/sh\n' },
    { isUnprivileged: true },
  );
  const { code, stderr } = await lintel.end();
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    new RegExp(`error: ended with exit code 1: Script \\S+20-next could not start: ${WHY}`),
  );
});
