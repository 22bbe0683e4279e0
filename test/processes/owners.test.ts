import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOwners, type Hints } from '../../src/processes/owners.ts';
import type { Process } from '../../src/processes/tree.ts';

const ADOPTER = 7;
const NOTHING: Hints = { remember: () => undefined, ask: () => undefined };

/** By default in a session and a group of another, and older than those with higher numbers. */
function make(pid: number, given: Partial<Process> = {}): Process {
  const rest = { isZombie: false, name: 'x', cpuTicks: 0, residentPages: 0 };
  return { pid, parent: ADOPTER, group: 99, session: 99, startTicks: pid, ...rest, ...given };
}

function find(processes: readonly Process[], hints: Partial<Hints> = {}) {
  const all = new Map(processes.map(process => [process.pid, process]));
  const leader = (pid: number) => ({ pid, startTicks: pid });
  const services = [
    { name: 'web', leaders: [leader(10), leader(11)] },
    { name: 'db', leaders: [leader(20)] },
  ];
  return findOwners(all, { adopter: ADOPTER, services }, { ...NOTHING, ...hints });
}

for (const [what, processes, owners] of [
  [
    'what it was started as, and its finish script',
    [make(10), make(11), make(20)],
    { 10: 'web', 11: 'web', 20: 'db' },
  ],
  ['its session, though its leader has ended', [make(30, { session: 10 })], { 30: 'web' }],
  ['its group', [make(30, { group: 20 })], { 30: 'db' }],
  [
    'what descends from it',
    [make(10), make(30, { parent: 10 }), make(31, { parent: 30 })],
    { 30: 'web', 31: 'web' },
  ],
  [
    'a session that descends from it',
    [make(10), make(30, { parent: 10 }), make(31, { session: 30 })],
    { 31: 'web' },
  ],
  [
    'a parent that seems younger',
    [make(10), make(31, { parent: 30 }), make(30, { parent: 10, startTicks: 99 })],
    { 31: 'web' },
  ],
  ['nobody else', [make(10), make(30), make(31, { parent: 30 })], { 30: undefined, 31: undefined }],
  [
    'no other process with the number of its leader',
    [make(10, { startTicks: 5 }), make(30, { session: 10 })],
    { 10: undefined, 30: undefined },
  ],
  [
    'neither Lintel nor the first process',
    [make(1, { session: 10 }), make(process.pid, { session: 10 })],
    { 1: undefined, [process.pid]: undefined },
  ],
] as const) {
  test(`a service is ${what}`, () => {
    const found = find(processes);
    for (const [pid, owner] of Object.entries(owners))
      assert.equal(found.get(Number(pid)), owner, `of ${pid}`);
  });
}

test('orphans are asked, others are not; what was known of a process still holds', () => {
  const asked: number[] = [];
  const found = find([make(30), make(31, { parent: 5 }), make(32), make(33, { parent: 32 })], {
    ask: ({ pid }) => {
      asked.push(pid);
      return pid === 30 ? 'db' : undefined;
    },
    remember: ({ pid }) => (pid === 32 ? 'web' : undefined),
  });
  assert.deepEqual(Object.fromEntries(found), {
    10: 'web',
    11: 'web',
    20: 'db',
    30: 'db',
    32: 'web',
    33: 'web',
  });
  assert.deepEqual([...new Set(asked)], [30]);
});

test('a row of 20,000 processes, each a child of the one before, is no deeper than one', () => {
  // Beyond any pid of this machine, this test's own too.
  const first = 2 ** 23;
  const row = Array.from({ length: 20_000 }, (_, n) =>
    make(first + n, { parent: n === 0 ? 10 : first + n - 1 }),
  );
  assert.equal(find([make(10), ...row]).get(first + 19_999), 'web');
});
