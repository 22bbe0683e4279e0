import assert from 'node:assert/strict';
import test from 'node:test';
import { IMAGES, podman, whyNot } from '../../dev/engine.ts';
import { runWorkbench, startWorkbench } from './workbench.ts';

/** What Dockerfile.base makes: any Debian, and Lintel. */
const image = IMAGES.base;
const skip = whyNot();

test('the image says how it starts, stops and is asked for its health', { skip }, async () => {
  const { stdout } = await podman(['image', 'inspect', image]);
  const [{ Config: config, Healthcheck: health }] = JSON.parse(String(stdout)) as [
    { Config: Record<string, unknown>; Healthcheck: unknown },
  ];
  assert.deepEqual(config['Entrypoint'], ['/init']);
  assert.equal(config['StopSignal'], 'SIGTERM');
  assert.deepEqual(health, {
    Test: ['CMD', '/usr/local/bin/lintel', 'health'],
    Interval: 30_000_000_000,
    Timeout: 10_000_000_000,
    StartPeriod: 300_000_000_000,
  });
});

test('a command runs as the workbench user in its home, with Lintel as PID 1, which says nothing', {
  skip,
}, async t => {
  const { code, stdout, stderr } = await runWorkbench(
    t,
    ['sh', '-c', 'id -un; id -g; pwd; cat /proc/1/cmdline'],
    {
      image,
    },
  );
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.match(stdout, /^lintel\n100\n\/home\/lintel\n\/usr\/local\/lib\/lintel\/node\0/);
});

test('the image holds the manual, and the schema that editors read', { skip }, async t => {
  const files = ['/usr/local/lib/lintel/service.schema.json', '/usr/local/share/man/man1/lintel.1'];
  const { code, stdout } = await runWorkbench(t, ['cat', ...files], { image });
  assert.equal(code, 0);
  assert.match(stdout, /^\{\n {2}"title": "Lintel service\.json"/);
  assert.match(stdout, /^\.Dt LINTEL 1$/m);
});

test('home and /run are an arbitrary uid’s of group 0', { skip }, async t => {
  const { code, stdout } = await runWorkbench(
    t,
    ['sh', '-c', 'touch ~/mine && ls -n ~/mine && ls -dn /run/lintel /run/s6/container_environment'],
    { image, flags: ['--user', '54321:0', '--passwd=false'] },
  );
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^-rw-r--r-- 1 54321 0 .*mine\ndrwx------ \d+ 54321 0 .* \/run\/lintel$/m);
});

test('without a command and services there is nothing to run, and that is said', { skip }, async t => {
  const { code, stderr } = await runWorkbench(t, [], { image });
  assert.equal(code, 1);
  assert.match(stderr, /ended with exit code 1: there is nothing to run: no CMD and no service/);
});

test('with services it runs until it is stopped, and ends with 0', { skip }, async t => {
  const workbench = startWorkbench(t);
  await workbench.waitFor(/jupyter is ready/);
  const { code, stderr } = await workbench.stop();
  assert.equal(code, 0, stderr);
});
