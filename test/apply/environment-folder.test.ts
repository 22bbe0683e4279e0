import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { makeEnvironmentFolder } from '../../src/apply/environment-folder.ts';
import { makeFolder } from '../facts/folder.ts';
import { bootRoot, type Files, makeRoot, NEEDS_PYTHON, NEEDS_ROOT, PYTHON, WORKBENCH } from '../rig.ts';

const READER = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

function makeWrittenFolder(
  t: TestContext,
  environment: Readonly<Record<string, string>>,
  isWatched: boolean,
) {
  const folder = makeFolder(t);
  const env = makeEnvironmentFolder(folder.at('env'), READER);
  assert.deepEqual(env.write(environment), []);
  if (isWatched) t.after(env.watch());
  return {
    env,
    at: (name: string) => folder.at(`env/${name}`),
    put: (name: string, text: string | Uint8Array) => writeFileSync(folder.at(`env/${name}`), text),
    growth: () => env.readGrowth().growth,
    warnings: () => env.readGrowth().warnings.map(text => text.replaceAll(folder.path, '')),
  };
}

const NOTHING = { set: {}, unset: [] };

for (const isWatched of [false, true])
  describe(`the folder of the environment${isWatched ? ', which the kernel watches' : ''}`, () => {
    const makeEnv = (t: TestContext, environment: Readonly<Record<string, string>>) =>
      makeWrittenFolder(t, environment, isWatched);

    test('holds one file a variable, whatever stands in its value', t => {
      const values = {
        PLAIN: 'one',
        EMPTY: '',
        NEWLINE: 'two\n',
        LINES: 'a\nb',
        'my-var': '$(id) `id` "x"',
        'a.b': 'ü',
        __proto: '1',
        ['__proto__']: 'own',
      };
      const { env, at, growth } = makeEnv(t, values);
      assert.equal(readFileSync(at('PLAIN'), 'utf8'), 'one');
      assert.equal(readFileSync(at('LINES'), 'utf8'), 'a\nb');
      assert.deepEqual(readdirSync(env.path).sort(), Object.keys(values).sort());
      assert.deepEqual(growth(), NOTHING);
      // Read as a script's own, they come back as they were.
      const other = makeEnv(t, Object.fromEntries(Object.keys(values).map(name => [name, 'other'])));
      for (const name of Object.keys(values)) other.put(name, readFileSync(at(name)));
      assert.deepEqual(Object.entries(other.growth().set).sort(), Object.entries(values).sort());
    });

    test('tells what was added, changed, emptied and removed, and tells it once', t => {
      const { at, put, growth } = makeEnv(t, {
        SAME: '1',
        CHANGED: '1',
        EMPTIED: '1',
        GONE: '1',
        MOVED: '1',
      });
      put('ADDED', 'new\n');
      put('CHANGED', '2');
      put('EMPTIED', '');
      put('SAME', '1');
      put('.hidden', 'x');
      rmSync(at('GONE'));
      renameSync(at('MOVED'), at('ARRIVED'));
      const { set, unset } = growth();
      assert.deepEqual(set, { ADDED: 'new', CHANGED: '2', ARRIVED: '1' });
      assert.deepEqual([...unset].sort(), ['EMPTIED', 'GONE', 'MOVED']);
      assert.deepEqual(growth(), NOTHING);
    });

    test('sees a change of one character within a tick of the clock, again and again', t => {
      const { put, growth } = makeEnv(t, { SWITCH: '0' });
      for (let round = 1; round <= 50; round++) {
        put('SWITCH', String(round % 2));
        assert.deepEqual(growth().set, { SWITCH: String(round % 2) });
      }
    });

    test('drops one newline at the end and no more', t => {
      const { put, growth } = makeEnv(t, {});
      put('NONE', 'a');
      put('ONE', 'a\n');
      put('TWO', 'a\n\n');
      put('ONLY', '\n');
      assert.deepEqual(growth().set, { NONE: 'a', ONE: 'a', ONLY: '', TWO: 'a\n' });
    });

    test('names what is no variable, once, without what it holds, and waits for no fifo', t => {
      const { at, put, env, growth } = makeEnv(t, { KEPT: 'old' });
      put('NUL', 'secret\0');
      put('BYTES', Uint8Array.of(0xff, 0xfe));
      put('LARGE', 'x'.repeat(128 * 1024));
      put('LARGEST', 'x'.repeat(128 * 1024 - 1 - 'LARGEST='.length));
      put('with blank', 'secret');
      put('A=B', 'secret');
      mkdirSync(at('FOLDER'));
      symlinkSync('/etc/passwd', at('LINK'));
      execFileSync('mkfifo', [at('FIFO')]);
      rmSync(at('KEPT'));
      symlinkSync('/etc/passwd', at('KEPT'));
      const seen = env.readGrowth();
      assert.deepEqual(Object.keys(seen.growth.set), ['LARGEST']);
      assert.deepEqual(seen.growth.unset, []);
      const said = seen.warnings.map(text => text.slice(text.lastIndexOf('/env/') + 5)).sort();
      assert.deepEqual(said, [
        'A=B is passed over: its name is no variable’s',
        'BYTES is passed over: it is no valid UTF-8',
        'FIFO is passed over: it is no regular file',
        'FOLDER is passed over: it is no regular file',
        'KEPT is passed over: it is a link',
        'LARGE is passed over: it has 131078 bytes with its name, more than 131071',
        'LINK is passed over: it is a link',
        'NUL is passed over: it holds a NUL character',
        'with blank is passed over: its name is no variable’s',
      ]);
      assert.deepEqual(env.readGrowth(), { growth: growth(), warnings: [] });
      // A new value takes the place of whatever stands there.
      assert.deepEqual(env.write({ FIFO: '1', FOLDER: '2', LINK: '3', KEPT: '4', LARGEST: 'short' }), []);
      assert.equal(
        ['FIFO', 'FOLDER', 'LINK', 'KEPT'].map(name => readFileSync(at(name), 'utf8')).join(''),
        '1234',
      );
    });

    test('holds exactly what was written last', t => {
      const { env, at, growth } = makeEnv(t, { A: '1', B: '1', C: '1' });
      assert.deepEqual(env.write({ B: '2', C: '1', D: '1' }), []);
      assert.deepEqual(readdirSync(env.path).sort(), ['B', 'C', 'D']);
      assert.equal(readFileSync(at('B'), 'utf8'), '2');
      assert.deepEqual(growth(), NOTHING);
    });

    test('that a script took away unsets nothing and is made again', t => {
      const { env, warnings, growth } = makeEnv(t, { A: '1' });
      rmSync(env.path, { recursive: true });
      assert.deepEqual(warnings(), ['/env is gone: it is made again']);
      assert.deepEqual(env.write({ A: '1' }), []);
      assert.deepEqual(growth(), NOTHING);
      assert.deepEqual(readdirSync(env.path), ['A']);
    });

    test('is open to its reader’s group and to nobody else, whatever the umask', { skip: NEEDS_ROOT }, t => {
      const old = process.umask(0o077);
      t.after(() => process.umask(old));
      const env = makeEnvironmentFolder(makeFolder(t).at('env'), { uid: 1000, gid: 4242 });
      env.write({ SECRET: 'x' });
      writeFileSync(`${env.path}/OTHER`, 'x');
      chmodSync(`${env.path}/OTHER`, 0o666);
      chownSync(`${env.path}/OTHER`, 1000, 1000);
      env.readGrowth();
      assert.equal(process.umask(), 0o077);
      assert.deepEqual(describeMode(env.path), [0, 4242, '2750']);
      for (const name of ['SECRET', 'OTHER'])
        assert.deepEqual(describeMode(`${env.path}/${name}`), [0, 4242, '640'], name);
    });
  });

