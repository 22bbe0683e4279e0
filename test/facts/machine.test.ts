import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findOwn, parseCpuLimit, readCgroup, readMemoryUse } from '../../src/facts/cgroup.ts';
import { readProcess } from '../../src/facts/process.ts';
import { findProgram, readPrograms } from '../../src/facts/programs.ts';
import { findRuntimeDir } from '../../src/facts/runtime.ts';
import { asOrdinaryUser, makeFolder, script } from './folder.ts';

describe('the limit of processors', () => {
  for (const [text, limit] of [
    ['200000 100000\n', 2],
    ['50000 100000\n', 0.5],
    ['max 100000\n', undefined],
    ['-1 100000', undefined],
    ['0 100000', undefined],
    ['100000 0', undefined],
    ['max ', undefined],
    ['', undefined],
    ['words', undefined],
  ] as const) {
    test(`is ${limit ?? 'none'} for ${JSON.stringify(text)}`, () => assert.equal(parseCpuLimit(text), limit));
  }
});

describe('the cgroup', () => {
  test('of this machine has positive limits where there are any', () => {
    const { memoryLimitBytes, cpuLimit } = readCgroup('');
    for (const value of [memoryLimitBytes, cpuLimit]) assert.ok(value === undefined || value > 0);
  });

  test('of version 2 is read', t => {
    const root = makeFolder(t, {
      'sys/fs/cgroup/memory.max': '2147483648\n',
      'sys/fs/cgroup/memory.events': 'low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\noom_group_kill 0\n',
      'sys/fs/cgroup/memory.oom.group': '1\n',
      'sys/fs/cgroup/cpu.max': '150000 100000\n',
    });
    assert.deepEqual(readCgroup(root.path), {
      memoryLimitBytes: 2 ** 31,
      cpuLimit: 1.5,
      oomCounter: { path: root.at('sys/fs/cgroup/memory.events'), isWatchable: true },
      isOomGroup: true,
    });
  });

  test('of version 1 is read', t => {
    const root = makeFolder(t, {
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '536870912\n',
      'sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    assert.deepEqual(readCgroup(root.path), {
      memoryLimitBytes: 2 ** 29,
      cpuLimit: 0.5,
      oomCounter: { path: root.at('sys/fs/cgroup/memory/memory.oom_control'), isWatchable: false },
      isOomGroup: false,
    });
  });

  test('says how memory is now', t => {
    const version2 = makeFolder(t, {
      'sys/fs/cgroup/memory.max': '2147483648\n',
      'sys/fs/cgroup/memory.current': '1048576\n',
      'sys/fs/cgroup/memory.events': 'oom 3\noom_kill 2\n',
    });
    const version1 = makeFolder(t, {
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '0\n',
      'sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 0\n',
    });
    assert.deepEqual(readMemoryUse(version2.path), { limitBytes: 2 ** 31, usedBytes: 2 ** 20, kills: 2 });
    assert.deepEqual(readMemoryUse(version1.path), { limitBytes: undefined, usedBytes: 0, kills: 0 });
    const nothing = { limitBytes: undefined, usedBytes: undefined, kills: undefined };
    assert.deepEqual(readMemoryUse(makeFolder(t).path), nothing);
    const odd = makeFolder(t, {
      'sys/fs/cgroup/memory.current': 'much\n',
      'sys/fs/cgroup/memory.max': '-5\n',
      'sys/fs/cgroup/memory.events': '',
    });
    assert.deepEqual(readMemoryUse(odd.path), nothing);
  });

  test('may say that there is no limit, or nothing', t => {
    const unlimited = makeFolder(t, {
      'sys/fs/cgroup/memory.max': 'max\n',
      'sys/fs/cgroup/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/memory.oom.group': '0\n',
    });
    const version1 = makeFolder(t, {
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    for (const root of [unlimited, version1, makeFolder(t)]) {
      assert.deepEqual(readCgroup(root.path), {
        memoryLimitBytes: undefined,
        cpuLimit: undefined,
        oomCounter: undefined,
        isOomGroup: false,
      });
    }
  });

  for (const [what, text, controller, path] of [
    ['is named by its controller', '4:memory:/docker/1\n1:cpu,cpuacct:/x\n0::/\n', 'memory', '/docker/1'],
    ['is named among others', '1:cpuacct,cpu:/x\n0::/y\n', 'cpu', '/x'],
    ['is version 2’s', '1:name=systemd:/x\n0::/user.slice/a b:c\n', '', '/user.slice/a b:c'],
    ['is the top', '0::/\n', '', ''],
    ['is not shown here', '0::/../other\n', '', ''],
    ['is unknown', '0::/x\n', 'memory', ''],
    ['is not told', '', '', ''],
  ] as const) {
    test(`of this process ${what}`, () => assert.equal(findOwn(text, controller), path));
  }
});

describe('this process', () => {
  test('is what the system says of it', () => {
    const facts = readProcess(4096);
    assert.deepEqual(
      [facts.uid, facts.gid, facts.groups, facts.isPid1],
      [process.geteuid?.(), process.getegid?.(), process.getgroups?.(), process.pid === 1],
    );
    assert.equal(facts.openFiles.soft, 4096);
    assert.ok(facts.openFiles.hard > 0);
    assert.equal(
      facts.canSwitchUser,
      facts.capabilities.includes('setuid') && facts.capabilities.includes('setgid'),
    );
  });

  test('is given the usual soft limit of open files where nobody kept the container’s', () => {
    const { soft, hard } = readProcess(undefined).openFiles;
    assert.equal(soft, Math.min(1024, hard));
  });
});

describe('a program', () => {
  test('is found on PATH, in its order', t => {
    const folder = makeFolder(t, { 'a/tool': script(), 'b/tool': script(), 'b/other': script() });
    const environment = { PATH: `${folder.at('a')}:${folder.at('b')}` };
    assert.equal(findProgram('tool', environment), folder.at('a/tool'));
    assert.equal(findProgram('other', environment), folder.at('b/other'));
    assert.equal(findProgram('nothing-of-that-name', environment), undefined);
  });

  test('is no folder and no file without x bit: the next one is', t => {
    const folder = makeFolder(t, { 'a/tool': 'a folder', 'b/tool': 'text', 'c/tool': script() });
    const environment = { PATH: ['a', 'b', 'c'].map(folder.at).join(':') };
    assert.equal(findProgram('tool', environment), folder.at('c/tool'));
  });

  test('is looked for in folders that this user may enter, and the others cost nothing', t => {
    const folder = makeFolder(t, { 'closed/tool': script(), 'open/tool': script(), file: 'x' });
    folder.close('closed');
    const environment = { PATH: ['closed', 'file', 'open'].map(folder.at).join(':') };
    assert.equal(
      asOrdinaryUser(() => findProgram('tool', environment)),
      folder.at('open/tool'),
    );
  });

  test('with a slash in its name is a path', t => {
    const folder = makeFolder(t, { tool: script(), plain: 'x' });
    assert.equal(findProgram(folder.at('tool'), {}), folder.at('tool'));
    assert.equal(findProgram(folder.at('plain'), {}), undefined);
  });

  test('is found in the usual places where PATH is unset, empty or lacks the sbin folders', () => {
    for (const environment of [{}, { PATH: '' }, { PATH: '/nowhere' }]) {
      assert.match(findProgram('chroot', environment) ?? '', /\/s?bin\/chroot$/);
    }
  });

  test('is a fact where it is installed, the wanted ones too', t => {
    const folder = makeFolder(t, { 'bin/conda': script(), 'bin/special': script() });
    const programs = readPrograms({ PATH: folder.at('bin') }, ['special', 'missing-of-that-name']);
    assert.equal(programs['conda'], folder.at('bin/conda'));
    assert.equal(programs['special'], folder.at('bin/special'));
    assert.equal('missing-of-that-name' in programs, false);
  });
});

describe('runtime state', () => {
  const uid = process.getuid?.() ?? 0;
  const other = uid + 1;

  test('goes to /run/lintel where that can be made or is ours', t => {
    const root = makeFolder(t, { run: 'a folder', tmp: 'a folder' });
    assert.equal(findRuntimeDir({ root: root.path, environment: {}, uid }), root.at('run/lintel'));
    const again = makeFolder(t, { 'run/lintel/old': 'x' });
    assert.equal(findRuntimeDir({ root: again.path, environment: {}, uid }), again.at('run/lintel'));
  });

  test('goes to XDG_RUNTIME_DIR where /run can’t be written', t => {
    const root = makeFolder(t, { 'run/lintel': 'a file', xdg: 'a folder', tmp: 'a folder' });
    const environment = { XDG_RUNTIME_DIR: root.at('xdg') };
    assert.equal(findRuntimeDir({ root: root.path, environment, uid }), root.at('xdg/lintel'));
    const relative = { XDG_RUNTIME_DIR: 'xdg' };
    assert.equal(
      findRuntimeDir({ root: root.path, environment: relative, uid }),
      root.at(`tmp/lintel-${uid}`),
    );
  });

  test('goes to a folder of this uid in /tmp else, then in /dev/shm', t => {
    const root = makeFolder(t, { 'run/lintel': 'a file', tmp: 'a folder' });
    assert.equal(findRuntimeDir({ root: root.path, environment: {}, uid }), root.at(`tmp/lintel-${uid}`));
    const noTmp = makeFolder(t, { 'run/lintel': 'a file', tmp: 'a file', 'dev/shm': 'a folder' });
    assert.equal(
      findRuntimeDir({ root: noTmp.path, environment: {}, uid }),
      noTmp.at(`dev/shm/lintel-${uid}`),
    );
  });

  for (const [trap, entry] of [
    ['a link', { link: '/var' }],
    ['a link to nothing', { link: 'nowhere' }],
    ['a file', 'x'],
  ] as const) {
    test(`follows no trap in /tmp: ${trap}`, t => {
      const root = makeFolder(t, {
        'run/lintel': 'a file',
        [`tmp/lintel-${uid}`]: entry,
        'dev/shm': 'a file',
      });
      const found = findRuntimeDir({ root: root.path, environment: {}, uid });
      assert.match(found.slice(root.path.length), new RegExp(`^/tmp/lintel-${uid}-[0-9a-f]{8}$`));
    });
  }

  test('goes to /dev/shm under a name that nobody foresaw where /tmp can’t be written', t => {
    const root = makeFolder(t, {
      'run/lintel': 'a file',
      tmp: 'a file',
      [`dev/shm/lintel-${uid}`]: { link: '/var' },
    });
    const found = findRuntimeDir({ root: root.path, environment: {}, uid });
    assert.match(found.slice(root.path.length), new RegExp(`^/dev/shm/lintel-${uid}-[0-9a-f]{8}$`));
  });

  test('goes into no folder that another may write, or owns', t => {
    const root = makeFolder(t, {
      'run/lintel': 'a folder',
      [`tmp/lintel-${uid}`]: 'a folder',
      [`dev/shm/lintel-${uid}`]: 'a folder',
    });
    const find = (asUid: number) => findRuntimeDir({ root: root.path, environment: {}, uid: asUid });
    assert.equal(find(uid), root.at('run/lintel'));
    assert.match(find(other).slice(root.path.length), new RegExp(`^/(tmp|dev/shm)/lintel-${other}$`));
  });

  // Root may enter and write every folder; test/sandbox/closed.test.ts sees the same as another user.
  if (process.getuid?.() !== 0) {
    test('goes around folders that are closed to this user', t => {
      const root = makeFolder(t, { 'run/lintel': 'a folder', tmp: 'a folder', 'xdg/lintel': 'a folder' });
      root.close('run');
      root.close('xdg');
      const environment = { XDG_RUNTIME_DIR: root.at('xdg') };
      assert.equal(findRuntimeDir({ root: root.path, environment, uid }), root.at(`tmp/lintel-${uid}`));
    });
  }
});
