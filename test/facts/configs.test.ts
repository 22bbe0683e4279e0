import assert from 'node:assert/strict';
import { lchownSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execaSync } from 'execa';
import { readConfigs } from '../../src/facts/configs.ts';
import type { Environment } from '../../src/launch/environ.ts';
import { NEEDS_ROOT } from '../rig.ts';
import { asOrdinaryUser, type Entry, makeFolder } from './folder.ts';

/** Somebody who owns nothing in the folders of these tests. */
const UID = 4321;
const NOTHING_MOUNTED: ReadonlySet<string> = new Set();

/** Reads the configuration of a machine that holds `entries`; paths are told as below its root, "@". */
function read(
  t: Parameters<typeof makeFolder>[0],
  entries: Readonly<Record<string, Entry>>,
  options: { readonly environment?: Environment; readonly programs?: Readonly<Record<string, string>> } = {},
) {
  const root = makeFolder(t, entries);
  const environment = Object.fromEntries(
    Object.entries(options.environment ?? {}).map(([name, value]) => [name, value.replace(/^@/, root.path)]),
  );
  const configs = readConfigs({
    mountPoints: NOTHING_MOUNTED,
    root: root.path,
    environment,
    programs: options.programs ?? {},
    user: { uid: UID, home: root.at('home/ada') },
  });
  return { configs, at: (path: string) => path.replace(root.path, '@'), root };
}

describe('the file of each tool', () => {
  test('is in its usual place below the root, also when it is not there yet', t => {
    const { configs, root } = read(t, { 'etc/gitconfig': '[user]\n' });
    assert.deepEqual(configs.pip, {
      path: root.at('etc/pip.conf'),
      text: undefined,
      isPrivate: false,
      isWritable: true,
      owner: 'lintel',
      trouble: undefined,
    });
    assert.deepEqual(configs.uv.path, root.at('etc/uv/uv.toml'));
    assert.deepEqual(configs.git, {
      path: root.at('etc/gitconfig'),
      text: '[user]\n',
      isPrivate: false,
      isWritable: true,
      owner: 'lintel',
      trouble: undefined,
    });
  });

  for (const [what, entry, trouble] of [
    ['a directory', 'a folder', 'it is a directory'],
    ['a fifo that nobody writes', 'a fifo', 'it is no regular file'],
    ['a link in a circle', { link: 'pip.conf' }, 'too many symbolic links'],
  ] as const) {
    test(`is left unread, without waiting, where ${what} is in its place`, t => {
      const { pip } = read(t, { 'etc/pip.conf': entry }).configs;
      assert.deepEqual([pip.text, pip.trouble], [undefined, trouble]);
    });
  }

  test('is left unread where it is closed to this user', t => {
    const root = makeFolder(t, { 'etc/pip.conf': 'secret', 'etc/uv/uv.toml': 'secret' });
    root.close('etc/pip.conf');
    root.close('etc/uv');
    const where = { root: root.path, environment: {}, programs: {}, user: { uid: UID, home: root.path } };
    const { pip, uv } = asOrdinaryUser(() => readConfigs({ ...where, mountPoints: NOTHING_MOUNTED }));
    assert.deepEqual([pip.text, pip.trouble], [undefined, 'permission denied']);
    assert.deepEqual([uv.text, uv.trouble], [undefined, 'permission denied']);
  });

  test('is not there where a link leads to nothing', t => {
    const { pip } = read(t, { 'etc/pip.conf': { link: 'nowhere' } }).configs;
    assert.deepEqual([pip.text, pip.trouble], [undefined, undefined]);
  });

  test('is the one that a link leads to, which is then replaced instead of the link', t => {
    const { configs, at } = read(t, { 'etc/real.conf': 'x', 'etc/pip.conf': { link: 'real.conf' } });
    assert.equal(at(configs.pip.path), '@/etc/real.conf');
  });

  test('is the link itself where it leads out of the root', t => {
    const outside = makeFolder(t, { 'pip.conf': 'outside' });
    const { configs, at } = read(t, { 'etc/pip.conf': { link: outside.at('pip.conf') } });
    assert.equal(at(configs.pip.path), '@/etc/pip.conf');
  });

  test('is not writable where its folder can’t be made', t => {
    const { uv } = read(t, { 'etc/uv': 'a file' }).configs;
    assert.deepEqual([uv.isWritable, uv.text], [false, undefined]);
  });
});

