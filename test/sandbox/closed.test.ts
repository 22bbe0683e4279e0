import assert from 'node:assert/strict';
import test from 'node:test';
import { CONTAINER_PATH, runContainer, WORKBENCH_USER, whyNot } from './container.ts';

test('folders that are closed to the user cost a sentence at most, wherever they are named', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const { code, stdout, stderr } = await runContainer(
    t,
    ['/init', 'sh', '-c', 'echo "$HOME $LINTEL_RUNTIME_DIR"'],
    {
      user: WORKBENCH_USER,
      environment: {
        PATH: `/root/bin:${CONTAINER_PATH}`,
        HOME: '/root/x',
        XDG_RUNTIME_DIR: '/root/x',
        PATH_TO_CA_BUNDLE: '/root/ca.pem',
      },
    },
  );
  assert.equal(code, 0, stderr);
  // Neither the closed home nor the closed runtime folder is taken.
  assert.equal(stdout, '/home/lintel /tmp/lintel-1000\n');
  assert.match(stderr, /Cannot use PATH_TO_CA_BUNDLE: "\/root\/ca\.pem" \(permission denied\)/);
  assert.doesNotMatch(stderr, /Bug/);
});

test('a folder of secrets that can’t be emptied is said with its reason', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const mount =
    'mkdir -p /run/lintel/secrets; mount -t tmpfs -o ro none /run/lintel/secrets; exec /init true';
  const { code, stderr } = await runContainer(t, ['/bin/sh', '-euc', mount]);
  assert.match(stderr, /Cannot make \/run\/lintel: Device or resource busy /);
  assert.equal(code, 2);
});
