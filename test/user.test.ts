import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Environment } from '../src/launch/environ.ts';
import type { Account, Accounts, Group } from '../src/user.ts';
import { findUser, findWorkbenchUser, type Identity, type UserSources } from '../src/user.ts';
import { makeSettings } from './facts-fixture.ts';

const ROOT: Identity = { uid: 0, gid: 0, groups: [0], canSwitchUser: true };
const EXPECTED = 'the name of a user in /etc/passwd, a uid or uid:gid';

function user(name: string, uid: number, gid = uid, difference: Partial<Account> = {}): Account {
  return { name, uid, gid, home: `/home/${name}`, shell: '/bin/bash', ...difference };
}

function group(name: string, gid: number, ...members: readonly string[]): Group {
  return { name, gid, members };
}

const ACCOUNTS: Accounts = {
  users: [
    { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' },
    user('ada', 1000, 100),
    user('grace', 1001),
    user('jovyan', 1002, 100),
  ],
  groups: [group('root', 0), group('users', 100)],
};

function makeSources(environment: Environment = {}, difference: Partial<UserSources> = {}): UserSources {
  return {
    settings: makeSettings(environment),
    environment,
    accounts: ACCOUNTS,
    identity: ROOT,
    givenHome: undefined,
    ...difference,
  };
}

const find = (environment?: Environment, difference?: Partial<UserSources>) =>
  findWorkbenchUser(makeSources(environment, difference));

describe('the workbench user, started as root', () => {
  for (const [what, environment, uid, gid, name] of [
    ['is uid 1000 with passwd’s gid', {}, 1000, 100, 'ada'],
    ['is LINTEL_USER by name', { LINTEL_USER: 'grace' }, 1001, 1001, 'grace'],
    ['is LINTEL_USER by uid, with passwd’s gid', { LINTEL_USER: '1002' }, 1002, 100, 'jovyan'],
    ['is LINTEL_USER by uid and gid', { LINTEL_USER: '1000:5000' }, 1000, 5000, 'ada'],
    ['is LINTEL_USER by a uid without account', { LINTEL_USER: '2000' }, 2000, 2000, '2000'],
    ['is LINTEL_USER by a uid and gid without account', { LINTEL_USER: '2000:3000' }, 2000, 3000, '2000'],
    ['may be root', { LINTEL_USER: 'root' }, 0, 0, 'root'],
    ['is NB_USER where that user exists', { NB_USER: 'jovyan' }, 1002, 100, 'jovyan'],
    ['is DEFAULT_USER where that user exists', { DEFAULT_USER: 'grace' }, 1001, 1001, 'grace'],
    ['is USERNAME where that user exists', { USERNAME: 'grace' }, 1001, 1001, 'grace'],
    ['is not NB_USER where no such user exists', { NB_USER: 'rstudio' }, 1000, 100, 'ada'],
    ['is not NB_USER by number', { NB_USER: '1001' }, 1000, 100, 'ada'],
    [
      'is LINTEL_USER before NB_USER',
      { LINTEL_USER: 'grace', NB_USER: 'jovyan', DEFAULT_USER: 'ada' },
      1001,
      1001,
      'grace',
    ],
    ['is NB_USER before DEFAULT_USER', { NB_USER: 'jovyan', DEFAULT_USER: 'grace' }, 1002, 100, 'jovyan'],
    ['is DEFAULT_USER before USERNAME', { DEFAULT_USER: 'grace', USERNAME: 'jovyan' }, 1001, 1001, 'grace'],
    ['is the next where one does not exist', { NB_USER: 'nobody', USERNAME: 'grace' }, 1001, 1001, 'grace'],
    ['is not an empty LINTEL_USER', { LINTEL_USER: '', NB_USER: 'grace' }, 1001, 1001, 'grace'],
  ] as const) {
    test(what, () => {
      const found = find(environment);
      assert.deepEqual([found.user.uid, found.user.gid, found.user.name], [uid, gid, name]);
      assert.deepEqual([found.problems, found.warnings], [[], []]);
    });
  }

  test('is uid 1000 also where nobody has that', () => {
    const { user: found, problems } = find({}, { accounts: { users: [], groups: [] } });
    assert.deepEqual(found, {
      uid: 1000,
      gid: 1000,
      groups: [],
      name: '1000',
      home: '/tmp',
      shell: '/bin/sh',
    });
    assert.deepEqual(problems, []);
  });

  for (const spec of [
    'nobody-of-that-name',
    '1000:',
    ':100',
    '1000:users',
    'ada:100',
    '-1',
    '1e3',
    '99999999999',
    '4294967295',
    '1000:4294967295',
    '../ada',
  ]) {
    test(`can’t be ${spec}: that stops the boot`, () => {
      assert.deepEqual(find({ LINTEL_USER: spec }).problems, [
        { what: 'LINTEL_USER', seen: JSON.stringify(spec), expected: EXPECTED, fatal: true },
      ]);
    });
  }

  test('has the account’s shell, /bin/sh where it has none', () => {
    assert.equal(find().user.shell, '/bin/bash');
    const accounts = { users: [user('ada', 1000, 1000, { shell: '' })], groups: [] };
    assert.equal(find({}, { accounts }).user.shell, '/bin/sh');
  });

  test('has the shell that the container names before the account’s', () => {
    const nobody = { users: [], groups: [] };
    const arbitrary = { uid: 1_000_650_000, gid: 0, groups: [0], canSwitchUser: false };
    for (const difference of [{}, { accounts: nobody }, { identity: arbitrary }])
      assert.equal(find({}, { ...difference, givenShell: '/usr/bin/zsh' }).user.shell, '/usr/bin/zsh');
  });
});

test('a workbench user that the image does not know is said, unless LINTEL_USER spells it out', () => {
  const accounts = { users: [], groups: [] };
  assert.deepEqual(find({}, { accounts }).warnings, [
    'the workbench user, uid 1000, has no line in /etc/passwd: its HOME is /tmp, and whoami and ssh know nobody of that uid; better add one to the image: useradd --create-home --uid 1000 NAME',
  ]);
  for (const name of ['2000', '2000:100', 'root'])
    assert.deepEqual(find({ LINTEL_USER: name }, { accounts }).warnings, [], name);
});

describe('whoever can’t switch users runs everything', () => {
  test('as itself, started as another user', () => {
    const identity = { uid: 1001, gid: 50, groups: [50, 2000], canSwitchUser: false };
    assert.deepEqual(find({}, { identity }), {
      user: {
        uid: 1001,
        gid: 50,
        groups: [50, 2000],
        name: 'grace',
        home: '/home/grace',
        shell: '/bin/bash',
      },
      problems: [],
      warnings: [],
    });
  });

  describe('started under a uid that nobody has, in group 0', () => {
    const identity = { uid: 1_000_650_000, gid: 0, groups: [0, 1_000_650_000], canSwitchUser: false };
    const folder = (uid: number, gid: number, mode: number) => ({ uid, gid, mode: 0o40000 | mode });

    test('as itself, by the name and in the home of the workbench’s account', () => {
      const accountHome = folder(1002, 0, 0o775);
      const { user: found, warnings } = find({ NB_USER: 'jovyan' }, { identity, accountHome });
      assert.deepEqual(found, {
        uid: 1_000_650_000,
        gid: 0,
        groups: [0, 1_000_650_000],
        name: 'jovyan',
        home: '/home/jovyan',
        shell: '/bin/bash',
      });
      assert.deepEqual(warnings, [
        'uid 1000650000 has no line in /etc/passwd, and none can be added: programs see USER=jovyan and HOME=/home/jovyan, but whoami and ssh know nobody of that uid',
      ]);
    });

    for (const [what, home, difference] of [
      ['/tmp where that home is not there', '/tmp', {}],
      ['/tmp where it may not write that home', '/tmp', { accountHome: folder(1000, 100, 0o755) }],
      [
        'HOME where it may write that',
        '/data',
        {
          environment: { HOME: '/data' },
          givenHome: folder(7, 0, 0o770),
          accountHome: folder(1000, 0, 0o775),
        },
      ],
    ] as const) {
      test(`in ${what}`, () => {
        assert.equal(find({}, { identity, ...difference }).user.home, home);
      });
    }

    test('in the workbench’s home where the engine has made up a line with the home /', () => {
      const made = { name: '1000650000', uid: 1_000_650_000, gid: 0, home: '/', shell: '/bin/sh' };
      const accounts = { ...ACCOUNTS, users: [...ACCOUNTS.users, made] };
      const found = find({}, { identity, accounts, accountHome: folder(1000, 0, 0o775) });
      assert.deepEqual([found.user.name, found.user.home, found.warnings], ['1000650000', '/home/ada', []]);
    });
  });

  test('as root, without CAP_SETUID, and a sentence says what is better', () => {
    const { user: found, warnings } = find({}, { identity: { ...ROOT, canSwitchUser: false } });
    assert.deepEqual([found.uid, found.gid, found.home], [0, 0, '/root']);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /--user 1000/);
  });

  test('and still hears of a LINTEL_USER that does not exist', () => {
    const identity = { uid: 1001, gid: 1001, groups: [], canSwitchUser: false };
    assert.equal(find({ LINTEL_USER: 'nobody-of-that-name' }, { identity }).problems[0]?.fatal, true);
  });
});

