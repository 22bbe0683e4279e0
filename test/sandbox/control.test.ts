import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CONTAINER_PATH,
  execInContainer,
  runContainer,
  STARTS,
  startContainer,
  whyNot,
} from './container.ts';

const LASTING = { '/etc/services.d/web/run': '#!/bin/sh\nexec sleep 9999\n' };
const SAY = 'lintel ready --timeout 20s && id -u && lintel status';

for (const { how, options } of STARTS) {
  test(`the workbench user controls its container: ${how}`, { skip: whyNot() }, async t => {
    const { code, stdout, stderr } = await runContainer(
      t,
      ['/init', 'sh', '-c', `${SAY}; lintel shutdown 5; exec sleep 9999`],
      {
        ...options,
        files: LASTING,
        environment: { LINTEL_SERVICES: 'web' },
      },
    );
    assert.match(
      stdout,
      /^ready\n1000\nLintel \S+, pid 1, up \d+s: the workbench runs; 1 of 1 services ready\n/,
      stderr,
    );
    assert.match(stdout, /^web +ready +yes/m);
    assert.equal(code, 5, stderr);
  });
}

/** Neither CAP_DAC_OVERRIDE, by which root passes every mode, nor any other way around it. */
const FEW = '-all,+setuid,+setgid,+kill';

test('root without CAP_DAC_OVERRIDE and its workbench user reach the socket', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const { code, stdout, stderr } = await runContainer(t, ['/init', 'sh', '-c', SAY], {
    capabilities: FEW,
    files: {
      ...LASTING,
      '/etc/services.d/roots/run':
        '#!/bin/sh\nlintel status --json web | tr -d "\\n "\necho\nexec sleep 9999\n',
      '/etc/services.d/roots/service.json': '{"user": "root"}',
      '/etc/cont-finish.d/10-look': '#!/bin/sh\nlintel status | head -n 1\n',
    },
    environment: { LINTEL_SERVICES: 'web,roots' },
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^ready\n1000\nLintel /);
  assert.match(stderr, /^roots \| \{"version":.*"name":"web"/m);
  assert.match(
    stderr,
    /^10-look \| Lintel \S+, pid 1, .*: the workbench stops: the CMD exited with code 0$/m,
  );
});

const ESC = '\x1b';

// In a user namespace of its own sh can't give the terminal back at its end, and says so by another code.
test('a person at a terminal sees colours, and Ctrl-C ends what goes on', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const container = startContainer(t, ['/init', 'sh', '-i'], {
    terminal: true,
    files: {
      '/etc/services.d/web/run': '#!/bin/sh\nprintf "\\033[32mgreen\\033[0m \\033[2J\\n"\nexec sleep 9999\n',
    },
    environment: { LINTEL_SERVICES: 'web', TERM: 'xterm', PS1: '$ ' },
  });
  // What the service says may come between the prompt and what is typed.
  await container.waitFor(/\$ /);
  container.type('lintel ready --timeout 20s; lintel status\n');
  await container.waitFor(new RegExp(`${ESC}\\[32mready${ESC}\\[0m`));
  container.type('NO_COLOR=1 lintel status web | cat; NO_COLOR=1 lintel status\n');
  await container.waitFor(/web +ready +yes/);
  const from = container.output().length;
  container.type('lintel logs -f web\n');
  await container.waitFor(new RegExp(`${ESC}\\[32mgreen${ESC}\\[0m \\\\x1b\\[2J`), from);
  container.type('\x03');
  container.type('echo "code $?"\n');
  await container.waitFor(/code 130/);
  const later = container.output().length;
  container.type('lintel status --watch\n');
  // Nothing changes any more but the time.
  const page = `${ESC}\\[1H[\\s\\S]*web[\\s\\S]*`;
  await container.waitFor(new RegExp(`${ESC}\\[\\?1049h[\\s\\S]*${page}${page}`), later);
  container.type('\x03');
  await container.waitFor(new RegExp(`${ESC}\\[\\?1049l[\\s\\S]*\\$ $`), later);
  container.type('stty cols 30; lintel status; echo "cut $?"; lintel status web\n');
  await container.waitFor(/…[\s\S]*cut 0[\s\S]*the workbench runs[\s\S]*RESTARTS/, later);
  container.type('exit 3\n');
  assert.equal((await container.end()).code, 3);
});

test('while PID 1 boots and has no socket yet, commands say so and end with 3', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  // Nobody listens there: it is tried again for longer than this test takes.
  const environment = { REGION_INIT_SCRIPT: 'http://127.0.0.1:9/init.sh', LINTEL_REGION_INIT_INSECURE: '1' };
  const container = startContainer(t, ['/init'], { environment });
  await container.waitFor(/connection refused/i);
  for (const args of [['status'], ['password'], ['run', '--', 'true']]) {
    const { code, stdout, stderr } = await execInContainer(container, ['lintel', ...args], {
      environment: { PATH: CONTAINER_PATH },
    });
    assert.deepEqual([code, stdout], [3, ''], stderr);
    assert.match(stderr, /(does not answer yet: it boots|has not made it yet), or (it )?is about to end/);
  }
});
