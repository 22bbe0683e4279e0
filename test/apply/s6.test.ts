import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { makeS6Places } from '../../src/apply/s6.ts';
import { type Entry, makeFolder } from '../facts/folder.ts';
import { bootRoot, IS_ROOT, NEEDS_ROOT, WORKBENCH } from '../rig.ts';

const EXIT_CODE = '/run/s6-linux-init-container-results/exitcode';

function makePlaces(t: TestContext, entries: Readonly<Record<string, Entry>> = { 'run/lintel': 'a folder' }) {
  const root = makeFolder(t, entries);
  const environmentFolder = root.at('run/lintel/env');
  const places = makeS6Places({ root: root.path, environmentFolder, user: WORKBENCH });
  return { at: (path: string) => root.at(`.${path}`), places, environmentFolder };
}

describe('what s6’s scripts look for below /run', () => {
  test('is made, and made again by the next boot', t => {
    const { at, places, environmentFolder } = makePlaces(t);
    for (let boot = 1; boot <= 2; boot++) {
      assert.deepEqual(places.make(), []);
      assert.equal(readlinkSync(at('/run/s6/container_environment')), environmentFolder);
      assert.equal(statSync(at('/run/s6/basedir/bin/halt')).mode & 0o777, 0o755);
      assert.equal(readFileSync(at(EXIT_CODE), 'utf8'), '');
      assert.equal(existsSync(at('/var/run')), false);
      writeFileSync(at(EXIT_CODE), '9\n');
    }
  });

  test('is under /var/run too where that is no link', t => {
    const { at, places, environmentFolder } = makePlaces(t, { 'run/x': '', 'var/run/x': '' });
    assert.deepEqual(places.make(), []);
    assert.equal(readlinkSync(at('/var/run/s6/container_environment')), environmentFolder);
    const linked = makePlaces(t, { 'run/x': '', 'var/run': { link: '../run' } });
    assert.deepEqual(linked.places.make(), []);
  });

  test('takes an empty folder’s place, and leaves a full one to whoever filled it', t => {
    const empty = makePlaces(t, { 'run/s6/container_environment': 'a folder' });
    assert.deepEqual(empty.places.make(), []);
    assert.ok(lstatSync(empty.at('/run/s6/container_environment')).isSymbolicLink());
    const full = makePlaces(t, { 'run/s6/container_environment/A': '1' });
    assert.match(full.places.make().join(), /container_environment: ENOTEMPTY$/);
    assert.equal(readFileSync(full.at('/run/s6/container_environment/A'), 'utf8'), '1');
  });

  test('is root’s alone, whatever the image left there', { skip: NEEDS_ROOT }, t => {
    const { at, places } = makePlaces(t, { 'run/s6/basedir/bin/halt': 'theirs', victim: 'untouched' });
    for (const path of ['/run/s6', '/run/s6/basedir', '/run/s6/basedir/bin'])
      chownSync(at(path), WORKBENCH.uid, WORKBENCH.gid);
    mkdirSync(at('/run/s6-linux-init-container-results'));
    chmodSync(at('/run/s6-linux-init-container-results'), 0o777);
    symlinkSync(at('/victim'), at(EXIT_CODE));
    assert.deepEqual(places.make(), []);
    for (const path of [
      '/run/s6',
      '/run/s6/basedir',
      '/run/s6/basedir/bin',
      '/run/s6-linux-init-container-results',
    ])
      assert.deepEqual([statSync(at(path)).uid, statSync(at(path)).mode & 0o777], [0, 0o755], path);
    assert.deepEqual([statSync(at(EXIT_CODE)).uid, lstatSync(at(EXIT_CODE)).isFile()], [WORKBENCH.uid, true]);
    assert.equal(readFileSync(at('/victim'), 'utf8'), 'untouched');
  });
});