describe('the supplementary groups', () => {
  const accounts: Accounts = {
    users: ACCOUNTS.users,
    groups: [
      group('root', 0),
      group('disk', 6, 'root'),
      group('video', 44, 'ada', 'grace'),
      group('render', 109, 'ada'),
      group('users', 100, 'ada'),
      group('wheel', 10, 'root', 'ada'),
      group('docker', 999, 'grace'),
    ],
  };
  const groupsOf = (identityGroups: readonly number[], environment: Environment = {}) =>
    find(environment, { accounts, identity: { ...ROOT, groups: identityGroups } }).user.groups;

  test('are those of /etc/group, without the primary one', () => {
    assert.deepEqual(groupsOf([0]), [44, 109, 10]);
  });

  test('are those of /etc/group and those that the platform gave, each once', () => {
    assert.deepEqual(groupsOf([0, 2000, 44, 109]), [44, 109, 10, 2000]);
  });

  test('are none that root merely has', () => {
    assert.deepEqual(groupsOf([0, 6, 2000], { LINTEL_USER: 'grace' }), [44, 999, 2000]);
  });

  test('of a uid without account are those that the platform gave', () => {
    assert.deepEqual(groupsOf([0, 2000], { LINTEL_USER: '5000' }), [2000]);
  });

  test('of whoever this process is are its own', () => {
    assert.deepEqual(groupsOf([0, 6, 2000], { LINTEL_USER: 'root' }), [0, 6, 2000]);
  });
});

