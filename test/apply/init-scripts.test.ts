import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import test from 'node:test';
import { bootRoot, type Files, isAlive, makeRoot, NEEDS_PYTHON, PYTHON } from '../rig.ts';

/** The image's own start-up scripts: cont-init.d before the services, cont-finish.d after them. */
const SERVICE: Files = {
  '/etc/services.d/web/run': '#!/bin/sh\necho up > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
};
const FAILS =
  '#!/bin/sh\nfor n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "line $n"; done\necho it broke >&2\nexit 3\n';

test('a failing script stops the boot with 1, its name and its last lines', async t => {
  const lintel = bootRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-breaks': FAILS,
    '/etc/cont-init.d/20-next': '#!/bin/sh\necho ran > "$LINTEL_ROOT/tmp/next"\n',
  });
  const { code, stdout, stderr } = await lintel.end();
  assert.equal(code, 1, stderr);
  const sentence = stderr.slice(stderr.indexOf('lintel: error: '));
  assert.match(
    sentence,
    /^lintel: error: ended with exit code 1: Script \S+\/etc\/cont-init\.d\/10-breaks exited with code 3\n/,
  );
  assert.match(sentence, /line 12/);
  assert.match(sentence, /it broke/);
  assert.doesNotMatch(sentence, /line 2$/m);
  // Besides, all that it wrote went through.
  assert.match(stdout, /^10-breaks \| line 1$/m);
  for (const name of ['up', 'next']) assert.equal(existsSync(lintel.root.at(`/tmp/${name}`)), false, name);
});

test('a script that a signal ends has failed', async t => {
  const { code, stderr } = await bootRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-dies': '#!/bin/sh\nkill -SEGV $$\n',
  }).end();
  assert.equal(code, 1, stderr);
  assert.match(stderr, /10-dies was ended by SIGSEGV/);
});

test('a script whose interpreter is missing has failed, and the interpreter is named', async t => {
  const { code, stderr } = await bootRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-lost': '#!/no/such/interpreter\n',
  }).end();
  assert.equal(code, 1, stderr);
  assert.match(stderr, /10-lost could not start: .*\/no\/such\/interpreter/);
});

for (const [variable, value, isSaid] of [
  ['LINTEL_ON_INIT_FAILURE', 'warn', true],
  ['LINTEL_ON_INIT_FAILURE', 'continue', false],
  ['S6_BEHAVIOUR_IF_STAGE2_FAILS', '1', true],
  ['S6_BEHAVIOUR_IF_STAGE2_FAILS', '0', false],
] as const) {
  test(`with ${variable}=${value} a failing script is ${isSaid ? 'warned of' : 'passed over'}, and the boot goes on`, async t => {
    const lintel = bootRoot(
      t,
      {
        ...SERVICE,
        '/etc/cont-init.d/10-breaks': '#!/bin/sh\necho "FROM_BROKEN=yes" >> "$LINTEL_ENV"\nexit 3\n',
        '/etc/cont-init.d/20-next': '#!/bin/sh\necho "$FROM_BROKEN" > "$LINTEL_ROOT/tmp/next"\n',
      },
      { environment: { [variable]: value } },
    );
    await lintel.waitForFile('/tmp/up');
    assert.equal(lintel.root.read('/tmp/next'), 'yes\n');
    const { code, stderr } = await lintel.stop();
    assert.equal(code, 0, stderr);
    assert.equal(/lintel: warning: Script \S+10-breaks exited with code 3/.test(stderr), isSaid, stderr);
    assert.doesNotMatch(stderr, /10-breaks done/);
  });
}

test('LINTEL_ON_INIT_FAILURE beats the name of s6-overlay', async t => {
  const environment = { LINTEL_ON_INIT_FAILURE: 'stop', S6_BEHAVIOUR_IF_STAGE2_FAILS: '0' };
  const { code } = await bootRoot(
    t,
    { ...SERVICE, '/etc/cont-init.d/10-breaks': FAILS },
    { environment },
  ).end();
  assert.equal(code, 1);
});

