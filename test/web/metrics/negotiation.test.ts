import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseFormat } from '../../../src/web/metrics/negotiation.ts';

const OPEN = 'application/openmetrics-text';
const PLAIN = 'text/plain';

for (const [what, accept, format] of [
  [
    'Prometheus 2',
    `${OPEN};version=1.0.0,${OPEN};version=0.0.1;q=0.75,${PLAIN};version=0.0.4;q=0.5,*/*;q=0.1`,
    'openMetrics',
  ],
  [
    'Prometheus 3',
    `${OPEN};version=1.0.0;escaping=allow-utf-8;q=0.6,${OPEN};version=1.0.0;q=0.5,${PLAIN};version=1.0.0;escaping=allow-utf-8;q=0.4,${PLAIN};version=0.0.4;q=0.3,*/*;q=0.2`,
    'openMetrics',
  ],
  ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', 'classic'],
  ['curl', '*/*', 'classic'],
  ['nothing', '', 'classic'],
  ['any version of OpenMetrics', OPEN, 'openMetrics'],
  ['other letters', 'Application/OpenMetrics-Text; Version="1.0.0"', 'openMetrics'],
  ['a version that does not exist', `${OPEN};version=9.9.9`, 'classic'],
  ['text rather', `${OPEN};q=0.4, ${PLAIN};q=0.5`, 'classic'],
  ['OpenMetrics not at all', `${OPEN};q=0`, 'classic'],
  ['the first of two that it likes as well', `${OPEN}, ${PLAIN}`, 'openMetrics'],
  ['nonsense beside sense', `;;;, /, ${OPEN};q=x, ${OPEN};q=0.1`, 'openMetrics'],
  ['more types than anybody sends', `${'*/*,'.repeat(60)}${OPEN}`, 'classic'],
] as const) {
  test(`who accepts ${what} gets ${format}`, () => assert.equal(chooseFormat(accept), format));
}

test('no Accept header breaks it', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom(OPEN, PLAIN, ';q=', ',', ';version=1.0.0', '0.5', '"', '='),
  );
  fc.assert(
    fc.property(fc.array(part), parts => {
      assert.ok(['openMetrics', 'classic'].includes(chooseFormat(parts.join(''))));
    }),
  );
});
