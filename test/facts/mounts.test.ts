import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findNoexec } from '../../src/facts/mounts.ts';

/** As the kernel writes it; the fields that matter are the fifth and the sixth. */
const MOUNTINFO = [
  '22 1 0:20 / / rw,relatime shared:1 - overlay overlay rw',
  '23 22 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:2 - proc proc rw',
  '24 22 0:22 / /data rw,noexec - ext4 /dev/sda rw',
  '25 24 0:23 / /data/programs rw,relatime - ext4 /dev/sdb rw',
  '26 22 0:24 / /two\\040words rw,noexec - tmpfs tmpfs rw',
  '27 22 0:25 / /twice rw,noexec - tmpfs tmpfs rw',
  '28 27 0:26 / /twice rw - tmpfs tmpfs rw',
  '',
].join('\n');

describe('a mount that keeps programs from running', () => {
  for (const [path, point] of [
    ['/usr/bin/sh', undefined],
    ['/data/run', '/data'],
    ['/data', '/data'],
    ['/database/run', undefined],
    ['/data/programs/run', undefined],
    ['/data/programs2/run', '/data'],
    ['/two words/run', '/two words'],
    ['/twice/run', undefined],
  ] as const) {
    test(`is ${point ?? 'none'} for ${path}`, () => assert.equal(findNoexec(MOUNTINFO, path), point));
  }

  test('is none where /proc says nothing', () => assert.equal(findNoexec('', '/data/run'), undefined));
});
