import assert from 'node:assert/strict';
import test from 'node:test';
import { bootRoot, type Files, isAlive } from '../rig.ts';

/** The end of services that don't make it easy, and a stop that comes when they are busy with something else. */
const HURRY = { environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: '500' } };
/** Far longer than any wait of a test: whatever ends has been ended. */
const LONG_MS = 60_000;
/** How often somebody impatient asks. */
const AGAIN_MS = 50;
const PATIENCE = { environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: `${LONG_MS}` } };

/** A service with this shell script as its `run`. */
function service(name: string, script: string, json: object = {}): Files {
  return {
    [`/etc/services.d/${name}/run`]: `#!/bin/sh\n${script}\n`,
    [`/etc/services.d/${name}/service.json`]: JSON.stringify(json),
  };
}

const WAIT = 'echo $$ > "$LINTEL_ROOT/tmp/up"\nwhile :; do sleep 0.01; done';
const STUBBORN = 'trap "" TERM\necho $$ > "$LINTEL_ROOT/tmp/$LINTEL_SERVICE"\nexec sleep 9999';

/** Runs when nothing of the service may live any more: who is left of those that it noted in /tmp/strays. */
const LOOKS: Files = {
  '/etc/services.d/web/finish':
    '#!/bin/sh\nfor pid in $(cat "$LINTEL_ROOT/tmp/strays"); do\n  if grep -qs "^State:.[^ZX]" "/proc/$pid/status"; then echo "$pid is left"; fi\ndone\necho looked\n',
};
const NOTES_LAST = 'echo $! >> "$LINTEL_ROOT/tmp/strays"';

for (const [what, late] of [
  ['in its session', `sleep 9999 & ${NOTES_LAST}`],
  ['in a session of its own', `setsid sleep 9999 & ${NOTES_LAST}`],
  ['with TERM ignored', `(trap "" TERM; exec setsid sleep 9999) & ${NOTES_LAST}`],
] as const) {
  test(`what a service starts while it dies, ${what}, ends with it`, async t => {
    const script = `trap '${late}; exit 0' TERM\n${WAIT}`;
    const lintel = bootRoot(t, { ...service('web', script, { stopTimeoutMs: 200 }), ...LOOKS });
    await lintel.waitForFile('/tmp/up');
    const { code, stdout, stderr } = await lintel.stop();
    assert.equal(code, 0, stderr);
    assert.equal(stdout, 'web | looked\n');
  });
}

test('a process that answers TERM with a new one of its kind is ended all the same', async t => {
  const hydra =
    '#!/bin/sh\ntrap \'setsid "$0" & exit 0\' TERM\necho $$ >> "$LINTEL_ROOT/tmp/strays"\nwhile :; do sleep 0.01; done\n';
  const lintel = bootRoot(t, {
    ...service('web', `"$LINTEL_ROOT/tmp/hydra" &\n${WAIT}`, { stopTimeoutMs: 200 }),
    ...LOOKS,
    '/tmp/hydra': hydra,
  });
  await lintel.waitForFile('/tmp/strays');
  await lintel.waitForFile('/tmp/up');
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'web | looked\n');
  assert.ok(lintel.root.read('/tmp/strays').split('\n').length > 2, 'it had a successor');
});

test('a service is stopped only when the one that requires it has been killed', async t => {
  const lintel = bootRoot(t, {
    ...service('web', STUBBORN, { requires: ['db'], stopTimeoutMs: 300 }),
    ...service(
      'db',
      `trap 'if kill -0 "$(cat "$LINTEL_ROOT/tmp/web")"; then echo early; else echo last; fi; exit 0' TERM\nwhile :; do sleep 0.01; done`,
    ),
  });
  await lintel.waitForFile('/tmp/web');
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'db | last\n');
});

test('services that wait for one another’s end are killed together when the time for the stop is over', async t => {
  const lintel = bootRoot(
    t,
    {
      ...service('a', STUBBORN, { stopTimeoutMs: LONG_MS }),
      ...service('b', STUBBORN, { stopTimeoutMs: LONG_MS, requires: ['a'] }),
      ...service('c', STUBBORN, { stopTimeoutMs: LONG_MS, requires: ['b'] }),
    },
    HURRY,
  );
  const pids = [];
  for (const name of ['a', 'b', 'c']) pids.push(Number(await lintel.waitForFile(`/tmp/${name}`)));
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.deepEqual(pids.filter(isAlive), []);
});

