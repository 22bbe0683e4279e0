import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type AccountChange, changeAccounts } from '../../src/accounts/change.ts';
import { ACCOUNT_FILES, editAccountFile } from '../../src/accounts/texts.ts';
import { findComplaint } from '../../src/doctor/complaint.ts';
import { parseGroup, parsePasswd } from '../../src/facts/accounts.ts';
import { findOwn, parseCpuLimit } from '../../src/facts/cgroup.ts';
import { EXIT_CODE_FILE, readExitCodeWish } from '../../src/facts/exit-code.ts';
import { parseDistribution } from '../../src/facts/linux.ts';
import { findNoexec } from '../../src/facts/mounts.ts';
import { findDeafPid1, parseHardLimit, parseMask } from '../../src/facts/process.ts';
import { parseStat } from '../../src/processes/tree.ts';
import { check, textOf, tryLong } from './runs.ts';

/** A name of a process, which may hold anything but NUL: fifteen bytes of whatever it calls itself. */
const processName = textOf([') ', ') Z 1 1 ', '(', ')', ' ', '\n', 'sh'], 6).map(text =>
  text.replaceAll('\0', '').slice(0, 15),
);

describe('a process of /proc', () => {
  test('is who it is, whatever it calls itself', () =>
    check(
      fc.property(
        processName,
        fc.constantFrom('R', 'S', 'Z', 'X'),
        fc.array(fc.nat(4_194_304), { minLength: 49, maxLength: 49 }),
        (name, state, numbers) => {
          const found = parseStat(7, `7 (${name}) ${state} ${numbers.join(' ')}\n`);
          const [parent, group, session] = numbers;
          const ticks = numbers.slice(10, 14).reduce((sum, one) => sum + one, 0);
          const isZombie = state === 'Z' || state === 'X';
          assert.deepEqual(found, {
            pid: 7,
            parent,
            group,
            session,
            startTicks: numbers[18],
            isZombie,
            name,
            cpuTicks: ticks,
            residentPages: numbers[20],
          });
        },
      ),
    ));

  test('of any text is read to its end', () =>
    check(
      fc.property(textOf(['(', ')', ' ', 'Z', '1', '\n']), text => {
        assert.equal(typeof parseStat(1, text).name, 'string');
      }),
    ));
});

test('what the kernel says of this process is a number or nothing, whatever it says', () => {
  const pieces = [
    'CapEff:',
    'SigCgt:',
    'SigBlk:',
    'Name:',
    '\t',
    ' ',
    '\n',
    'ffff',
    '0',
    'g',
    'Max open files',
    '  ',
    '1024',
    'unlimited',
  ];
  check(
    fc.property(textOf(pieces), text => {
      const mask = parseMask(text, 'CapEff');
      assert.ok(mask === undefined || mask >= 0n);
      assert.ok(parseHardLimit(text) >= 0);
      assert.notEqual(findDeafPid1(text), '');
    }),
  );
  for (const parse of [(text: string) => parseMask(text, 'SigCgt'), parseHardLimit, findDeafPid1])
    tryLong(pieces, text => void parse(text), 50_000);
});

describe('limits and mounts', () => {
  test('of a cgroup are positive, or none', () =>
    check(
      fc.property(textOf(['max', '100000', ' ', '-1', '\n', '0', 'x', '1e400'], 5), text => {
        const limit = parseCpuLimit(text);
        assert.ok(limit === undefined || limit > 0);
      }),
    ));

  test('a cgroup’s own place leads nowhere else', () => {
    const pieces = ['0::', '4:memory:', '/', '/..', '..', 'a', ':', '\n', 'memory,cpu', ','];
    check(
      fc.property(textOf(pieces), text => {
        for (const controller of ['', 'memory']) assert.ok(!`${findOwn(text, controller)}/`.includes('/../'));
      }),
    );
    tryLong(pieces, text => void findOwn(text, 'memory'), 50_000);
  });

  test('a mount point that forbids programs is above the path that it is about', () => {
    const pieces = [
      '36 35 98:0 / ',
      '/',
      '/a',
      '/a\\040b',
      '\\',
      '\\777',
      ' ',
      'rw,noexec',
      'rw',
      '\n',
      ',',
      '/a/b c',
    ];
    check(
      fc.property(textOf(pieces), fc.constantFrom('/', '/a', '/a/b c', '/a b/c'), (mountinfo, path) => {
        const point = findNoexec(mountinfo, path);
        if (point !== undefined) assert.ok(point === '/' || path === point || path.startsWith(`${point}/`));
      }),
      2,
    );
    tryLong(pieces, text => void findNoexec(text, '/a/b'), 50_000);
  });
});