describe('HOME', () => {
  const video: Accounts = { ...ACCOUNTS, groups: [group('root', 0), group('shared', 3000, 'ada')] };
  const folder = (uid: number, gid: number, mode: number) => ({ uid, gid, mode: 0o40000 | mode });

  for (const [what, home, givenHome, expected, difference] of [
    ['is kept where the user owns it', '/data', folder(1000, 0, 0o700), '/data', {}],
    ['is kept where the user’s group may write it', '/data', folder(0, 100, 0o770), '/data', {}],
    ['is kept where everybody may write it', '/data', folder(0, 0, 0o777), '/data', {}],
    [
      'is kept where a group of the user in /etc/group may write it',
      '/data',
      folder(0, 3000, 0o770),
      '/data',
      { accounts: video },
    ],
    [
      'is kept where a group that the platform gave may write it',
      '/data',
      folder(0, 2000, 0o770),
      '/data',
      { identity: { ...ROOT, groups: [0, 2000] } },
    ],
    ['is passwd’s where only root may write it', '/data', folder(0, 0, 0o755), '/home/ada', {}],
    ['is passwd’s where only root’s group may write it', '/data', folder(0, 0, 0o775), '/home/ada', {}],
    ['is passwd’s where its owner may not write it', '/data', folder(1000, 0, 0o577), '/home/ada', {}],
    ['is passwd’s where it is not there', '/data', undefined, '/home/ada', {}],
    ['is passwd’s where it is /root', '/root', folder(1000, 0, 0o700), '/home/ada', {}],
    ['is passwd’s where it is /', '/', folder(0, 0, 0o777), '/home/ada', {}],
    ['is passwd’s where it is relative', 'data', folder(1000, 0, 0o700), '/home/ada', {}],
    ['is passwd’s where it is empty', '', undefined, '/home/ada', {}],
  ] as const) {
    test(what, () => {
      const found = find({ HOME: home }, { givenHome, ...difference });
      assert.equal(found.user.home, expected);
    });
  }

  test('is the home of NB_USER’s new name, where the image’s HOME is the old one beside it', () => {
    const found = find({ NB_USER: 'ada', HOME: '/home/jovyan' }, { givenHome: folder(1000, 100, 0o755) });
    assert.equal(found.user.home, '/home/ada');
  });

  test('of root is passwd’s, which is /root', () => {
    const found = find({ LINTEL_USER: 'root', HOME: '/root' }, { givenHome: folder(0, 0, 0o700) });
    assert.equal(found.user.home, '/root');
  });

  test('of root may be anywhere, as root can write everywhere', () => {
    const found = find({ LINTEL_USER: 'root', HOME: '/data' }, { givenHome: folder(1000, 1000, 0o700) });
    assert.equal(found.user.home, '/data');
  });

  test('of an arbitrary uid is kept where its group may write it', () => {
    const identity = { uid: 1_000_650_000, gid: 0, groups: [0], canSwitchUser: false };
    const found = find({ HOME: '/home/jovyan' }, { identity, givenHome: folder(1002, 0, 0o775) });
    assert.equal(found.user.home, '/home/jovyan');
  });
});

describe('a user that a service names', () => {
  const named = (spec: string) => findUser(spec, makeSources());

  test('is found by name, uid, or uid and gid', () => {
    assert.deepEqual([named('grace')?.uid, named('grace')?.gid], [1001, 1001]);
    assert.equal(named('1002')?.name, 'jovyan');
    assert.deepEqual([named('1002:7')?.uid, named('1002:7')?.gid], [1002, 7]);
    assert.equal(named('root')?.home, '/root');
  });

  test('may be unknown', () => {
    assert.equal(named('nobody-of-that-name'), undefined);
  });
});
