import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AccountChange, changeAccounts, renderChange } from '../../src/accounts/change.ts';
import { findRefit, type RefitSources } from '../../src/accounts/refit.ts';
import { editAccountFile } from '../../src/accounts/texts.ts';
import { parseGroup, parsePasswd } from '../../src/facts/accounts.ts';
import type { Environment } from '../../src/launch/environ.ts';
import type { Identity } from '../../src/user.ts';
import { makeSettings } from '../facts-fixture.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# a comment
jovyan:x:1000:100:Jo Vyan,,,:/home/jovyan:/bin/zsh
grace:x:1001:1001::/home/grace:/bin/bash
+::::::
`;
const GROUP = 'root:x:0:\nusers:x:100:\nvideo:x:44:grace,jovyan\nada:x:777:\n';
const SHADOW = 'root:*:1::::::\njovyan:$y$hash:20000:0:99999:7:::\n';
const GSHADOW = 'users:*::\nvideo:*:jovyan:grace,jovyan\n';

const ROOT: Identity = { uid: 0, gid: 0, groups: [0], canSwitchUser: true };
const ARBITRARY: Identity = { uid: 1_000_650_000, gid: 0, groups: [0], canSwitchUser: false };
const ACCOUNTS = { users: parsePasswd(PASSWD), groups: parseGroup(GROUP) };

function refit(environment: Environment, difference: Partial<RefitSources> = {}) {
  return findRefit({
    settings: makeSettings(environment),
    accounts: ACCOUNTS,
    identity: ROOT,
    isPasswdWritable: true,
    ...difference,
  });
}

function changeOf(environment: Environment, difference: Partial<RefitSources> = {}): AccountChange {
  const { change, problems, warnings } = refit(environment, difference);
  assert.deepEqual([problems, warnings], [[], []]);
  assert.ok(change !== undefined);
  return change;
}

/** What the files would be, and that they say what the plan says. */
function edit(change: AccountChange, passwd = PASSWD, group = GROUP) {
  const edited = {
    passwd: editAccountFile('passwd', passwd, change),
    group: editAccountFile('group', group, change),
    shadow: editAccountFile('shadow', SHADOW, change),
    gshadow: editAccountFile('gshadow', GSHADOW, change),
  };
  const before = { users: parsePasswd(passwd), groups: parseGroup(group) };
  const after = { users: parsePasswd(edited.passwd), groups: parseGroup(edited.group) };
  assert.deepEqual(after, changeAccounts(before, change));
  for (const file of ['passwd', 'group', 'shadow', 'gshadow'] as const)
    assert.equal(editAccountFile(file, edited[file], change), edited[file], `${file} changes again`);
  return edited;
}

describe('as root', () => {
  for (const [what, environment] of [
    ['nothing is asked for', {}],
    ['everything is as it should be', { NB_USER: 'jovyan', NB_UID: '1000', NB_GID: '100' }],
    ['all values are empty', { NB_USER: '', NB_UID: '', NB_GID: '', NB_GROUP: '' }],
    ['LINTEL_USER is another user than NB_USER', { LINTEL_USER: 'grace', NB_USER: 'ada' }],
    ['LINTEL_USER is root', { LINTEL_USER: 'root', NB_UID: '5' }],
  ] as const) {
    test(`nothing changes where ${what}`, () => {
      assert.deepEqual(refit(environment), { change: undefined, problems: [], warnings: [] });
    });
  }

  test('NB_USER, NB_UID and NB_GID give the user another name, uid, group and home', () => {
    const change = changeOf({ NB_USER: 'ada', NB_UID: '2000', NB_GID: '3000', NB_GROUP: 'lab' });
    assert.equal(renderChange(change), 'jovyan 1000:100 becomes ada 2000:3000, home /home/ada');
    assert.deepEqual(edit(change), {
      passwd: PASSWD.replace(
        'jovyan:x:1000:100:Jo Vyan,,,:/home/jovyan:',
        'ada:x:2000:3000:Jo Vyan,,,:/home/ada:',
      ),
      group: 'root:x:0:\nusers:x:100:ada\nvideo:x:44:grace,ada\nada:x:777:\nlab:x:3000:\n',
      shadow: SHADOW.replace('jovyan', 'ada'),
      gshadow: 'users:*::\nvideo:*:ada:grace,ada\nlab:!::\n',
    });
  });

  test('the old group stays one of the user’s, so that what it could write it still can', () => {
    const { group } = edit(changeOf({ NB_GID: '44' }));
    assert.equal(group, 'root:x:0:\nusers:x:100:jovyan\nvideo:x:44:grace,jovyan\nada:x:777:\n');
  });

  for (const [what, environment, name] of [
    ['the user', { NB_GID: '3000' }, 'jovyan'],
    ['NB_GROUP', { NB_GID: '3000', NB_GROUP: 'lab' }, 'lab'],
    ['the user and its number where that name is taken', { NB_USER: 'ada', NB_GID: '3000' }, 'ada-3000'],
    ['NB_GROUP and its number where that is taken', { NB_GID: '3000', NB_GROUP: 'users' }, 'users-3000'],
    ['the user where NB_GROUP is no name', { NB_GID: '3000', NB_GROUP: 'a:b' }, 'jovyan'],
  ] as const) {
    test(`a new group is called as ${what}`, () => {
      assert.deepEqual(changeOf(environment).newGroup, { name, gid: 3000 });
    });
  }

  test('PUID and PGID do the same', () => {
    const { to } = changeOf({ PUID: '2000', PGID: '100' });
    assert.deepEqual([to.name, to.uid, to.gid, to.home], ['jovyan', 2000, 100, '/home/jovyan']);
  });

  test('LINTEL_USER by name says whose uid changes', () => {
    assert.equal(changeOf({ LINTEL_USER: 'grace', NB_UID: '2000' }).from?.name, 'grace');
  });

  test('a home that is not called as its user stays where it is', () => {
    const users = ACCOUNTS.users.map(user => (user.uid === 1000 ? { ...user, home: '/data' } : user));
    assert.equal(changeOf({ NB_USER: 'ada' }, { accounts: { ...ACCOUNTS, users } }).to.home, '/data');
  });

  test('a second boot finds the account changed already', () => {
    for (const environment of [
      { NB_UID: '2000', NB_GID: '3000' },
      { NB_USER: 'ada', NB_UID: '2000', NB_GID: '3000' },
    ]) {
      const accounts = changeAccounts(ACCOUNTS, changeOf(environment));
      assert.deepEqual(refit(environment, { accounts }).change, undefined);
    }
  });

  test('no second line of the old name is left to become the account', () => {
    const twice = PASSWD + PASSWD.split('\n')[2];
    const { passwd } = edit(changeOf({ NB_USER: 'ada' }), twice);
    assert.equal(passwd.includes('jovyan:'), false);
  });

  test('a group that is not concerned stays byte for byte', () => {
    const odd = 'odd:x:5:,grace,,root,\n';
    assert.equal(editAccountFile('group', odd, changeOf({ NB_USER: 'ada' })), odd);
  });

  test('an image without workbench user gets one where NB_USER names it', () => {
    const passwd = 'root:x:0:0:root:/root:/bin/bash';
    const accounts = { users: parsePasswd(passwd), groups: parseGroup(GROUP) };
    assert.equal(refit({ NB_UID: '2000' }, { accounts }).change, undefined);
    const change = changeOf({ NB_USER: 'bob', NB_UID: '2000' }, { accounts });
    assert.equal(renderChange(change), 'bob 2000:2000, home /home/bob is new');
    const edited = edit(change, passwd);
    assert.equal(edited.passwd, `${passwd}\nbob:x:2000:2000::/home/bob:/bin/bash\n`);
    assert.equal(edited.group, `${GROUP}bob:x:2000:\n`);
    assert.equal(edited.shadow, `${SHADOW}bob:*:20000:0:99999:7:::\n`);
  });

  test('a uid of somebody else’s is refused, and the rest is done', () => {
    const { change, problems } = refit({ NB_UID: '1001', NB_USER: 'ada' });
    assert.deepEqual(problems, [
      {
        what: 'NB_UID',
        seen: '1001, which is grace’s',
        expected: 'a uid that no other user of /etc/passwd has',
        fatal: false,
      },
    ]);
    assert.deepEqual([change?.to.name, change?.to.uid], ['ada', 1000]);
    assert.equal(refit({ NB_UID: '1001', LINTEL_STRICT: '1' }).problems[0]?.fatal, true);
  });

  for (const name of ['a:b', '../../etc', '-x', '7seas', 'a b', `x${'y'.repeat(32)}`, 'ada\nroot']) {
    test(`${JSON.stringify(name)} is no name for a user`, () => {
      const { change, problems } = refit({ NB_USER: name });
      assert.equal(change, undefined);
      assert.deepEqual(
        problems.map(({ what }) => what),
        ['NB_USER'],
      );
    });
  }

  test('a uid that LINTEL_USER names is not changed, and that is said', () => {
    const { change, warnings } = refit({ LINTEL_USER: '1000', NB_UID: '2000' });
    assert.deepEqual(
      [change, warnings],
      [undefined, ['NB_UID and NB_GID have no effect: LINTEL_USER names a uid']],
    );
  });

  test('nothing changes where root may not become another user', () => {
    assert.equal(
      refit({ NB_UID: '2000' }, { identity: { ...ROOT, canSwitchUser: false } }).change,
      undefined,
    );
  });
});

describe('as an arbitrary uid', () => {
  test('the workbench user’s line gets it, in place, and the old one lives on', () => {
    const change = changeOf({}, { identity: ARBITRARY });
    assert.equal(change.isInPlace, true);
    assert.equal(
      edit(change).passwd,
      `${PASSWD.replace('jovyan:x:1000:100:', 'jovyan:x:1000650000:0:')}jovyan-was:x:1000:100:Jo Vyan,,,:/home/jovyan:/bin/zsh\n`,
    );
  });

  for (const [what, difference] of [
    ['/etc/passwd can’t be written', { isPasswdWritable: false }],
    ['the uid has a line', { identity: { ...ARBITRARY, uid: 1001 } }],
    ['nobody is the workbench user', { accounts: { users: [], groups: [] } }],
  ] as const) {
    test(`nothing changes where ${what}`, () => {
      assert.equal(refit({}, { identity: ARBITRARY, ...difference }).change, undefined);
    });
  }

  test('a second boot finds the line', () => {
    const accounts = changeAccounts(ACCOUNTS, changeOf({}, { identity: ARBITRARY }));
    const again = refit({ NB_UID: '1000', NB_GID: '100' }, { accounts, identity: ARBITRARY });
    assert.deepEqual(again, { change: undefined, problems: [], warnings: [] });
  });

  test('an NB_UID that it can’t become is named, but not one that the image has by default', () => {
    assert.deepEqual(refit({ NB_UID: '1000', NB_GID: '100' }, { identity: ARBITRARY }).warnings, []);
    assert.deepEqual(refit({ NB_UID: '2000' }, { identity: ARBITRARY }).warnings, [
      'NB_UID has no effect: only a container that starts as root can become uid 2000',
    ]);
  });
});
