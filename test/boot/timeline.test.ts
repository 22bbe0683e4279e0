import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeTimeline, type Timeline } from '../../src/boot/timeline.ts';

/** Longer than what is shown of the shortest wait. Milliseconds. */
const LONG_MS = 2;

/** Keeps the thread, as a busy machine does. */
function pass(timeline: Timeline): void {
  const untilMs = timeline.atMs() + LONG_MS;
  while (timeline.atMs() < untilMs);
}

describe('a wait for a step', () => {
  const WAIT = ['wait', 'the CMD', { isBeside: true, waitedFor: ['store'] }] as const;
  const waits = (timeline: Timeline) => timeline.spans().filter(({ kind }) => kind === 'wait').length;

  test('is told where the step goes on, and where it went on', () => {
    const timeline = makeTimeline();
    const endStep = timeline.begin('step', 'store');
    const endWait = timeline.begin(...WAIT);
    pass(timeline);
    assert.equal(waits(timeline), 1);
    endStep();
    endWait();
    assert.equal(waits(timeline), 1);
  });

  for (const [how, begin] of [
    ['was over', (timeline: Timeline) => timeline.begin('step', 'store')()],
    ['never came', () => undefined],
  ] as const)
    test(`is none where the step ${how}, however busy the machine is`, () => {
      const timeline = makeTimeline();
      begin(timeline);
      const endWait = timeline.begin(...WAIT);
      pass(timeline);
      assert.equal(waits(timeline), 0);
      endWait();
      assert.equal(waits(timeline), 0);
    });
});
