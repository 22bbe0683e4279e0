import assert from 'node:assert/strict';
import test from 'node:test';
import { startArm64, whyNotArm64 } from './arm64.ts';

/*
 * What qemu-user can't show: posix_spawn's own reason why a program can't be run, since it makes vfork a fork; ptrace;
 * and time. All else here is arm64's: its numbers of system calls, its structures, its Node.
 */
const skip = whyNotArm64();

test('on arm64 the program starts, by the pinned Node', { skip }, async t => {
  const version = await startArm64(t, ['/usr/local/bin/lintel', 'version', '--json']);
  const { code, stdout, stderr } = await version.end();
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as { arch: string }).arch, 'arm64');
});

test('on arm64 a workbench boots, reaps and stops in order', { skip }, async t => {
  const files = {
    '/etc/cont-init.d/20-proof': `#!/bin/sh
echo "the script is $(uname -m)"
echo PROOF=by-script >> "$LINTEL_ENV"
`,
    // A hundred orphans: whoever nobody reaps stays as a zombie.
    '/etc/services.d/store/run': `#!/bin/sh
trap 'echo store closes; exit 0' TERM
echo "runs as $(id -u):$(id -g) in $(id -G) with $PROOF" > /dev/stderr
zombies() {
  count=0
  for file in /proc/[0-9]*/stat; do
    read -r line < "$file" 2> /dev/null || continue
    case $line in *') Z '*) count=$((count + 1)) ;; esac
  done
  echo $count
}
made=0
while [ $made -lt 100 ]; do
  (/bin/true &)
  made=$((made + 1))
done
until [ "$(zombies)" = 0 ]; do sleep 0.1; done
echo no zombie
echo >&3
while :; do sleep 9999 & wait $!; done
`,
    '/etc/services.d/store/service.json': '{"ready": {"notifyFd": 3}, "stopTimeoutMs": 60000}',
    '/etc/services.d/web/run': `#!/bin/sh
trap 'echo web closes; exit 0' TERM
lintel run -- sh -c 'echo "run has $PROOF as $(id -u)"'
lintel status | grep store
echo >&3
while :; do sleep 9999 & wait $!; done
`,
    '/etc/services.d/web/service.json':
      '{"requires": ["store"], "ready": {"notifyFd": 3}, "stopTimeoutMs": 60000}',
    '/etc/cont-finish.d/90-farewell': '#!/bin/sh\necho farewell\n',
    '/etc/lintel/lintel.env': 'LINTEL_SHUTDOWN_TIMEOUT_MS=120000\n',
  };
  const container = await startArm64(t, ['/init'], files);
  await container.waitFor(/lintel: web is ready/);
  await container.signal('SIGTERM');
  const { code, stdout, stderr } = await container.end();
  assert.equal(code, 0, stderr);
  const said = stdout.trim().split('\n');
  assert.deepEqual(
    said.map(line => line.replace(/ +ready .*/, ' ready')),
    [
      '20-proof | the script is aarch64',
      'store | no zombie',
      'web | run has by-script as 1000',
      'web | store ready',
      'web | web closes',
      'store | store closes',
      '90-farewell | farewell',
    ],
    stderr,
  );
  assert.match(stderr, /^store \| runs as 1000:100 in 100 with by-script$/m);
  assert.match(stderr, /boots \(pid=1, uid=0, workbench=lintel 1000:100/);
  assert.doesNotMatch(stderr, /lintel: (warning|error)|SIGKILL/);
});