test('a script over LINTEL_INIT_TIMEOUT_MS is ended with all that it started', async t => {
  const lintel = bootRoot(
    t,
    {
      ...SERVICE,
      '/etc/cont-init.d/10-hangs':
        '#!/bin/sh\nsleep 9999 &\nsetsid sleep 9999 &\necho $! > "$LINTEL_ROOT/tmp/pid"\necho waiting for Godot\nwait\n',
    },
    { environment: { LINTEL_INIT_TIMEOUT_MS: '300' } },
  );
  const { code, stderr } = await lintel.end();
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    /10-hangs took longer than 300 ms \(LINTEL_INIT_TIMEOUT_MS\)\n[\s\S]* {2}its last lines:\n {4}\| waiting for Godot\n$/,
  );
  assert.equal(isAlive(Number(lintel.root.read('/tmp/pid'))), false);
});

test('what a script over its time started is gone before the boot goes on, even what ignores TERM', async t => {
  const lintel = bootRoot(
    t,
    {
      '/etc/cont-init.d/10-hangs':
        '#!/bin/sh\n(trap "" TERM; echo up > "$LINTEL_ROOT/tmp/child"; while :; do sleep 1; done) &\necho $! > "$LINTEL_ROOT/tmp/pid"\nwait\n',
      '/etc/services.d/web/run':
        '#!/bin/sh\nkill -0 "$(cat "$LINTEL_ROOT/tmp/pid")" 2>/dev/null && echo left > "$LINTEL_ROOT/tmp/up" || echo gone > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
      '/etc/services.d/web/service.json': '{ "user": "0" }',
    },
    { environment: { LINTEL_INIT_TIMEOUT_MS: '300', LINTEL_ON_INIT_FAILURE: 'warn' } },
  );
  assert.equal(await lintel.waitForFile('/tmp/up'), 'gone\n');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning: Script \S+10-hangs took longer than 300 ms/);
});

test('nothing is left of the scripts when the boot fails', async t => {
  const lintel = bootRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-daemon':
      '#!/bin/sh\nsetsid sleep 9999 > /dev/null 2>&1 &\necho $! > "$LINTEL_ROOT/tmp/pid"\n',
    '/etc/cont-init.d/20-breaks': FAILS,
  });
  assert.equal((await lintel.end()).code, 1);
  assert.equal(isAlive(Number(lintel.root.read('/tmp/pid'))), false);
});

/** Text that a shell, an expansion or a careless parser would change. */
const VALUES: Readonly<Record<string, { readonly written: string; readonly value: string }>> = {
  BLANKS: { written: "'  two  blanks  '", value: '  two  blanks  ' },
  COMMAND: {
    written: '\'$(touch "$LINTEL_ROOT/tmp/evaluated") `id` ${HOME} $HOME\'',
    value: '$(touch "$LINTEL_ROOT/tmp/evaluated") `id` ${HOME} $HOME',
  },
  BARE: { written: '$(touch $LINTEL_ROOT/tmp/evaluated)', value: '$(touch $LINTEL_ROOT/tmp/evaluated)' },
  DOUBLE: { written: '\'say "hello"\'', value: 'say "hello"' },
  SINGLE: { written: '"it\'s $HOME"', value: "it's $HOME" },
  HASH: { written: "'a # b'", value: 'a # b' },
  BACKSLASH: { written: "'C:\\new\\table'", value: 'C:\\new\\table' },
  LINES: { written: "'one\ntwo'", value: 'one\ntwo' },
  UMLAUT: { written: "'Zoë → 東京'", value: 'Zoë → 東京' },
  EQUALS: { written: "'a=b=c'", value: 'a=b=c' },
  NOTHING: { written: '', value: '' },
};
const WRITES_ALL = `#!/bin/sh\ncat >> "$LINTEL_ENV" <<'END'\n${Object.entries(VALUES)
  .map(([name, { written }]) => `${name}=${written}\n`)
  .join('')}export EXPORTED=too\nTWICE=first\nEND\n`;
