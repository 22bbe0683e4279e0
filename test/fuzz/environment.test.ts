import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, test } from 'node:test';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { parseGrown } from '../../src/apply/grown.ts';
import { MAX_VARIABLE_BYTES } from '../../src/environment.ts';
import { parseEnviron } from '../../src/launch/environ.ts';
import { check, textOf, tryLong } from './runs.ts';

const PATH = '/run/lintel/env.grown';
const PIECES = [
  'A',
  'b.c',
  'export ',
  '=',
  ': ',
  ':',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\n\n',
  '"',
  "'",
  '`',
  '\\"',
  '\\n',
];
const MORE = ['\\', '#', '$(id)', '${A}', 'x y', '-', '\u2028', '\u00a0', '__proto__', "\\'", '\0'];
const dotenv = textOf([...PIECES, ...MORE]);

describe('what scripts append to $LINTEL_ENV', () => {
  test('is read as dotenv reads it, but for what no process can be given', () =>
    check(
      fc.property(dotenv, text => {
        const { set, warnings } = parseGrown(text, PATH);
        const theirs = Object.entries(parse(text)).filter(([, value]) => !value.includes('\0'));
        assert.deepEqual({ ...set }, Object.fromEntries(theirs));
        const lines = text.split(/\r\n?|\n/).length;
        for (const warning of warnings) {
          const line = Number(/, line (\d+): no NAME=value$/.exec(warning)?.[1] ?? 1);
          assert.ok(line >= 1 && line <= lines, warning);
        }
      }),
      5,
    ));

  test('comes back where it was written in the usual way, whatever is in it, and nothing is evaluated', () =>
    check(
      fc.property(
        fc.stringMatching(/^[A-Za-z_]\w{0,9}$/),
        textOf(['$(id)', '`id`', '${A}', '\\', '#', ' ', "'", '"', '\n', '=', '%']),
        (name, value) => {
          const plain = value.replaceAll(/[\0\r]/g, '');
          // A value between quotes holds all but these: the usual way is to take the others.
          const quote = ["'", '`', '"'].find(
            mark => !plain.includes(mark) && !(mark === '"' && plain.includes('\\')),
          );
          if (quote === undefined || plain.endsWith('\\')) return;
          const text = `FIRST=1\nexport ${name}=${quote}${plain}${quote} # why\nLAST=2\n`;
          const { set, warnings } = parseGrown(text, PATH);
          assert.deepEqual(warnings, []);
          assert.deepEqual({ ...set }, { FIRST: '1', LAST: '2', [name]: plain });
        },
      ),
      2,
    ));

  test('is never told by a warning', () =>
    check(
      fc.property(textOf(['hunter2', 'hunter2\n', 'A=', ...PIECES]), text => {
        for (const warning of parseGrown(text, PATH).warnings) assert.doesNotMatch(warning, /hunter2/);
      }),
    ));

  test('takes no longer than it has to', () => {
    tryLong(
      ['\n', ' ', 'a', "a='", 'a="\\"', 'a\n', 'export ', '#', '#\n', "' ", '`', 'a: '],
      text => void parseGrown(text, PATH),
    );
    const { set, warnings } = parseGrown(`A=${'x'.repeat(MAX_VARIABLE_BYTES)}`, PATH);
    assert.deepEqual({ set, warnings: warnings.length }, { set: {}, warnings: 1 });
  });
});

describe('the container’s environment', () => {
  const name = fc.stringMatching(/^[^=\0]{1,8}$/).filter(text => text.isWellFormed());
  const value = fc.stringMatching(/^[^\0]{0,12}$/).filter(text => text.isWellFormed());

  test('comes back byte for byte, in its order, the first of two', () =>
    check(
      fc.property(
        fc.array(fc.tuple(fc.oneof(name, fc.constantFrom('__proto__', 'constructor', 'a.b', '0')), value)),
        variables => {
          const bytes = Buffer.from(variables.map(([key, held]) => `${key}=${held}\0`).join(''));
          const wanted = new Map<string, string>();
          for (const [key, held] of variables) if (!wanted.has(key)) wanted.set(key, held);
          const { environment, notUtf8 } = parseEnviron(bytes);
          assert.deepEqual(new Map(Object.entries(environment)), wanted);
          assert.deepEqual(notUtf8, []);
        },
      ),
      2,
    ));

  test('of any bytes has names and texts, and names what is no UTF-8', () =>
    check(
      fc.property(fc.uint8Array({ maxLength: 100 }), given => {
        const bytes = Buffer.from(given);
        const { environment, notUtf8 } = parseEnviron(bytes);
        for (const [key, held] of Object.entries(environment))
          assert.ok(key !== '' && !`${key}${held}`.includes('\0'));
        assert.equal(notUtf8.length === 0, isUtf8(bytes));
      }),
    ));
});
