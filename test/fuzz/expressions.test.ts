import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHECKOUT } from '../../dev/sandbox-root.ts';
import { endInTime } from './runs.ts';

/**
 * Every regular expression of src/, tried with long texts of one piece: one that needs the square of the time for twice
 * the text would let somebody who writes a file, a header or a variable stop PID 1 for minutes.
 */
const SOURCE = join(CHECKOUT, 'src');
/** A literal, by what stands in front of it and behind it. */
const LITERAL =
  /(?<=[(=,:[!&|?{};]\s*|^\s*|return\s)\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/([dgimsuvy]*)(?=[\s.,;)\]}:]|$)/gm;
/** Fewer would mean that they are no longer found. */
const LEAST_FOUND = 150;
/** The square of it is minutes. */
const CHARACTERS = 100_000;
const PIECES = [
  ' ',
  '\t',
  '\n',
  'a',
  '0',
  '/',
  ':',
  '.',
  '=',
  '"',
  "'",
  '\\',
  '@',
  '-',
  '#',
  '[',
  ']',
  '{',
  '}',
  '%',
  '?',
  '*',
];
const WORDS = [
  '://',
  'a://',
  "\\'",
  'a.',
  'a,',
  'a/',
  '\r\n',
  'a=',
  '\x1b[',
  '0.',
  '\0',
  'a b',
  '/t/',
  'a\n',
  'export ',
];
const BEGINNINGS = ['', 'a', '"'];
/** Fits hardly any, so that every way to the end is tried. */
const END = '\x01!';

interface Found {
  readonly place: string;
  readonly expression: RegExp;
}

function findAll(): Found[] {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.ts'),
  );
  return files.flatMap(name => {
    const text = readFileSync(join(SOURCE, name), 'utf8');
    return [...text.matchAll(LITERAL)].flatMap(({ 1: source = '', 2: flags, index }) => {
      const place = `src/${name}:${text.slice(0, index).split('\n').length}`;
      return isExpression(source, flags) ? [{ place, expression: new RegExp(source, flags) }] : [];
    });
  });
}

/** A path in a comment or a text may look like one. */
function isExpression(source: string, flags = ''): boolean {
  try {
    return new RegExp(source, flags) !== undefined;
  } catch {
    return false;
  }
}

test('no regular expression takes the square of the time for twice the text', () => {
  const texts = [...PIECES, ...WORDS].flatMap(piece =>
    BEGINNINGS.map(begin => begin + piece.repeat(CHARACTERS / piece.length) + END),
  );
  const found = findAll();
  assert.ok(found.length >= LEAST_FOUND, `only ${found.length} were found`);
  const slow = found.filter(({ expression }) => texts.some(text => !endsInTime(expression, text)));
  assert.deepEqual(
    slow.map(({ place, expression }) => `${place} ${expression}`),
    [],
  );
});

function endsInTime(expression: RegExp, text: string): boolean {
  try {
    endInTime(() => void text.search(expression), '');
    return true;
  } catch {
    return false;
  }
}