const DUMP = (file: string) =>
  `#!${PYTHON}\nimport json, os, time\npath = os.environ["LINTEL_ROOT"] + "/tmp/${file}"\nwith open(path + ".new", "w") as new: new.write(json.dumps(dict(os.environ)) + "\\n")\nos.rename(path + ".new", path)\n`;

test('a script adds variables for all after it, as written and never evaluated', {
  skip: NEEDS_PYTHON,
}, async t => {
  const lintel = bootRoot(
    t,
    {
      '/etc/cont-init.d/10-writes': WRITES_ALL,
      '/etc/cont-init.d/20-sees': DUMP('script'),
      '/etc/cont-init.d/30-again': '#!/bin/sh\necho "TWICE=\'$TWICE, then second\'" >> "$LINTEL_ENV"\n',
      '/etc/services.d/web/run': `${DUMP('service')}time.sleep(9999)\n`,
    },
    { environment: { NOTHING: 'given', UNTOUCHED: 'given' } },
  );
  const seen = {
    service: JSON.parse(await lintel.waitForFile('/tmp/service')),
    script: JSON.parse(lintel.root.read('/tmp/script')),
  };
  for (const [who, environment] of Object.entries(seen)) {
    for (const [name, { value }] of Object.entries(VALUES))
      assert.equal(environment[name], value, `${name} of the ${who}`);
    assert.equal(environment.EXPORTED, 'too');
    assert.equal(environment.UNTOUCHED, 'given');
  }
  assert.equal(seen.script.TWICE, 'first');
  assert.equal(seen.service.TWICE, 'first, then second');
  assert.equal(existsSync(lintel.root.at('/tmp/evaluated')), false);
  await lintel.stop();
});

test('what scripts add reaches the CMD and the scripts of the end too', async t => {
  const root = makeRoot(t, {
    '/etc/cont-init.d/10-writes': '#!/bin/sh\necho COLOUR=blue >> "$LINTEL_ENV"\n',
    '/etc/cont-finish.d/10-sees': '#!/bin/sh\necho "finish sees $COLOUR"\n',
  });
  const { code, stdout, stderr } = await root
    .boot({ command: ['sh', '-c', 'echo "CMD sees $COLOUR"; exit 4'] })
    .end();
  assert.equal(code, 4, stderr);
  assert.match(stdout, /^CMD sees blue$/m);
  // With a CMD stdout is its alone.
  assert.match(stderr, /^10-sees \| finish sees blue$/m);
});

test('a script runs as Lintel itself, in /, without input, and knows whose workbench it is', async t => {
  const lintel = bootRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-who':
      '#!/bin/sh\nprintf "%s\\n" "$(id -u)" "$PWD" "$(readlink /proc/self/fd/0)" "$LINTEL_WORKBENCH_UID:$LINTEL_WORKBENCH_GID" "$LINTEL_WORKBENCH_HOME" "$LINTEL_RUNTIME_DIR" > "$LINTEL_ROOT/tmp/who"\n',
  });
  await lintel.waitForFile('/tmp/up');
  const passwd = lintel.root.read('/etc/passwd').trim().split('\n').at(-1)?.split(':') ?? [];
  assert.deepEqual(lintel.root.read('/tmp/who').trim().split('\n'), [
    String(process.getuid?.()),
    '/',
    '/dev/null',
    `${passwd[2]}:${passwd[3]}`,
    passwd[5],
    lintel.root.at('/run/lintel'),
  ]);
  await lintel.stop();
});

const SAYS_PLAN =
  '#!/bin/sh\ncat "$LINTEL_ROOT/etc/pip.conf" > "$LINTEL_ROOT/tmp/up.new"\nmv "$LINTEL_ROOT/tmp/up.new" "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n';

test('settings that scripts change are applied before the services start', async t => {
  const lintel = bootRoot(
    t,
    {
      '/etc/cont-init.d/10-mirror':
        '#!/bin/sh\necho PIP_REPOSITORY=https://other.example/simple >> "$LINTEL_ENV"\n',
      '/etc/services.d/web/run': SAYS_PLAN,
    },
    { environment: { PIP_REPOSITORY: 'https://mirror.example/simple' } },
  );
  const text = await lintel.waitForFile('/tmp/up');
  assert.match(text, /^index-url = https:\/\/other\.example\/simple$/m);
  assert.doesNotMatch(text, /mirror\.example/);
  assert.equal((await lintel.stop()).code, 0);
});

