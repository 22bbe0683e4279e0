import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { bootRoot, type Files, type Lintel, NEEDS_PYTHON, PYTHON } from '../rig.ts';

/** Lintel as a subreaper: orphans below it are its own to reap, and its own children never lose their exit codes. */
const ORPHANS = 1000;
const SERVICES = 60;
const SCRIPTS = 20;

/** Makes so many orphans that end at once, in batches whose parent ends first. Opens the gate for the services between. */
const MAKES_ORPHANS = `#!${PYTHON}
import os
gate = os.open(os.environ["LINTEL_ROOT"] + "/tmp/gate", os.O_RDWR)
for _ in range(${ORPHANS} // 50):
    parent = os.fork()
    if parent == 0:
        for _ in range(50):
            if os.fork() == 0: os._exit(7)
        os._exit(0)
    os.waitpid(parent, 0)
    os.write(gate, b"\\n" * (${SERVICES} // (${ORPHANS} // 50)))
with open(os.environ["LINTEL_ROOT"] + "/tmp/done", "w") as file: file.write("done\\n")
while True: os.read(os.open("/dev/null", os.O_RDONLY), 1) or __import__("signal").pause()
`;

test('orphans leave no zombies, while the services beside them report their own exit codes', {
  skip: NEEDS_PYTHON,
}, async t => {
  const expected = Object.fromEntries(Array.from({ length: SERVICES }, (_, n) => [`n${n}`, 1 + n]));
  const services: Files = Object.fromEntries(
    Object.entries(expected).flatMap(([name, code]) => [
      [`/etc/services.d/${name}/run`, `#!/bin/sh\nread -r _ < "$LINTEL_ROOT/tmp/gate"\nexit ${code}\n`],
      [`/etc/services.d/${name}/service.json`, '{ "restart": "never" }'],
    ]),
  );
  const lintel = bootRoot(t, {
    ...services,
    '/etc/services.d/orphans/run': MAKES_ORPHANS,
    '/etc/cont-init.d/10-gate': '#!/bin/sh\nmkfifo -m 666 "$LINTEL_ROOT/tmp/gate"\n',
  });
  await lintel.waitForFile('/tmp/done');
  await lintel.waitUntil(
    'every service has ended',
    () => Object.keys(parseDeaths(lintel)).length === SERVICES,
  );
  await lintel.waitUntil('no zombie is left', () => findZombies(lintel.pid).length === 0);
  assert.deepEqual(parseDeaths(lintel), expected);
  assert.equal((await lintel.stop()).code, 0);
});

test('scripts report their exit codes while orphans end beside them', { skip: NEEDS_PYTHON }, async t => {
  const script = (code: number) =>
    `#!/bin/sh\nfor n in 1 2 3 4 5 6 7 8 9 10; do (sh -c : &) done\nexit ${code}\n`;
  const scripts = Object.fromEntries(
    Array.from({ length: SCRIPTS }, (_, n) => [`/etc/cont-init.d/${100 + n}`, script(n + 1)]),
  );
  const lintel = bootRoot(
    t,
    {
      ...scripts,
      '/etc/services.d/web/run': '#!/bin/sh\necho up > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    },
    { environment: { LINTEL_ON_INIT_FAILURE: 'warn' } },
  );
  await lintel.waitForFile('/tmp/up');
  await lintel.waitUntil('no zombie is left', () => findZombies(lintel.pid).length === 0);
  const { stderr } = await lintel.stop();
  for (let n = 0; n < SCRIPTS; n++)
    assert.match(stderr, new RegExp(`cont-init\\.d/${100 + n} exited with code ${n + 1}$`, 'm'));
});

test('an orphan of a CMD comes to Lintel and is reaped while the CMD goes on', async t => {
  const lintel = bootRoot(
    t,
    {},
    {
      command: [
        'sh',
        '-c',
        '(sh -c "echo \\$\\$ > \\"$LINTEL_ROOT/tmp/orphan\\"; read -r _ < \\"$LINTEL_ROOT/tmp/gate\\"" &)\nread -r _ < "$LINTEL_ROOT/tmp/gate-of-cmd"\nexit 4',
      ],
    },
  );
  const [gate, gateOfCommand] = [lintel.root.gate('/tmp/gate'), lintel.root.gate('/tmp/gate-of-cmd')];
  const orphan = Number(await lintel.waitForFile('/tmp/orphan'));
  await lintel.waitUntil('the orphan is Lintel’s', () => readStat(orphan)?.parent === lintel.pid);
  gate.open();
  await lintel.waitUntil('the orphan is reaped', () => readStat(orphan) === undefined);
  gateOfCommand.open();
  assert.equal((await lintel.end()).code, 4);
});

/** Service -> exit code, from the log. */
function parseDeaths(lintel: Lintel): Record<string, number> {
  const deaths = lintel.log().matchAll(/^lintel: warning: (n\d+) exited with code (\d+)/gm);
  return Object.fromEntries(Array.from(deaths, ([, name = '', code]) => [name, Number(code)]));
}

function findZombies(parent: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter(pid => {
    const stat = readStat(pid);
    return stat?.parent === parent && stat.state === 'Z';
  });
}

function readStat(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