const LEAVES_STUBBORN =
  '(trap "" TERM; echo up > "$LINTEL_ROOT/tmp/child"; exec sleep 9999) &\nuntil [ -s "$LINTEL_ROOT/tmp/child" ]; do sleep 0.01; done\nexit 3';
for (const [what, stopTimeoutMs, options] of [
  ['in the service’s own time', 300, PATIENCE],
  ['when the time for the stop is over', LONG_MS, HURRY],
] as const) {
  test(`TERM while a dead service is cleaned up ends what is left of it ${what}, and does not restart it`, async t => {
    const lintel = bootRoot(t, service('web', LEAVES_STUBBORN, { stopTimeoutMs }), options);
    await lintel.waitForText(/web exited with code 3/);
    const { code, stderr } = await lintel.stop();
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /spawn=2/);
  });
}

test('TERM while a finish script runs waits for it, and does not restart the service', async t => {
  const lintel = bootRoot(t, {
    ...service('web', 'exit 3'),
    '/etc/services.d/web/finish':
      '#!/bin/sh\necho up > "$LINTEL_ROOT/tmp/finish"\nread -r _ < "$LINTEL_ROOT/tmp/gate"\necho "$1"\n',
  });
  const gate = lintel.root.gate('/tmp/gate');
  await lintel.waitForFile('/tmp/finish');
  lintel.signal('SIGTERM');
  await lintel.waitForText(/stopping: /);
  gate.open();
  const { code, stdout, stderr } = await lintel.end();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'web | 3\n');
  assert.doesNotMatch(stderr, /spawn=2/);
});

test('a finish script that hangs is killed after its time with what it started, and the service comes back', async t => {
  const lintel = bootRoot(t, {
    ...service('web', '[ -s "$LINTEL_ROOT/tmp/finish" ] || exit 3\necho again\nexec sleep 9999', {
      backoffMs: { min: 10, max: 10 },
    }),
    '/etc/services.d/web/timeout-finish': '200\n',
    '/etc/services.d/web/finish':
      '#!/bin/sh\n[ ! -s "$LINTEL_ROOT/tmp/finish" ] || exit 0\ntrap "" TERM\nsleep 9999 &\necho "$$\n$!" > "$LINTEL_ROOT/tmp/finish.new"\nmv "$LINTEL_ROOT/tmp/finish.new" "$LINTEL_ROOT/tmp/finish"\nwait\n',
  });
  await lintel.waitForText(/^web \| again$/m);
  const pids = lintel.root.read('/tmp/finish').trim().split('\n').map(Number);
  assert.equal(pids.length, 2);
  assert.deepEqual(pids.filter(isAlive), []);
  assert.equal((await lintel.stop()).code, 0);
});

for (const [what, files, up] of [
  [
    'a script of cont-finish.d that hangs',
    {
      ...service('web', WAIT),
      '/etc/cont-finish.d/10-hangs': '#!/bin/sh\ntrap "" TERM\necho hangs\nwhile :; do sleep 0.01; done\n',
    },
    /^10-hangs \| hangs$/m,
  ],
  [
    'what a service left behind that ignores TERM',
    service('web', `trap '(trap "" TERM; echo hangs; exec sleep 9999) & exit 0' TERM\n${WAIT}`, {
      stopTimeoutMs: LONG_MS,
    }),
    /^web \| hangs$/m,
  ],
  [
    'a service and its child that both ignore TERM',
    service('web', `trap "" TERM\nsetsid sleep 9999 &\n${WAIT}`, { stopTimeoutMs: LONG_MS }),
    /stopping: /,
  ],
] as const) {
  test(`another TERM a second after the first ends ${what}`, async t => {
    const lintel = bootRoot(t, files, PATIENCE);
    await lintel.waitForFile('/tmp/up');
    lintel.signal('SIGTERM');
    await lintel.waitForText(up);
    const again = setInterval(() => lintel.signal('SIGTERM'), AGAIN_MS);
    const { code, stderr } = await lintel.end().finally(() => clearInterval(again));
    assert.equal(code, 0, stderr);
  });
}
