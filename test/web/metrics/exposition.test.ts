import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CONTENT_TYPES, renderSamples } from '../../../src/web/metrics/exposition.ts';
import {
  METRICS,
  type Metric,
  type MetricName,
  OUTCOMES,
  type Sample,
  type Samples,
  STAGES,
  STATES,
} from '../../../src/web/metrics/list.ts';
import { assertLinted, NEEDS_PARSERS, parseAll } from './parsers.ts';

const NAMES = Object.keys(METRICS) as MetricName[];
const FORMATS = ['openMetrics', 'classic'] as const;
const RUNS = 100;

/** Any name that a folder or a file can have, and what the format itself is made of. */
const label = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({
    unit: fc.constantFrom('\\', '"', '\n', '\r', '{', '}', ',', '=', ' ', '#', '|', 'n'),
    minLength: 1,
  }),
);
/** What is no name is a word of a fixed list. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  state: STATES,
  stage: STAGES,
  outcome: OUTCOMES,
  kind: ['stage', 'step', 'script', 'wait', 'service'],
};
const labelOf = (key: string) => (WORDS[key] === undefined ? label : fc.constantFrom(...WORDS[key]));

const value = fc.oneof(
  fc.nat(),
  fc.double({ min: 0, max: 1e18, noNaN: true }),
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER, 1e-9, 1e21),
);

/** Samples of any metric, no two with the same labels. */
const samples: fc.Arbitrary<Samples> = fc.record(
  Object.fromEntries(
    NAMES.map(name => {
      const { labels } = METRICS[name] as Metric;
      const sample = fc.record({
        labels: fc.record(Object.fromEntries(labels.map(key => [key, labelOf(key)])), {
          noNullPrototype: true,
        }),
        value,
      });
      const selector = ({ labels: own }: Sample) => JSON.stringify(labels.map(key => own[key]));
      return [name, fc.uniqueArray(sample, { selector, maxLength: 4 })];
    }),
  ),
) as unknown as fc.Arbitrary<Samples>;

test('whatever is measured and however services are called, parsers read back just that', {
  skip: NEEDS_PARSERS,
}, async () => {
  const given = fc.sample(samples, RUNS);
  for (const format of FORMATS) {
    const texts = await Promise.all(given.map(one => renderSamples(one, format)));
    const read = parseAll(texts.map(text => [format, text]));
    for (const [index, families] of read.entries()) {
      const found = families.flatMap(family =>
        family.samples.map(sample => ({ ...sample, type: family.type })),
      );
      const expected = NAMES.flatMap(name =>
        ((given[index] as Samples)[name] as readonly Sample[]).map(sample => ({
          name,
          ...sample,
          type: METRICS[name].type,
        })),
      );
      assert.deepEqual(found, expected, `as ${format}:\n${texts[index]}`);
    }
  }
});

const NONE = Object.fromEntries(NAMES.map(name => [name, []])) as unknown as Samples;

test('a metric without samples is left out', async () => {
  const text = await renderSamples({ ...NONE, lintel_ready: [{ labels: {}, value: 1 }] }, 'openMetrics');
  const help = METRICS.lintel_ready.help;
  assert.equal(text, `# HELP lintel_ready ${help}\n# TYPE lintel_ready gauge\nlintel_ready 1\n# EOF\n`);
});

test('both formats can be asked for in turn, and counters keep their names', async () => {
  const given: Samples = { ...NONE, lintel_orphans_reaped_total: [{ labels: {}, value: 3 }] };
  const open = '# HELP lintel_orphans_reaped Processes that';
  const classic = '# HELP lintel_orphans_reaped_total Processes that';
  for (const [format, head] of [
    ['openMetrics', open],
    ['classic', classic],
    ['openMetrics', open],
    ['classic', classic],
  ] as const) {
    const text = await renderSamples(given, format);
    assert.ok(text.startsWith(head), text);
    assert.match(text, /^lintel_orphans_reaped_total 3$/m);
  }
});

test('the content types are those of the formats', () =>
  assert.deepEqual(CONTENT_TYPES, {
    openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    classic: 'text/plain; version=0.0.4; charset=utf-8',
  }));

describe('the list of metrics', () => {
  test('is to the taste of Prometheus’ own tool', { skip: NEEDS_PARSERS }, async () => {
    const all = Object.fromEntries(
      NAMES.map(name => [
        name,
        [{ labels: Object.fromEntries(METRICS[name].labels.map(key => [key, 'x'])), value: 1 }],
      ]),
    ) as unknown as Samples;
    assertLinted(await renderSamples(all, 'classic'));
  });

  for (const name of NAMES) {
    test(`${name} is called and told as it should be`, () => {
      const { type, help } = METRICS[name];
      assert.match(name, /^(lintel|process)(_[a-z]+)+$/);
      assert.equal(name.endsWith('_total'), type === 'counter');
      assert.match(
        help,
        /^[^"\n\\]+\.$/,
        'OpenMetrics wants quotes to be escaped here, which the client does not',
      );
    });
  }
});