describe('the exit code of a script', () => {
  const TROUBLE = 'trouble';
  for (const [text, wish] of [
    ['', undefined],
    [' \n', undefined],
    ['0', { code: 0 }],
    ['7\n', { code: 7 }],
    ['255\n', { code: 255 }],
    ['256\n', TROUBLE],
    ['-1', TROUBLE],
    ['1.0', TROUBLE],
    ['seven', TROUBLE],
    ['1 2', TROUBLE],
    ['0x1', TROUBLE],
  ] as const) {
    test(`${JSON.stringify(text)} is ${JSON.stringify(wish) ?? 'no wish'}`, t => {
      const { at, places } = makePlaces(t);
      places.make();
      writeFileSync(at(EXIT_CODE), text);
      const seen = places.readExitCode();
      assert.deepEqual(seen !== undefined && TROUBLE in seen ? TROUBLE : seen, wish);
    });
  }

  test('is looked for in a file of our own only, through no link', t => {
    const { at, places } = makePlaces(t);
    assert.equal(places.readExitCode(), undefined);
    places.make();
    rmSync(at(EXIT_CODE));
    writeFileSync(at('/code'), '7\n');
    symlinkSync(at('/code'), at(EXIT_CODE));
    assert.deepEqual(places.readExitCode(), { trouble: 'too many symbolic links' });
  });

  test('wins over every other', async t => {
    const lintel = bootRoot(t, {
      '/etc/services.d/web/run': '#!/bin/sh\nexit 4\n',
      '/etc/services.d/web/service.json': '{"restart": "never"}',
      '/etc/services.d/web/finish': `#!/bin/sh\necho $(($1 + 10)) > "$LINTEL_ROOT${EXIT_CODE}"\n`,
    });
    const { code, stderr } = await lintel.end();
    assert.equal(code, 14, stderr);
    assert.match(stderr, /ended with exit code 14: .*exited with code 4 \(exit code from \/run\/s6-\S+\)$/m);
  });

  test('that is none is named once, and the container’s own stands', async t => {
    const { code, stdout, stderr } = await bootRoot(
      t,
      {},
      {
        command: [
          'sh',
          '-c',
          `f="$LINTEL_ROOT${EXIT_CODE}"; until [ -e "$f" ]; do :; done; echo lots > "$f"; echo done; exit 3`,
        ],
      },
    ).end();
    assert.deepEqual([code, stdout], [3, 'done\n'], stderr);
    assert.equal(
      stderr.match(/exitcode is passed over: "lots", expected a whole number/g)?.length,
      1,
      stderr,
    );
  });

  test('of an earlier run counts no more', async t => {
    const lintel = bootRoot(t, { [EXIT_CODE]: '9\n', '/run/s6/x': '' }, { command: ['sh', '-c', 'exit 3'] });
    assert.equal((await lintel.end()).code, 3);
  });
});

describe('halt', () => {
  test('stops the container', async t => {
    const lintel = bootRoot(t, {
      '/etc/services.d/web/run': '#!/command/with-contenv sh\nexit 5\n',
      '/etc/services.d/web/finish': `#!/bin/sh\necho "$1" > "$LINTEL_ROOT${EXIT_CODE}"\nexec "$LINTEL_ROOT/run/s6/basedir/bin/halt"\n`,
      '/etc/services.d/other/run': '#!/bin/sh\nexec sleep 9999\n',
    });
    const { code, stderr } = await lintel.end();
    assert.equal(code, 5, stderr);
    assert.match(stderr, /other stopped/);
  });

  const skip =
    (!IS_ROOT && 'needs root, whom its user may not signal') ||
    (existsSync('/usr/local/bin/lintel') && 'a lintel is installed here, which can');
  test('says why it can’t', { skip }, async t => {
    const lintel = bootRoot(t, {
      '/etc/cont-init.d/10-first': '#!/bin/sh\n',
      '/etc/services.d/web/run':
        '#!/bin/sh\n"$LINTEL_ROOT/run/s6/basedir/bin/halt" 2> "$LINTEL_ROOT/tmp/said"\necho "$?" >> "$LINTEL_ROOT/tmp/said"\nexec sleep 9999\n',
    });
    const said = await lintel.waitForFile('/tmp/said', /^\d+$/m);
    assert.match(said, /halt: Cannot stop the container: Lintel is process \d+, .*\n1\n$/);
    await lintel.stop();
  });
});

test('a script of the end that takes longer than S6_KILL_FINISH_MAXTIME is ended, and the next one runs', async t => {
  const lintel = bootRoot(
    t,
    {
      '/etc/cont-finish.d/10-hangs': '#!/bin/sh\nexec sleep 9999\n',
      '/etc/cont-finish.d/20-last': '#!/bin/sh\necho last words\n',
    },
    {
      command: ['/bin/sh', '-c', 'exit 3'],
      environment: {
        S6_KILL_FINISH_MAXTIME: '50',
        S6_CMD_ARG0: 'env',
        LINTEL_SHUTDOWN_TIMEOUT_MS: '3600000',
      },
    },
  );
  const { code, stderr } = await lintel.end();
  assert.equal(code, 3, stderr);
  assert.match(stderr, /10-hangs was ended by SIGTERM/);
  assert.match(stderr, /^20-last \| last words$/m);
});
