import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readConfigs } from '../../src/facts/configs.ts';
import type { Environment } from '../../src/launch/environ.ts';
import { asOrdinaryUser, type Entry, makeFolder } from './folder.ts';

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
    root: root.path,
    environment,
    programs: options.programs ?? {},
    home: root.at('home/ada'),
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
      trouble: undefined,
    });
    assert.deepEqual(configs.uv.path, root.at('etc/uv/uv.toml'));
    assert.deepEqual(configs.git, {
      path: root.at('etc/gitconfig'),
      text: '[user]\n',
      isPrivate: false,
      isWritable: true,
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
    const where = { root: root.path, environment: {}, programs: {}, home: root.path };
    const { pip, uv } = asOrdinaryUser(() => readConfigs(where));
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

describe('R’s site file', () => {
  for (const [what, entries, options, path] of [
    ['is none without R', {}, {}, undefined],
    [
      'is in R_HOME',
      { 'srv/R/etc': 'a folder' },
      { environment: { R_HOME: '/srv/R' } },
      '@/srv/R/etc/Rprofile.site',
    ],
    [
      'is in /etc/R on Debian',
      { 'etc/R': 'a folder', 'usr/lib/R/etc': 'a folder' },
      {},
      '@/etc/R/Rprofile.site',
    ],
    [
      'is in /usr/local/lib/R/etc of rocker',
      { 'usr/local/lib/R/etc': 'a folder' },
      {},
      '@/usr/local/lib/R/etc/Rprofile.site',
    ],
    ['is in conda’s R', { 'opt/conda/lib/R/etc': 'a folder' }, {}, '@/opt/conda/lib/R/etc/Rprofile.site'],
    [
      'is in /etc/R where only the program is there',
      {},
      { programs: { R: '/usr/bin/R' } },
      '@/etc/R/Rprofile.site',
    ],
  ] as const) {
    test(what, t => {
      const { configs, at } = read(t, entries, options);
      assert.equal(configs.r === undefined ? undefined : at(configs.r.path), path);
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