test('a service of which a script made the condition true starts', async t => {
  const lintel = bootRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-choose': '#!/bin/sh\necho LINTEL_SERVICES=desk >> "$LINTEL_ENV"\n',
    '/etc/services.d/desk/run': '#!/bin/sh\necho up > "$LINTEL_ROOT/tmp/desk"\nexec sleep 9999\n',
  });
  await lintel.waitForFile('/tmp/desk');
  assert.equal((await lintel.stop()).code, 0);
  assert.equal(existsSync(lintel.root.at('/tmp/up')), false);
});

test('a malformed setting from a script stops the boot with 2', async t => {
  const { code, stderr } = await bootRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-wrong': '#!/bin/sh\necho LINTEL_SERVICES=jupiter >> "$LINTEL_ENV"\n',
  }).end();
  assert.equal(code, 2, stderr);
  assert.match(stderr, /LINTEL_SERVICES: "jupiter"/);
});

test('a problem of the platform is said once, even when scripts change other settings', async t => {
  const lintel = bootRoot(
    t,
    {
      ...SERVICE,
      '/etc/cont-init.d/10-mirror':
        '#!/bin/sh\necho PIP_REPOSITORY=https://other.example/simple >> "$LINTEL_ENV"\n',
    },
    { environment: { CONDA_REPOSITORY: 'https://x y' } },
  );
  await lintel.waitForFile('/tmp/up');
  const { stderr } = await lintel.stop();
  assert.equal(stderr.match(/Cannot use CONDA_REPOSITORY/g)?.length, 1, stderr);
});

test('the runtime folder stays where it was when scripts name a better one', async t => {
  const root = makeRoot(t, {
    '/etc/cont-init.d/10-all':
      '#!/bin/sh\nmkdir -m 700 "$LINTEL_ROOT/tmp/xdg"\necho "XDG_RUNTIME_DIR=$LINTEL_ROOT/tmp/xdg" >> "$LINTEL_ENV"\necho CONDA_REPOSITORY=https://ada:secret@other.example/conda >> "$LINTEL_ENV"\n',
    '/etc/services.d/web/run':
      '#!/bin/sh\necho "$LINTEL_RUNTIME_DIR $CONDARC" > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    '/run/lintel/file': '',
  });
  // Everybody could write there, so it is not used.
  chmodSync(root.at('/run/lintel'), 0o777);
  const lintel = root.boot();
  const [runtimeDir = '', condarc = ''] = (await lintel.waitForFile('/tmp/up')).trim().split(' ');
  assert.equal(runtimeDir, root.at(`/tmp/lintel-${process.getuid?.()}`));
  assert.equal(condarc, `${runtimeDir}/secrets/condarc`);
  assert.match(readFileSync(condarc, 'utf8'), /secret/);
  assert.equal(statSync(`${runtimeDir}/secrets`).mode & 0o777, 0o700);
  await lintel.stop();
});