test('a distribution is one word, or none', () => {
  const pieces = [
    'VERSION_CODENAME=',
    'UBUNTU_CODENAME=',
    'ID=',
    'ID_LIKE=',
    'VERSION_ID=',
    '"',
    "'",
    'rhel',
    'noble',
    '9.4',
    ' ',
    '\n',
    '$(id)',
  ];
  check(
    fc.property(textOf(pieces), text => {
      assert.match(parseDistribution(text) ?? 'none', /^[a-z0-9]+$/);
    }),
  );
  tryLong(pieces, text => void parseDistribution(text), 50_000);
});

test('an exit code that a script wrote is one, or trouble', t => {
  const root = mkdtempSync(join(tmpdir(), 'lintel-fuzz-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(dirname(root + EXIT_CODE_FILE), { recursive: true });
  check(
    fc.property(textOf(['0', '255', '256', '-1', '\n', ' ', '1e2', '\0'], 4), text => {
      writeFileSync(root + EXIT_CODE_FILE, text);
      const wish = readExitCodeWish(root);
      if (wish !== undefined && 'code' in wish) assert.ok(wish.code >= 0 && wish.code <= 255);
    }),
  );
});

const line = textOf(
  [
    'jovyan',
    'ada',
    ':',
    '::',
    '1000',
    '100',
    'x',
    '#',
    '+',
    ',',
    ' ',
    '/home/jovyan',
    '-1',
    '99999999999',
    '\\',
  ],
  9,
).map(text => text.replaceAll('\n', ''));
const lines = fc.array(
  fc.oneof(
    line,
    fc.constantFrom(
      'jovyan:x:1000:100:Jo,,,:/home/jovyan:/bin/bash',
      'users:x:100:jovyan,ada',
      'root:x:0:0:r:/root:/bin/sh',
      '',
    ),
  ),
);
const file = fc.tuple(lines, fc.constantFrom('', '\n', '\n\n')).map(([all, end]) => all.join('\n') + end);
const JOVYAN = { name: 'jovyan', uid: 1000, gid: 100, home: '/home/jovyan', shell: '/bin/bash' } as const;
const CHANGES: readonly AccountChange[] = [
  {
    from: JOVYAN,
    to: { ...JOVYAN, name: 'grace', uid: 5, gid: 6 },
    newGroup: { name: 'lab', gid: 6 },
    joinsGid: 100,
    keptAs: undefined,
    isInPlace: false,
  },
  {
    from: JOVYAN,
    to: { ...JOVYAN, uid: 123456, gid: 0 },
    newGroup: undefined,
    joinsGid: undefined,
    keptAs: 'jovyan-was',
    isInPlace: true,
  },
  {
    from: undefined,
    to: { ...JOVYAN, name: 'grace', uid: 7 },
    newGroup: undefined,
    joinsGid: undefined,
    keptAs: undefined,
    isInPlace: false,
  },
];

describe('the files of the system’s users', () => {
  test('hold users and groups with numbers, whatever else stands there', () => {
    check(
      fc.property(file, text => {
        for (const { name, uid } of parsePasswd(text)) assert.ok(name !== '' && Number.isInteger(uid));
        for (const { name, gid, members } of parseGroup(text))
          assert.ok(name !== '' && Number.isInteger(gid) && !members.includes(''));
      }),
    );
    for (const parse of [parsePasswd, parseGroup])
      tryLong([':', '\n', 'a', 'a:x:1:1:::\n', ','], text => void parse(text), 50_000);
  });

  test('keep every line that is not concerned, and a second change changes nothing', () =>
    check(
      fc.property(
        file,
        fc.constantFrom(...ACCOUNT_FILES),
        fc.constantFrom(...CHANGES),
        (text, which, change) => {
          const once = editAccountFile(which, text, change);
          assert.equal(editAccountFile(which, once, change), once);
          const names = ['jovyan', 'grace', 'lab'];
          const others = (all: string) =>
            all.split('\n').filter(one => one !== '' && !names.some(name => one.includes(name)));
          // A group that the account joins is concerned by its number.
          if (change.joinsGid === undefined) assert.deepEqual(others(once), others(text));
          else assert.equal(others(once).length <= others(text).length, true);
        },
      ),
      3,
    ));

  test('say after a change what was meant by it', () => {
    const passwd = 'root:x:0:0:root:/root:/bin/sh\njovyan:x:1000:100:Jo:/home/jovyan:/bin/bash\n';
    const group = 'root:x:0:\nusers:x:100:jovyan\n';
    for (const change of CHANGES) {
      const accounts = { users: parsePasswd(passwd), groups: parseGroup(group) };
      const meant = changeAccounts(accounts, change);
      assert.deepEqual(parsePasswd(editAccountFile('passwd', passwd, change)), meant.users);
      assert.deepEqual(parseGroup(editAccountFile('group', group, change)), meant.groups);
    }
  });
});

test('what a client complains of is found in time, whatever a server made it write', () => {
  const url = new URL('https://mirror.example/');
  const pieces = [' ', 'a ', '<a', 'connect ', 'certificate ', '(Caused by ', 'reason: ', '\n', ')'];
  tryLong(pieces, text => void findComplaint(text, url), 100_000);
});
