import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseGroup, parsePasswd, readAccounts } from '../../src/facts/accounts.ts';
import { makeFolder } from './folder.ts';

describe('accounts', () => {
  test('come from /etc/passwd and /etc/group below the root', t => {
    const root = makeFolder(t, {
      'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nada:x:1000:100:Ada,,,:/home/ada:\n',
      'etc/group': 'root:x:0:\nvideo:x:44:ada,grace\n',
    });
    assert.deepEqual(readAccounts(root.path), {
      users: [
        { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/bash' },
        { name: 'ada', uid: 1000, gid: 100, home: '/home/ada', shell: '' },
      ],
      groups: [
        { name: 'root', gid: 0, members: [] },
        { name: 'video', gid: 44, members: ['ada', 'grace'] },
      ],
    });
  });

  test('are none where the files are missing or something else', t => {
    assert.deepEqual(readAccounts(makeFolder(t).path), { users: [], groups: [] });
    const odd = makeFolder(t, { 'etc/passwd': 'a folder', 'etc/group': 'a fifo' });
    assert.deepEqual(readAccounts(odd.path), { users: [], groups: [] });
  });

  for (const line of [
    '',
    '# a comment',
    '+::::::',
    '+',
    ':x:1000:1000::/home/ada:/bin/sh',
    'ada:x:1000',
    'ada:x:one:1000::/home/ada:/bin/sh',
    'ada:x:-1:1000::/home/ada:/bin/sh',
    'ada:x:1000:1000::/home/ada:/bin/sh:more',
  ]) {
    test(`pass over a line that is none: ${JSON.stringify(line)}`, () => {
      const right = 'root:x:0:0::/root:/bin/sh';
      assert.deepEqual(
        parsePasswd(`${line}\n${right}`).map(({ name }) => name),
        ['root'],
      );
    });
  }

  test('pass over groups that are none', () => {
    assert.deepEqual(parseGroup('# no\nvideo:x:44\nvideo:x:44:,ada,\n+:::\n'), [
      { name: 'video', gid: 44, members: ['ada'] },
    ]);
  });
});