describe('conda’s file', () => {
  for (const [what, entries, options, path] of [
    ['is in /etc/conda without conda', {}, {}, '@/etc/conda/.condarc'],
    [
      'is in CONDA_DIR, which wins over /etc/conda',
      { 'srv/conda/conda-meta': 'a folder', 'opt/conda/conda-meta': 'a folder' },
      { environment: { CONDA_DIR: '/srv/conda' } },
      '@/srv/conda/.condarc',
    ],
    [
      'is where the program conda is',
      { 'srv/conda/conda-meta': 'a folder' },
      { programs: { conda: '/srv/conda/bin/conda' } },
      '@/srv/conda/.condarc',
    ],
    ['is in /opt/conda', { 'opt/conda/conda-meta': 'a folder' }, {}, '@/opt/conda/.condarc'],
    [
      'is in no folder that is no conda',
      { 'srv/conda/bin': 'a folder' },
      { environment: { CONDA_DIR: '/srv/conda' } },
      '@/etc/conda/.condarc',
    ],
    [
      'is in no relative folder',
      { 'conda/conda-meta': 'a folder' },
      { environment: { CONDA_DIR: 'conda' } },
      '@/etc/conda/.condarc',
    ],
  ] as const) {
    test(what, t => {
      const { configs, at } = read(t, entries, options);
      assert.equal(at(configs.conda.path), path);
    });
  }
});

describe('R’s site files', () => {
  for (const [what, entries, options, paths] of [
    ['are none without R', {}, {}, []],
    [
      'are in R_HOME',
      { 'srv/R/etc': 'a folder' },
      { environment: { R_HOME: '/srv/R' } },
      ['@/srv/R/etc/Rprofile.site'],
    ],
    [
      'are in /etc/R on Debian',
      { 'etc/R': 'a folder', 'usr/lib/R/etc': 'a folder' },
      {},
      ['@/etc/R/Rprofile.site'],
    ],
    [
      'are in /usr/local/lib/R/etc of rocker',
      { 'usr/local/lib/R/etc': 'a folder' },
      { environment: { R_HOME: '/usr/local/lib/R' } },
      ['@/usr/local/lib/R/etc/Rprofile.site'],
    ],
    ['are in conda’s R', { 'opt/conda/lib/R/etc': 'a folder' }, {}, ['@/opt/conda/lib/R/etc/Rprofile.site']],
    [
      'are beside the program, as in Posit’s builds',
      { 'opt/R/4.5.1/lib/R/etc': 'a folder' },
      { programs: { R: '/opt/R/4.5.1/bin/R' } },
      ['@/opt/R/4.5.1/lib/R/etc/Rprofile.site'],
    ],
    [
      'are two where Debian’s R and conda’s are installed',
      { 'etc/R': 'a folder', 'srv/conda/lib/R/etc': 'a folder' },
      { environment: { CONDA_DIR: '/srv/conda' } },
      ['@/etc/R/Rprofile.site', '@/srv/conda/lib/R/etc/Rprofile.site'],
    ],
    [
      'is one where two folders link to it',
      {
        'etc/R/Rprofile.site': '',
        'usr/local/lib/R/etc': { link: '../../../../etc/R' },
        'usr/local/lib/R/x': '',
      },
      {},
      ['@/etc/R/Rprofile.site'],
    ],
    [
      'is in /etc/R where only the program is there',
      {},
      { programs: { R: '/usr/bin/R' } },
      ['@/etc/R/Rprofile.site'],
    ],
  ] as const) {
    test(what, t => {
      const { configs, at } = read(t, entries, options);
      assert.deepEqual(
        configs.r.map(({ path }) => at(path)),
        paths,
      );
    });
  }
});

describe('npm’s file', () => {
  for (const [what, environment, programs, path] of [
    ['is none without npm', {}, {}, undefined],
    [
      'is below the folder of Node',
      {},
      { npm: '/srv/n/bin/npm', node: '/srv/n/bin/node' },
      '@/srv/n/etc/npmrc',
    ],
    ['is where PREFIX says', { PREFIX: '/srv/p' }, { npm: '/srv/n/bin/npm' }, '@/srv/p/etc/npmrc'],
    [
      'is where the container says',
      { NPM_CONFIG_GLOBALCONFIG: '/srv/npmrc', PREFIX: '/srv/p' },
      { npm: '/srv/n/bin/npm' },
      '@/srv/npmrc',
    ],
  ] as const) {
    test(what, t => {
      const { configs, at } = read(t, {}, { environment, programs });
      assert.equal(configs.npm === undefined ? undefined : at(configs.npm.path), path);
    });
  }

  for (const [what, text, path] of [
    ['globalconfig', 'prefix=/usr/local\nglobalconfig=/etc/npmrc\n', '@/etc/npmrc'],
    ['prefix', 'prefix = /opt/tools/\n', '@/opt/tools/etc/npmrc'],
  ] as const) {
    test(`is where npm’s own ${what} says, as Debian’s does`, t => {
      const folder = makeFolder(t, { 'npm/bin/npm-cli.js': '', 'npm/npmrc': text });
      const { configs, at } = read(t, {}, { programs: { npm: folder.at('npm/bin/npm-cli.js') } });
      assert.equal(at(configs.npm?.path ?? ''), path);
    });
  }
});