function describeMode(path: string) {
  const { uid, gid, mode } = statSync(path);
  return [uid, gid, (mode & 0o7777).toString(8)];
}

/** Writes its whole environment into $LINTEL_ROOT/tmp/<file> as JSON. */
const DUMP = (file: string) =>
  `#!${PYTHON}\nimport json, os, time\npath = os.environ["LINTEL_ROOT"] + "/tmp/${file}"\nwith open(path + ".new", "w") as new: new.write(json.dumps(dict(os.environ)) + "\\n")\nos.rename(path + ".new", path)\n`;
const SERVICE: Files = { '/etc/services.d/web/run': `${DUMP('service')}time.sleep(9999)\n` };
const ENV = '"$LINTEL_ROOT/run/s6/container_environment"';

describe('scripts', () => {
  test('grow the environment by its folder, in both directions, for all after them', {
    skip: NEEDS_PYTHON,
  }, async t => {
    const lintel = bootRoot(
      t,
      {
        ...SERVICE,
        '/etc/cont-init.d/10-writes': `#!/bin/sh\nset -e\ncd ${ENV}\nprintf '%s' 'a "b" $(touch "$LINTEL_ROOT/tmp/evaluated")' > ADDED\necho changed > CHANGED\n: > EMPTIED\nrm REMOVED\nprintf '%s\\n' 'TOO=by file' >> "$LINTEL_ENV"\n`,
        '/etc/cont-init.d/20-sees': DUMP('script'),
        '/etc/cont-init.d/30-finds': `#!/bin/sh\ncd ${ENV}\ncat TOO > "$LINTEL_ROOT/tmp/too"\nwc -c < "$LINTEL_ENV" > "$LINTEL_ROOT/tmp/left"\n`,
      },
      { environment: { CHANGED: 'given', EMPTIED: 'given', REMOVED: 'given', KEPT: 'given' } },
    );
    const service = JSON.parse(await lintel.waitForFile('/tmp/service'));
    const script = JSON.parse(lintel.root.read('/tmp/script'));
    for (const [who, environment] of Object.entries({ script, service })) {
      assert.equal(environment.ADDED, 'a "b" $(touch "$LINTEL_ROOT/tmp/evaluated")', who);
      assert.equal(environment.CHANGED, 'changed', who);
      assert.equal(environment.KEPT, 'given', who);
      assert.equal(environment.TOO, 'by file', who);
      for (const name of ['EMPTIED', 'REMOVED'])
        assert.equal(name in environment, false, `${name} of ${who}`);
    }
    assert.equal(lintel.root.read('/tmp/too'), 'by file');
    assert.equal(lintel.root.read('/tmp/left').trim(), '0');
    assert.equal(existsSync(lintel.root.at('/tmp/evaluated')), false);
    await lintel.stop();
  });

  test('that unset what another added by LINTEL_ENV have the last word', async t => {
    const lintel = bootRoot(t, {
      '/etc/cont-init.d/10-adds': '#!/bin/sh\necho COLOUR=blue >> "$LINTEL_ENV"\n',
      '/etc/cont-init.d/20-unsets': `#!/bin/sh\nrm ${ENV}/COLOUR\n`,
      '/etc/services.d/web/run':
        '#!/bin/sh\necho "${COLOUR-none}" > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    });
    assert.equal(await lintel.waitForFile('/tmp/up'), 'none\n');
    await lintel.stop();
  });

  test('change settings by the folder too, and unset them', async t => {
    const lintel = bootRoot(
      t,
      {
        '/etc/lintel/lintel.env': 'PIP_REPOSITORY=https://default.example/simple\n',
        '/etc/cont-init.d/10-changes': `#!/bin/sh\nrm ${ENV}/PIP_REPOSITORY\nprintf web > ${ENV}/LINTEL_SERVICES\n`,
        '/etc/services.d/web/run':
          '#!/bin/sh\ncat "$LINTEL_ROOT/etc/pip.conf" > "$LINTEL_ROOT/tmp/up.new" 2>&1\necho "${PIP_REPOSITORY-none}" >> "$LINTEL_ROOT/tmp/up.new"\nmv "$LINTEL_ROOT/tmp/up.new" "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
        '/etc/services.d/other/run': '#!/bin/sh\ntouch "$LINTEL_ROOT/tmp/other"\nexec sleep 9999\n',
      },
      {},
    );
    const text = await lintel.waitForFile('/tmp/up');
    assert.match(text, /^none$/m);
    assert.doesNotMatch(text, /default\.example/);
    assert.equal(existsSync(lintel.root.at('/tmp/other')), false);
    await lintel.stop();
  });

  test('that move HOME move the tools’ configuration along', async t => {
    const root = makeRoot(t, {
      '/etc/cont-init.d/10-moves': `#!/bin/sh\nprintf '%s' "$LINTEL_ROOT/home/other" > ${ENV}/HOME\n`,
      '/etc/services.d/web/run': '#!/bin/sh\necho "$HOME" > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    });
    mkdirSync(root.at('/home/other'));
    if (process.getuid?.() === 0) chownSync(root.at('/home/other'), WORKBENCH.uid, WORKBENCH.gid);
    const lintel = root.boot();
    assert.equal(await lintel.waitForFile('/tmp/up'), `${root.at('/home/other')}\n`);
    await lintel.stop();
  });

  test('hear of a line that is no assignment, by its number and without its text', async t => {
    const lintel = bootRoot(t, {
      '/etc/cont-init.d/10-slips':
        '#!/bin/sh\ncat >> "$LINTEL_ENV" <<\'END\'\n# a comment\nGOOD=1\n\nexport hunter2\nLINES="a\nb"\nset token\nLAST=1\nEND\n',
      '/etc/services.d/web/run': '#!/bin/sh\necho "$GOOD$LAST" > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    });
    assert.equal(await lintel.waitForFile('/tmp/up'), '11\n');
    const { stderr } = await lintel.stop();
    const said = [...stderr.matchAll(/^lintel: warning: script 10-slips: .*script\.env, (.*)$/gm)];
    assert.deepEqual(
      said.map(([, text]) => text),
      ['line 4: no NAME=value', 'line 7: no NAME=value'],
    );
    assert.doesNotMatch(stderr, /hunter2|token/);
  });

  test('add no variable that would keep every process from starting', async t => {
    const lintel = bootRoot(t, {
      '/etc/cont-init.d/10-large':
        '#!/bin/sh\n{ printf "HUGE="; head -c 200000 /dev/zero | tr "\\0" x; echo; echo FINE=1; } >> "$LINTEL_ENV"\n',
      '/etc/services.d/web/run':
        '#!/bin/sh\necho "$FINE${HUGE-none}" > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999\n',
    });
    assert.equal(await lintel.waitForFile('/tmp/up'), '1none\n');
    assert.match((await lintel.stop()).stderr, /variable HUGE in \S+ is passed over: it has 200005 bytes/);
  });
});

describe('without scripts', () => {
  test('the folder is there once the services run, under s6’s names too', async t => {
    const lintel = bootRoot(
      t,
      { '/etc/services.d/web/run': '#!/bin/sh\nexec sleep 9999\n' },
      { environment: { COLOUR: 'blue' } },
    );
    const env = lintel.root.at('/run/lintel/env');
    await lintel.waitForFile('/run/s6/container_environment/COLOUR', /^blue$/);
    assert.equal(readlinkSync(lintel.root.at('/run/s6/container_environment')), env);
    assert.equal(readFileSync(`${env}/LINTEL_RUNTIME_DIR`, 'utf8'), lintel.root.at('/run/lintel'));
    await lintel.stop();
  });
});
