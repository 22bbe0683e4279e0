import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fillTemplate } from '../../src/definitions/template.ts';

const ENVIRONMENT = {
  PORT: '8888',
  EMPTY: '',
  NESTED: '${PORT} $& $1',
  _x9: 'odd',
  SLASHES: '/a//',
  ROOT: '/',
  constructor_: 'c',
};

describe('a probe’s text', () => {
  for (const [text, filled] of [
    ['', ''],
    ['http://127.0.0.1:${PORT}/api', 'http://127.0.0.1:8888/api'],
    ['${PORT}${PORT}', '88888888'],
    ['${UNSET}', ''],
    ['${UNSET:-8080}', '8080'],
    ['${EMPTY:-8080}', '8080'],
    ['${PORT:-8080}', '8888'],
    ['${UNSET:-}', ''],
    ['${UNSET:-a b:-c}', 'a b:-c'],
    ['${UNSET:-${PORT}}', '8888'],
    ['${UNSET:-a${EMPTY:-b${PORT}c}d}e', 'ab8888cde'],
    ['${PORT:-${UNSET:-x}}y', '8888y'],
    ['${UNSET:-${NESTED}}', '${PORT} $& $1'],
    ['${UNSET:-$${PORT}}', '${PORT}'],
    ['${UNSET:-{a}}', '{a}'],
    ['${UNSET:-${my-var}}', '${my-var}'],
    ['${UNSET:-x ${PORT}', '${UNSET:-x 8888'],
    ['${PORT:-${PORT:-${PORT', '${PORT:-${PORT:-${PORT'],
    ['${SLASHES%/}/api', '/a//api'],
    ['${ROOT%/}/api', '/api'],
    ['${UNSET%/}/api${PORT%/}', '/api8888'],
    ['${PORT%8}', '${PORT%8}'],
    ['${NESTED}', '${PORT} $& $1'],
    ['${_x9}', 'odd'],
    ['$${PORT}', '${PORT}'],
    ['$${PORT} ${PORT}', '${PORT} 8888'],
    ['$PORT $$ $(id) `id`', '$PORT $$ $(id) `id`'],
    ['${PORT', '${PORT'],
    ['${}', '${}'],
    ['${9}', '${9}'],
    ['${my-var}', '${my-var}'],
    ['${toString}', ''],
  ] as const) {
    test(`${JSON.stringify(text)} becomes ${JSON.stringify(filled)}`, () => {
      assert.equal(fillTemplate(text, ENVIRONMENT), filled);
    });
  }

  test('may be as deep as it is long', () => {
    const depth = 100_000;
    assert.equal(fillTemplate(`${'${UNSET:-'.repeat(depth)}x${'}'.repeat(depth)}`, {}), 'x');
    assert.equal(fillTemplate('${UNSET:-'.repeat(depth), {}), '${UNSET:-'.repeat(depth));
  });
});
