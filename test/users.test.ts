import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';
import { bootRoot, makeRoot, NEEDS_ROOT, type Root, WORKBENCH } from './rig.ts';

const UMASK = 'umask > "$LINTEL_ROOT/tmp/$1"';

test('NB_UMASK is that of services and CMD, and of nothing that Lintel does itself', async t => {
  const files = {
    '/etc/cont-init.d/10-says': `#!/bin/sh\nset -- script\n${UMASK}\n`,
    '/etc/services.d/web/run': `#!/bin/sh\nset -- service\n${UMASK}\nexec sleep 9999\n`,
  };
  const lintel = bootRoot(t, files, {
    environment: { NB_UMASK: '007', LINTEL_SERVICES: 'web' },
    command: ['sh', '-c', `set -- cmd; ${UMASK}; exec sleep 9999`],
  });
  assert.equal(await lintel.waitForFile('/tmp/service'), '0007\n');
  assert.equal(await lintel.waitForFile('/tmp/cmd'), '0007\n');
  const own = `0${process.umask().toString(8).padStart(3, '0')}\n`;
  assert.equal(lintel.root.read('/tmp/script'), own);
  await lintel.stop();
});

test('GRANT_SUDO as another user than root is said to have no effect', async t => {
  const root = makeRoot(t);
  const lintel = root.boot({
    environment: { GRANT_SUDO: 'yes' },
    isUnprivileged: true,
    command: ['true'],
  });
  const { stderr } = await lintel.end();
  assert.match(stderr, /warning: sudo: GRANT_SUDO has no effect: only a container that starts as root/);
});

describe('HOME_TMP', () => {
  const TEMPLATE = {
    '/srv/home/notes.ipynb': '{}\n',
    '/srv/home/.config/deep/setting': 'dark\n',
    '/srv/home/start.sh': '#!/bin/sh\n',
  };

  /** Boots with the template, and returns what was said. */
  async function fill(root: Root, options: Parameters<Root['boot']>[0] = {}): Promise<string> {
    const environment = { HOME_TMP: root.at('/srv/home'), ...options.environment };
    const { code, stderr } = await root.boot({ command: ['true'], ...options, environment }).end();
    assert.equal(code, 0, stderr);
    return stderr;
  }

  const names = (root: Root) => readdirSync(root.at('/home/ada')).sort();

  for (const [how, options] of [
    ['as root', {}],
    ['as the user', { isUnprivileged: true }],
  ] as const) {
    test(`fills an empty home ${how}: modes, links and owners are right`, async t => {
      const root = makeRoot(t, TEMPLATE);
      symlinkSync('/no/such/place', root.at('/srv/home/link'));
      mkdirSync(root.at('/home/ada/lost+found'));
      const said = await fill(root, options);
      assert.deepEqual(names(root), ['.config', 'link', 'lost+found', 'notes.ipynb', 'start.sh'], said);
      assert.equal(root.read('/home/ada/.config/deep/setting'), 'dark\n');
      assert.equal(readlinkSync(root.at('/home/ada/link')), '/no/such/place');
      const start = lstatSync(root.at('/home/ada/start.sh'));
      assert.deepEqual([start.mode & 0o777, start.uid], [0o755, WORKBENCH.uid]);
      assert.match(said, /home: 4 entries of \S+\/srv\/home copied into \S+\/home\/ada/);
      assert.doesNotMatch(await fill(root, options), /copied/);
    });
  }

  test('touches no home that holds anything', async t => {
    const root = makeRoot(t, { ...TEMPLATE, '/home/ada/mine': 'mine\n' });
    assert.doesNotMatch(await fill(root), /home: /);
    assert.deepEqual(names(root), ['mine']);
  });

  test('begins again after a start that was cut short', { skip: NEEDS_ROOT }, async t => {
    const root = makeRoot(t, TEMPLATE);
    mkdirSync(root.at('/home/ada/.lintel-home/half'), { recursive: true });
    writeFileSync(root.at('/home/ada/.lintel-home/half/file'), '');
    // Left by the user's own cp.
    const { status } = spawnSync('chown', ['-R', `${WORKBENCH.uid}`, root.at('/home/ada/.lintel-home')]);
    assert.equal(status, 0);
    await fill(root);
    assert.deepEqual(names(root), ['.config', 'notes.ipynb', 'start.sh']);
  });

  test('that is not there costs one error line, and with LINTEL_STRICT=1 the boot', async t => {
    const root = makeRoot(t);
    const said = await fill(root);
    assert.match(
      said,
      /error: Cannot fill \S+\/home\/ada from HOME_TMP: there is no folder "\S+\/srv\/home"$/m,
    );
    const environment = { HOME_TMP: root.at('/srv/home'), LINTEL_STRICT: '1' };
    assert.equal((await root.boot({ command: ['true'], environment }).end()).code, 2);
  });

  test('reaches nothing by a link in the home’s place', { skip: NEEDS_ROOT }, async t => {
    const root = makeRoot(t, TEMPLATE);
    mkdirSync(root.at('/data'));
    mkdirSync(root.at('/roots'));
    symlinkSync(root.at('/roots'), root.at('/data/home'));
    lchownSync(root.at('/data/home'), WORKBENCH.uid, WORKBENCH.gid);
    root.write({
      '/etc/passwd': `ada:x:${WORKBENCH.uid}:${WORKBENCH.gid}::${root.at('/data/home')}:/bin/sh\n`,
    });
    const environment = { HOME: root.at('/data/home') };
    assert.match(
      await fill(root, { environment }),
      /error: Cannot fill \S+ from HOME_TMP: permission denied/,
    );
    assert.deepEqual(readdirSync(root.at('/roots')), []);
  });
});
