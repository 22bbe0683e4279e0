import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { type Container, type ContainerOptions, STARTS, startContainer, whyNot } from './container.ts';

/** `docker run -it IMAGE COMMAND`: PID 1 leads the session of a terminal, and what a person types reaches the CMD. */
const CTRL_C = '\x03';
const CTRL_Z = '\x1a';
const CTRL_BACKSLASH = '\x1c';
/** Lintel's word: a second INT after this time (milliseconds) is meant to kill. On a terminal it is not. */
const INSISTING_MS = 1000;

const PYTHON = '/usr/bin/python3';
const NEEDS = { programs: ['/usr/bin/script'] };
const NEEDS_PYTHON = { programs: ['/usr/bin/script', PYTHON] };
const SERVICE: ContainerOptions['files'] = {
  '/etc/services.d/neighbour/run': '#!/bin/sh\necho $$ > /tmp/neighbour\nexec sleep 9999\n',
};

for (const { how, options, isRoot } of STARTS) {
  test(`Ctrl-C interrupts Python and neither a service nor the container, ${how}`, {
    skip: whyNot({ ...NEEDS_PYTHON, isRoot }),
  }, async t => {
    const python = startOnTerminal(t, ['/init', PYTHON, '-q'], { ...options, files: SERVICE });
    await python.see(/>>> /);
    const insistsMs = performance.now() + INSISTING_MS;
    for (let isLast = false; !isLast; ) {
      isLast = performance.now() > insistsMs;
      python.type('import time; print("sle" + "eping"); time.sleep(9999)\n');
      await python.see(/sleeping\r\n/);
      python.type(CTRL_C);
      await python.see(/KeyboardInterrupt\r\n>>> $/);
    }
    // Nobody can continue what leads the terminal's session, so the kernel stops none of it.
    python.type(CTRL_Z);
    python.type('import os; print("nei" + "ghbour", os.kill(int(open("/tmp/neighbour").read()), 0))\n');
    await python.see(/neighbour None\r\n>>> $/);
    python.type('exit(5)\n');
    assert.equal((await python.end()).code, 5, python.output());
    // The services were ready long ago.
    assert.doesNotMatch(python.output(), /ready after/);
  });

  test(`bash has job control, ${how}`, { skip: whyNot({ ...NEEDS, isRoot }) }, async t => {
    const bash = startOnTerminal(t, ['/init', 'bash', '--norc'], {
      ...options,
      environment: { PS1: 'ready> ' },
    });
    await bash.see(/ready> /);
    bash.type('sh -c \'echo "a j"ob; exec sleep 9999\'\n');
    await bash.see(/\na job\r\n/);
    bash.type(CTRL_Z);
    await bash.see(/\[1\]\+ {2}Stopped .*\r\nready> $/);
    bash.type('jobs\n');
    await bash.see(/\[1\]\+ {2}Stopped .*\r\nready> $/);
    bash.type('fg\n');
    await bash.see(/fg\r\nsh -c .*\r\n/);
    bash.type(CTRL_C);
    await bash.see(/ready> $/);
    if (isRoot) {
      // For a container of another user, an engine would have given the terminal to that user.
      bash.type('echo "reo"pened > /dev/stderr\n');
      await bash.see(/\nreopened\r\nready> $/);
    }
    bash.type('(exit 3)\n');
    await bash.see(/ready> $/);
    bash.type('exit\n');
    const { code, stdout } = await bash.end();
    assert.equal(code, 3, stdout);
    assert.doesNotMatch(stdout, /no job control|cannot set terminal process group/);
  });
}

test('Ctrl-\\ ends a CMD that does not handle it with 131', { skip: whyNot(NEEDS) }, async t => {
  const sleep = startOnTerminal(t, ['/init', 'sh', '-c', 'echo up; exec sleep 9999'], { files: SERVICE });
  await sleep.see(/up\r\n/);
  sleep.type(CTRL_BACKSLASH);
  assert.equal((await sleep.end()).code, 131, sleep.output());
});

test('TERM from outside ends a CMD on a terminal with 143', { skip: whyNot(NEEDS) }, async t => {
  const sleep = startOnTerminal(t, ['/init', 'sh', '-c', 'echo up; exec sleep 9999'], { files: SERVICE });
  await sleep.see(/up\r\n/);
  await sleep.signal('SIGTERM');
  assert.equal((await sleep.end()).code, 143, sleep.output());
});

test('without a CMD Ctrl-C stops the container in order, with 0', { skip: whyNot(NEEDS) }, async t => {
  const environment = { LINTEL_SERVICES: 'greeter' };
  const files = {
    '/etc/services.d/greeter/run': '#!/bin/sh\ntrap "echo bye; exit 0" TERM\necho up\nsleep 9999 &\nwait\n',
  };
  const workbench = startOnTerminal(t, ['/init'], { environment, files });
  await workbench.see(/greeter \| .*up\r\n/);
  workbench.type(CTRL_C);
  const { code, stdout } = await workbench.end();
  assert.equal(code, 0, stdout);
  assert.match(stdout, /greeter \| .*bye/);
});

interface TerminalContainer extends Container {
  /** Waits for what comes after all that was seen before. */
  see(pattern: RegExp): Promise<void>;
}

function startOnTerminal(
  t: TestContext,
  command: readonly string[],
  options: ContainerOptions,
): TerminalContainer {
  const environment = { TERM: 'dumb', ...options.environment };
  const container = startContainer(t, command, { ...options, environment, terminal: true });
  let seen = 0;
  return {
    ...container,
    see: async pattern => {
      const match = await container.waitFor(pattern, seen);
      seen = match.index + match[0].length;
    },
  };
}
