import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLeftOut } from '../../src/facts/left-out.ts';
import { type Entry, makeFolder } from './folder.ts';

const FILES: readonly (readonly [
  what: string,
  entries: Readonly<Record<string, Entry>>,
  found: readonly string[],
])[] = [
  ['an empty image', {}, []],
  ['s6-rc’s services', { 'etc/s6-overlay/s6-rc.d/web/type': 'longrun\n' }, ['/etc/s6-overlay/s6-rc.d']],
  [
    's6-overlay’s own empty bundles',
    { 'etc/s6-overlay/s6-rc.d/user/contents.d/.empty': '', 'etc/s6-overlay/s6-rc.d/user2/type': 'bundle\n' },
    [],
  ],
  ['fix-attrs.d', { 'etc/fix-attrs.d/10-home': '/home true ada 0600 0700\n' }, ['/etc/fix-attrs.d']],
  ['an empty fix-attrs.d', { 'etc/fix-attrs.d': 'a folder' }, []],
  ['supervisord’s programs', { 'etc/supervisor/conf.d/web.conf': '' }, ['/etc/supervisor/conf.d']],
  [
    'Debian’s supervisor without programs',
    { 'etc/supervisor/conf.d': 'a folder', 'etc/supervisor/supervisord.conf': '' },
    [],
  ],
  ['supervisord’s own file', { 'etc/supervisord.conf': '' }, ['/etc/supervisord.conf']],
];

for (const [what, entries, found] of FILES) {
  test(`${what} is ${found.length === 0 ? 'nothing to name' : 'named'}`, t => {
    assert.deepEqual(readLeftOut(makeFolder(t, entries).path, []), found);
  });
}

test('a service’s logger is named by its place', t => {
  assert.deepEqual(readLeftOut(makeFolder(t).path, ['/etc/services.d/web']), ['/etc/services.d/web/log']);
});