describe('a file that is left alone', () => {
  test('is one with bytes that are no UTF-8: they would be lost', t => {
    const bytes = Buffer.from('[global]\n# caf\xe9\n', 'latin1');
    const { pip } = read(t, { 'etc/pip.conf': bytes }).configs;
    assert.deepEqual([pip.trouble, pip.text], ['it is not UTF-8 text', '[global]\n# caf\xe9\n']);
  });

  test('is one that something is mounted on: it can’t be renamed over, and is the host’s', {
    skip: NEEDS_ROOT,
  }, t => {
    const { root } = read(t, { 'etc/pip.conf': '[global]\n', 'srv/pip.conf': '[global]\n' });
    const program = `
      import { readConfigs } from ${JSON.stringify(join(import.meta.dirname, '../../src/facts/configs.ts'))};
      import { readMountPoints } from ${JSON.stringify(join(import.meta.dirname, '../../src/facts/mounts.ts'))};
      const user = { uid: 0, home: '/nowhere' };
      const { pip, uv } = readConfigs({ root: ${JSON.stringify(root.path)}, environment: {}, programs: {}, user, mountPoints: readMountPoints() });
      process.stdout.write(JSON.stringify([pip.isWritable, uv.isWritable, pip.text]));`;
    const mount = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program];
    const { stdout } = execaSync('unshare', [
      ...['--mount', 'sh', '-c', mount, 'sh', root.at('srv/pip.conf'), root.at('etc/pip.conf')],
      ...node,
    ]);
    assert.deepEqual(JSON.parse(stdout), [false, true, '[global]\n']);
  });
});

describe('a file in a folder of the workbench user’s', () => {
  const where = (root: { path: string; at(path: string): string }, uid: number) => ({
    root: root.path,
    environment: { CONDA_DIR: '/opt/conda' },
    programs: {},
    user: { uid, home: root.at('home/ada') },
  });

  for (const [what, entries, isWritable] of [
    ['is written with that user’s rights', { 'opt/conda/.condarc': 'x: 1\n' }, true],
    ['is made with that user’s rights', {}, true],
    ['is not written where it is a link', { 'opt/conda/.condarc': { link: '/etc/passwd' } }, false],
  ] as const) {
    test(what, { skip: NEEDS_ROOT }, t => {
      const root = makeFolder(t, { 'opt/conda/conda-meta': 'a folder', ...entries });
      for (const path of ['opt/conda', 'opt/conda/.condarc'])
        if (lstatSync(root.at(path), { throwIfNoEntry: false }) !== undefined)
          lchownSync(root.at(path), UID, UID);
      const { conda } = readConfigs({ ...where(root, UID), mountPoints: NOTHING_MOUNTED });
      assert.deepEqual([conda.isWritable, conda.owner], [isWritable, isWritable ? 'workbench' : 'lintel']);
      assert.equal(
        readConfigs({ ...where(root, UID + 1), mountPoints: NOTHING_MOUNTED }).conda.isWritable,
        false,
      );
    });
  }
});

describe('a user’s own files', () => {
  test('are those that win over the system’s', t => {
    const { configs, at } = read(t, {});
    assert.deepEqual(
      configs.userPip.map(({ path }) => at(path)),
      ['@/home/ada/.config/pip/pip.conf', '@/home/ada/.pip/pip.conf'],
    );
    assert.deepEqual(
      configs.userConda.map(({ path }) => at(path)),
      ['@/home/ada/.condarc', '@/home/ada/.conda/.condarc', '@/home/ada/.config/conda/.condarc'],
    );
    assert.deepEqual(
      configs.userGit.map(({ path }) => at(path)),
      ['@/home/ada/.gitconfig', '@/home/ada/.config/git/config'],
    );
  });

  test('are where XDG_CONFIG_HOME says', t => {
    const { configs, at } = read(t, {}, { environment: { XDG_CONFIG_HOME: '@/xdg' } });
    assert.equal(at(configs.userPip[0]?.path ?? ''), '@/xdg/pip/pip.conf');
    assert.equal(at(configs.userGit[1]?.path ?? ''), '@/xdg/git/config');
  });
});