test('what is no runnable script is named and skipped, and the others run', async t => {
  const root = makeRoot(t, {
    ...SERVICE,
    '/etc/cont-init.d/10-no-x': '#!/bin/sh\ntouch "$LINTEL_ROOT/tmp/wrong"\n',
    '/etc/cont-init.d/20-no-shebang': 'touch "$LINTEL_ROOT/tmp/wrong"\n',
    '/etc/cont-init.d/30-folder/file': '',
    '/etc/cont-init.d/40-empty': '',
    '/etc/cont-init.d/60-right': '#!/bin/sh\necho ran > "$LINTEL_ROOT/tmp/right"\n',
    '/etc/cont-init.d/.hidden': '#!/bin/sh\ntouch "$LINTEL_ROOT/tmp/wrong"\n',
    '/etc/cont-finish.d/10-no-x': '#!/bin/sh\ntouch "$LINTEL_ROOT/tmp/wrong"\n',
  });
  for (const name of ['cont-init.d/10-no-x', 'cont-finish.d/10-no-x'])
    chmodSync(root.at(`/etc/${name}`), 0o644);
  for (const name of ['20-no-shebang', '40-empty']) chmodSync(root.at(`/etc/cont-init.d/${name}`), 0o755);
  symlinkSync('/no/such/file', root.at('/etc/cont-init.d/50-link'));
  const lintel = root.boot();
  await lintel.waitForFile('/tmp/up');
  const { code, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  for (const said of [
    /warning: script \S+cont-init\.d\/10-no-x is skipped: it is not executable/,
    /warning: script \S+cont-init\.d\/20-no-shebang is skipped: its first line is no "#!"/,
    /warning: script \S+cont-init\.d\/30-folder is skipped: it is a directory/,
    /warning: script \S+cont-init\.d\/40-empty is skipped: its first line is no "#!"/,
    /warning: script \S+cont-init\.d\/50-link is skipped: it is a link to nothing/,
    /warning: script \S+cont-finish\.d\/10-no-x is skipped: it is not executable/,
  ])
    assert.match(stderr, said);
  assert.equal(root.read('/tmp/right'), 'ran\n');
  assert.equal(existsSync(root.at('/tmp/wrong')), false);
});

test('scripts of the end run in byte order when the services are gone, and a failure does not change the code', async t => {
  const lintel = bootRoot(t, {
    '/etc/services.d/web/run': '#!/bin/sh\necho $$ > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    '/etc/cont-finish.d/10-first':
      '#!/bin/sh\nkill -0 "$(cat "$LINTEL_ROOT/tmp/up")" 2>/dev/null || echo web is gone\nexit 5\n',
    '/etc/cont-finish.d/9-second': '#!/bin/sh\necho second\n',
  });
  await lintel.waitForFile('/tmp/up');
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '10-first | web is gone\n9-second | second\n');
  assert.match(stderr, /warning: script \S+10-first exited with code 5/);
});

const CLEANS: Files = {
  '/etc/cont-init.d/10-mount': '#!/bin/sh\necho "PLACE=/data" >> "$LINTEL_ENV"\n',
  '/etc/cont-finish.d/10-unmount': '#!/bin/sh\necho "unmounts $PLACE"\n',
};

test('scripts of the end clean up after scripts of the start also when one of these failed', async t => {
  const lintel = bootRoot(t, { ...SERVICE, ...CLEANS, '/etc/cont-init.d/20-fails': '#!/bin/sh\nexit 3\n' });
  const { code, stdout, stderr } = await lintel.end();
  assert.equal(code, 1, stderr);
  assert.equal(stdout, '10-unmount | unmounts /data\n');
  assert.match(stderr, /20-fails exited with code 3[\s\S]*ended with exit code 1: Script \S+20-fails exited/);
});

test('scripts of the end clean up after a stop that came before any service', async t => {
  const lintel = bootRoot(t, {
    ...SERVICE,
    ...CLEANS,
    '/etc/cont-init.d/20-slow': '#!/bin/sh\necho up > "$LINTEL_ROOT/tmp/slow"\nexec sleep 9999\n',
  });
  await lintel.waitForFile('/tmp/slow');
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '10-unmount | unmounts /data\n');
});

test('scripts of the end do not run when bad settings kept all others from running', async t => {
  const lintel = bootRoot(t, CLEANS, { environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: 'soon' } });
  const { code, stdout } = await lintel.end();
  assert.equal(code, 2);
  assert.equal(stdout, '');
});

test('a script of the end that hangs does not outlast the time for the stop', async t => {
  const lintel = bootRoot(
    t,
    { ...SERVICE, '/etc/cont-finish.d/10-hangs': '#!/bin/sh\necho hangs\nexec sleep 9999\n' },
    { environment: { LINTEL_SHUTDOWN_TIMEOUT_MS: '600' } },
  );
  await lintel.waitForFile('/tmp/up');
  const { code, stdout } = await lintel.stop();
  assert.equal(code, 0);
  assert.match(stdout, /hangs/);
});
