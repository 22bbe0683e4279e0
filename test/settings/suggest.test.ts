import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { suggestName, suggestWord } from '../../src/settings/suggest.ts';

const KNOWN = ['PIP_REPOSITORY', 'LINTEL_USER', 'LINTEL_SERVICES', 'LINTEL_STRICT', 'KILL'];

describe('a mistyped name', () => {
  for (const [name, meant, how] of [
    ['PIP_REPOSITRY', 'PIP_REPOSITORY', 'a letter too few'],
    ['PIP_REPOSITORYY', 'PIP_REPOSITORY', 'a letter too many'],
    ['PIP_REPOSITORIE', 'PIP_REPOSITORY', 'two letters'],
    ['PIP_REPOISTORY', 'PIP_REPOSITORY', 'two letters that changed places'],
    ['pip_repository', 'PIP_REPOSITORY', 'lower case'],
    ['LINTEL_SERVICE', 'LINTEL_SERVICES', 'singular'],
    ['KILLS', 'KILL', 'one letter of a short word'],
    ['PIP_REPOSITORY', 'PIP_REPOSITORY', 'nothing wrong at all'],
  ] as const) {
    test(`is taken for the nearest: ${name} (${how})`, () => assert.equal(suggestName(name, KNOWN), meant));
  }

  for (const [name, why] of [
    ['PIP_REPO', 'too far'],
    ['MIP_REPOSITORY', 'the beginning differs, as in another program’s name'],
    ['LINTLE_SERVCIE', 'two swaps and more'],
    ['KIXXS', 'two edits are half of a short word'],
    ['KIL', 'a short word is near to everything'],
    ['', 'nothing'],
    ['LINTEL_USER_OR_SERVICES', 'much longer'],
  ] as const) {
    test(`is taken for nothing: ${JSON.stringify(name)} (${why})`, () =>
      assert.equal(suggestName(name, KNOWN), undefined));
  }

  test('is taken for the nearer of two', () => {
    assert.equal(suggestName('LINTEL_USEN', ['LINTEL_USERS', 'LINTEL_USER']), 'LINTEL_USER');
  });
});

describe('a mistyped word of somebody who speaks to Lintel', () => {
  const WORDS = ['start', 'stop', 'restart', 'status', 'logs', 'shutdown', 'db', 'code-server'];
  for (const [word, meant] of [
    ['restrat', 'restart'],
    ['strat', 'start'],
    ['tsop', 'stop'],
    ['Status', 'status'],
    ['log', 'logs'],
    ['bd', 'db'],
    ['code_server', 'code-server'],
    ['codeserver', 'code-server'],
    ['shutdwno', 'shutdown'],
  ] as const) {
    test(`is taken for the nearest, also when it is short or wrong at its start: ${word}`, () =>
      assert.equal(suggestWord(word, WORDS), meant));
  }

  for (const word of ['reboot', 'jupyter', 'x', '', 'stopwatch']) {
    test(`is taken for nothing: ${JSON.stringify(word)}`, () =>
      assert.equal(suggestWord(word, WORDS), undefined));
  }

  test('two letters that changed places are one mistake', () => {
    assert.equal(suggestName('LINTEL_SERVIECS', ['LINTEL_SERVICE', 'LINTEL_SERVICES']), 'LINTEL_SERVICES');
  });

  test('of a single letter is taken for no other one', () =>
    assert.equal(suggestWord('d', ['a', 'b']), undefined));
});
