import assert from 'node:assert/strict';
import test from 'node:test';
import { UNREADY } from '../control/workbench.ts';
import { bootRoot, type Files, findProcesses } from '../rig.ts';

/** Real services that wait for one another. Each writes its name when it begins and when it ends. */
function service(name: string, json: object = {}, before = ''): Files {
  const script = [
    '#!/bin/sh',
    `trap 'echo "-${name}" >> "$LINTEL_ROOT/tmp/order"; exit 0' TERM`,
    `echo "+${name}" >> "$LINTEL_ROOT/tmp/order"`,
    before,
    'while :; do sleep 0.01; done',
  ];
  return {
    [`/etc/services.d/${name}/run`]: `${script.join('\n')}\n`,
    [`/etc/services.d/${name}/service.json`]: JSON.stringify(json),
  };
}

test('services start after what they require, and stop before it', async t => {
  const lintel = bootRoot(t, {
    ...service('a', { requires: ['b'] }),
    ...service('b', { requires: ['c'] }),
    ...service('c'),
  });
  await lintel.waitForFile('/tmp/order', /\+a\n/);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(lintel.root.read('/tmp/order'), '+c\n+b\n+a\n-a\n-b\n-c\n');
});

test('after orders start and stop, and waits for nothing else', async t => {
  const lintel = bootRoot(t, {
    ...service('a', { after: ['b'] }),
    ...service('b', { command: ['/no/such/program'], backoffMs: { min: 86_400_000, max: 86_400_000 } }),
  });
  await lintel.waitForFile('/tmp/order', /\+a\n/);
  await lintel.waitForText(/b starts\n(.*\n)*.*a starts/);
  await lintel.stop();
});

test('independent services start without waiting for those that wait', async t => {
  const lintel = bootRoot(t, {
    ...service('early'),
    ...service('late', { requires: ['slow'] }),
    ...service('slow', { requires: ['early'] }),
  });
  await lintel.waitForFile('/tmp/order', /\+late\n/);
  assert.equal(lintel.root.read('/tmp/order'), '+early\n+slow\n+late\n');
  await lintel.stop();
});

test('a service whose requirement has failed for good fails, and says why', async t => {
  const lintel = bootRoot(t, {
    ...service('web', { requires: ['db'] }),
    ...service('db', { ...UNREADY, restart: 'never' }, 'exit 3'),
    ...service('keeper'),
  });
  await lintel.waitForText(/web has failed: it requires db, which will not come/);
  await lintel.stop();
  assert.doesNotMatch(lintel.root.read('/tmp/order'), /web/);
});

test('a critical service whose requirement has failed ends the container, not with 0', async t => {
  const lintel = bootRoot(t, {
    ...service('web', { requires: ['db'], critical: true }),
    ...service('db', { ...UNREADY, restart: 'never' }, 'exit 3'),
    ...service('keeper'),
  });
  const { code, stderr } = await lintel.end();
  assert.equal(code, 1, stderr);
  assert.match(stderr, /service web has ended for good: it requires db/);
});

test('a service waits while its requirement dies and comes back', async t => {
  const twice =
    'echo x >> "$LINTEL_ROOT/tmp/tries"; [ "$(wc -l < "$LINTEL_ROOT/tmp/tries")" = 3 ] || exit 1; : > "$LINTEL_ROOT/tmp/up"';
  const lintel = bootRoot(t, {
    ...service('web', { requires: ['db'] }),
    ...service('db', { ready: { file: '${LINTEL_ROOT}/tmp/up' }, backoffMs: { min: 10, max: 20 } }, twice),
  });
  await lintel.waitForFile('/tmp/order', /\+web\n/);
  assert.equal(lintel.root.read('/tmp/order'), '+db\n+db\n+db\n+web\n');
  await lintel.stop();
});

test('a job that has done its work is what others wait for', async t => {
  const lintel = bootRoot(t, {
    ...service('web', { requires: ['migration'] }),
    ...service('migration', { restart: 'on-failure' }, 'exit 0'),
  });
  await lintel.waitForFile('/tmp/order', /\+web\n/);
  await lintel.stop();
});

test('a service outlives those that were started after it by way of a job', async t => {
  const lintel = bootRoot(t, {
    ...service('db'),
    ...service('migration', { requires: ['db'], restart: 'on-failure' }, 'exit 0'),
    ...service('web', { requires: ['migration'] }),
  });
  await lintel.waitForFile('/tmp/order', /\+web\n/);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(lintel.root.read('/tmp/order'), '+db\n+migration\n+web\n-web\n-db\n');
});

test('a TERM while services wait ends them without starting them', async t => {
  const lintel = bootRoot(t, {
    ...service('web', { requires: ['db'] }),
    ...service('db', { ...UNREADY, command: ['/no/such/program'] }),
  });
  await lintel.waitForText(/db could not start/);
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /web starts/);
});

test('a circle of three and an unknown name stop the boot with 2, and are shown', async t => {
  const lintel = bootRoot(t, {
    ...service('a', { requires: ['b'] }),
    ...service('b', { after: ['c'] }),
    ...service('c', { requires: ['a', 'd'] }),
  });
  const { code, stderr } = await lintel.end();
  assert.equal(code, 2, stderr);
  assert.match(stderr, /a circle: a -> b -> c -> a, expected an order in which each can start/);
  assert.match(stderr, /requires and after of service c: unknown service "d", expected one of a, b/);
});

/** They are started while ended children are being reaped, and the first has ended before the last has begun. */
test('services that start when a finish script has ended are heard and swept, however short they live', async t => {
  const names = Array.from({ length: 40 }, (_, n) => `short${n}`);
  const short = names.map(name => ({
    [`/etc/services.d/${name}/run`]: `#!/bin/sh\nsleep 9999 &\necho "I am ${name}"\nexit 3\n`,
    [`/etc/services.d/${name}/service.json`]: '{ "requires": ["job"], "restart": "never" }',
  }));
  const lintel = bootRoot(t, {
    ...service('keeper'),
    '/etc/services.d/job/run': '#!/bin/sh\n',
    '/etc/services.d/job/finish': '#!/bin/sh\n',
    '/etc/services.d/job/service.json': '{ "restart": "never" }',
    ...Object.assign({}, ...short),
  });
  for (const name of names)
    await lintel.waitForText(new RegExp(`${name} exited with code 3; its last lines: I am ${name};`));
  await lintel.waitUntil('nothing of them is left', () =>
    names.every(name => findProcesses(`LINTEL_SERVICE=${name}`).length === 0),
  );
  await lintel.stop();
});
