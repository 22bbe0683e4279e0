import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { IS_ROOT, WORKBENCH } from '../rig.ts';
import { type Begun, begin, SELF, SPAWNERS } from './starting.ts';

const [[, NATIVE]] = SPAWNERS;
/** Says which descriptors a process has, and then waits. */
const LISTS_DESCRIPTORS =
  'set -- /proc/$$/fd/*; for fd; do printf "%s " "${fd##*/}"; done; echo; exec sleep 9999';

for (const [how, spawner] of SPAWNERS) {
  describe(`a process that ${how} starts with a descriptor to notify on`, () => {
    for (const fd of [3, 9, 1023]) {
      test(`is ready at the first newline to ${fd}, once`, async t => {
        let count = 0;
        const ready = Promise.withResolvers<void>();
        const script = `const { writeSync } = require('node:fs');
          writeSync(${fd}, 'almost '.repeat(10_000));
          process.on('SIGUSR2', () => writeSync(${fd}, 'ready\\nready\\n'));
          console.log('not yet');
          setInterval(() => {}, 9999);`;
        const notify = { fd, onReady: () => ready.resolve(void count++) };
        const process_ = begin(t, spawner, { argv: [process.execPath, '-e', script], notify });
        await process_.waitForOutput(/not yet/);
        assert.equal(count, 0);
        process.kill(process_.child?.pid ?? 0, 'SIGUSR2');
        await ready.promise;
        assert.equal(count, 1);
      });
    }

    test('is never ready when it closes that without a word, or ends', async t => {
      let isReady = false;
      const notify = {
        fd: 3,
        onReady: () => {
          isReady = true;
        },
      };
      const closes = begin(t, spawner, {
        argv: ['sh', '-c', 'printf up >&3; exec 3>&-; echo closed; exit 4'],
        notify,
      });
      assert.deepEqual(await closes.ended, { code: 4 });
      const ends = begin(t, spawner, { argv: ['sh', '-c', 'printf up >&3; exit 5'], notify });
      assert.deepEqual(await ends.ended, { code: 5 });
      assert.equal(isReady, false);
    });

    test('finds it closed from then on, as under s6', async t => {
      const ready = Promise.withResolvers<void>();
      const { ended } = begin(t, spawner, {
        argv: ['sh', '-c', "trap '' PIPE; while echo >&3; do :; done; exit 6"],
        notify: { fd: 3, onReady: ready.resolve },
      });
      await ready.promise;
      assert.deepEqual(await ended, { code: 6 });
    });

    test('has that and no other, and nobody else has it', async t => {
      const list = async (begun: Begun) => {
        await begun.waitForOutput(/\n/);
        return begun.output().trim().split(' ').sort();
      };
      const argv = ['sh', '-c', LISTS_DESCRIPTORS] as const;
      const usual = await list(begin(t, spawner, { argv }));
      const notify = { fd: 77, onReady: () => undefined };
      const one = await list(begin(t, spawner, { argv, notify }));
      assert.deepEqual(one, [...usual, '77'].sort());
      assert.deepEqual(await list(begin(t, spawner, { argv })), usual);
    });
  });
}

test('a process of another user may open the descriptor to notify on again', async t => {
  const user = IS_ROOT ? { ...SELF, uid: WORKBENCH.uid, gid: WORKBENCH.gid, groups: [] } : SELF;
  const ready = Promise.withResolvers<void>();
  begin(t, NATIVE, {
    argv: ['sh', '-c', 'echo > /dev/fd/5; exec sleep 9999'],
    user,
    notify: { fd: 5, onReady: ready.resolve },
  });
  await ready.promise;
});

test('a process has the soft limit of open files that it is given, at most the hard one', async t => {
  const { hard } = NATIVE.openFiles;
  const ask = async (openFilesSoft: number | undefined) => {
    const begun = begin(t, NATIVE, { argv: ['sh', '-c', 'echo "$(ulimit -Sn)"'], openFilesSoft });
    await begun.ended;
    return begun.output().trim().replace('unlimited', 'Infinity');
  };
  assert.equal(await ask(123), '123');
  assert.equal(await ask(undefined), String(NATIVE.openFiles.soft));
  assert.equal(await ask(hard + 1), String(hard));
  assert.equal(await ask(124), '124');
});

test('a process starts also where more is open here than it may have open itself', async t => {
  const taken = Array.from({ length: 200 }, () => openSync('/dev/null', 'r'));
  t.after(() => {
    for (const fd of taken) closeSync(fd);
  });
  const ready = Promise.withResolvers<void>();
  const begun = begin(t, NATIVE, {
    argv: ['sh', '-c', 'read -r line; echo "$(ulimit -Sn) $line" >&2; echo $line; echo >&9'],
    input: 'told\n',
    openFilesSoft: 100,
    notify: { fd: 9, onReady: ready.resolve },
  });
  assert.deepEqual(await begun.ended, { code: 0 });
  assert.equal(begun.output(), 'told\n');
  await ready.promise;
});

test('a descriptor to notify on above that limit is explained', async t => {
  const notify = { fd: 200, onReady: () => undefined };
  const { ended } = begin(t, NATIVE, { argv: ['true'], openFilesSoft: 100, notify });
  const error = 'the descriptor to notify on is above its limit of open files';
  assert.deepEqual(await ended, { error, code: 126 });
});

for (const [how, spawner] of SPAWNERS) {
  test(`a process that ${how} starts is killed as readily as it is asked, or says that it can’t be`, async t => {
    const score = (begun: Begun) => readFileSync(`/proc/${begun.child?.pid}/oom_score_adj`, 'utf8').trim();
    const more = begin(t, spawner, { argv: ['sleep', '9999'], oomScoreAdj: 700 });
    assert.deepEqual([score(more), more.child?.warning], ['700', undefined]);
    const usual = begin(t, spawner, { argv: ['sleep', '9999'] });
    assert.equal(score(usual), readFileSync('/proc/self/oom_score_adj', 'utf8').trim());
    const less = begin(t, spawner, { argv: ['sleep', '9999'], oomScoreAdj: -999 });
    const isSet = score(less) === '-999';
    assert.match(
      less.child?.warning ?? 'none',
      isSet ? /^none$/ : /^its oomScoreAdj of -999 could not be set: permission denied .*CAP_SYS_RESOURCE/,
    );
  });
}

test('the reaper counts who died of KILL just now', async t => {
  const count = () => NATIVE.native?.reaper.countKills();
  // Those of the tests before are of no interest any more after a second.
  while (count() !== 0) await new Promise(setImmediate);
  await begin(t, NATIVE, { argv: ['sh', '-c', 'kill -TERM $$'] }).ended;
  await begin(t, NATIVE, { argv: ['sh', '-c', 'exit 9'] }).ended;
  assert.equal(count(), 0);
  for (const expected of [1, 2, 2]) {
    await begin(t, NATIVE, { argv: ['sh', '-c', 'kill -KILL $$'] }).ended;
    assert.equal(count(), expected);
  }
});
