import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseDefinition } from '../../src/definitions/definitions.ts';
import { S6_FILES, type ServiceFact } from '../../src/definitions/folder.ts';
import { parseAddress } from '../../src/definitions/probe-schema.ts';
import { makeServiceSchema } from '../../src/definitions/service-json.ts';
import { parseInterpreter, parseShebang, parseWithContenv } from '../../src/definitions/shebang.ts';
import { fillTemplate } from '../../src/definitions/template.ts';
import { renderProblem } from '../../src/errors.ts';
import { makeServiceFact } from '../facts-fixture.ts';
import { check, endInTime, textOf, tryLong } from './runs.ts';

const SIGNALS: ReadonlySet<string> = new Set(Object.keys(constants.signals));
const SECRET = 'hunter2-hunter2';
const LONGEST_PROBLEM = 1000;
const FIELDS = Object.keys(makeServiceSchema().shape);
const schema = makeServiceSchema();

function parse(text: string, difference: Partial<ServiceFact> = {}) {
  return parseDefinition(makeServiceFact('web', { ...difference, json: { text } }), SIGNALS);
}

/** There is a definition or a reason why there is none, and reasons are short. */
function judge({ definition, problems }: ReturnType<typeof parse>): void {
  if (definition === undefined) assert.ok(problems.length > 0);
  else {
    assert.ok(definition.command.length > 0);
    assert.ok(definition.policy.backoffMs.min <= definition.policy.backoffMs.max);
    assert.ok(SIGNALS.has(definition.policy.stopSignal));
    assert.ok(Number.isFinite(definition.policy.stopTimeoutMs));
    assert.deepEqual(JSON.parse(JSON.stringify(definition)), JSON.parse(JSON.stringify(definition)));
  }
  for (const problem of problems) {
    const sentence = renderProblem(problem);
    assert.ok(sentence.length <= LONGEST_PROBLEM, sentence.slice(0, LONGEST_PROBLEM));
  }
}

/** What stands in a field: often something that fits somewhere. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown[]>(
    ...['', '/', '/a', 'a', '\0', 'SIGTERM', 'SIGNOPE', 'always', 'tree', 'if-possible', '1000:100', './run'],
    ...[0, 1, -1, 3, 1.5, 2 ** 53, true, false, null, [], {}, [''], ['a', '\0'], [0, 'SIGTERM']],
    ...[
      { tcp: 1 },
      { http: 'http://${A}/' },
      { exec: ['./x'] },
      { notifyFd: 3 },
      { file: '${A}' },
      { tcp: 'a:1' },
    ],
    ...[
      { min: 5, max: 1 },
      { count: 1, windowMs: 0 },
      { nofile: 16 },
      { command: 'a', env: ['b'] },
      { 'A=B': 'c' },
    ],
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const nearlyValid = fc
  .array(
    fc.tuple(
      fc.oneof(fc.constantFrom(...FIELDS), fc.constantFrom('__proto__', 'constructor', 'comand')),
      value,
    ),
    {
      maxLength: 6,
    },
  )
  .map(
    fields =>
      `{${fields.map(([name, held]) => `${JSON.stringify(name)}: ${JSON.stringify(held)}`).join(', ')}}`,
  );

describe('a service.json', () => {
  test('of any JSON is a definition or a problem', () =>
    check(fc.property(fc.json({ maxDepth: 8 }), text => judge(parse(text)))));

  test('of fields that nearly fit is a definition or a problem', () =>
    check(
      fc.property(nearlyValid, text => judge(parse(text))),
      5,
    ));

  test('of any text is a definition or a problem', () =>
    check(
      fc.property(textOf(['{', '}', '[', ']', '"', ':', ',', '\\', 'null', '"command"', '\0', '1e9']), text =>
        judge(parse(text)),
      ),
    ));

  test('of a right one is taken, every field of it', () => {
    const right = fc.record(
      {
        command: fc.array(fc.stringMatching(/^[^\0]{1,9}$/), { minLength: 1 }),
        env: fc.dictionary(fc.stringMatching(/^[^=\0]{1,5}$/), fc.stringMatching(/^[^\0]{0,9}$/)),
        cwd: fc.stringMatching(/^\/[^\0]{0,9}$/),
        stopTimeoutMs: fc.nat(86_400_000),
        requires: fc.array(fc.stringMatching(/^[a-z]{1,4}$/)),
        successCodes: fc.array(fc.oneof(fc.nat(255), fc.constantFrom('SIGTERM', 'SIGINT'))),
        oomScoreAdj: fc.integer({ min: -1000, max: 1000 }),
      },
      { requiredKeys: ['command'] },
    );
    check(
      fc.property(right, json => {
        assert.ok(schema.safeParse(json).success);
        const { definition, problems } = parse(JSON.stringify(json));
        assert.deepEqual(problems, []);
        assert.deepEqual({ ...definition?.env }, { ...(json.env ?? {}) });
        assert.deepEqual(definition?.command.slice(1), json.command.slice(1));
        assert.equal(definition?.oomScoreAdj, json.oomScoreAdj);
      }),
    );
  });

  test('tells nothing of what stands in its env, nor in a text that is no JSON', () => {
    const wrong = [
      `{"env": {"A": ["${SECRET}"]}}`,
      `{"env": "${SECRET}"}`,
      `{"env": {"A": "${SECRET}", }}`,
      `{"env": {"A": "\\u0000${SECRET}"}}`,
      `{"exports": ["${SECRET}"]}`,
    ];
    for (const text of wrong)
      for (const problem of parse(text).problems) assert.doesNotMatch(renderProblem(problem), /hunter2/);
  });

  test('that is nested as deep, as long or as wide as can be is a problem', () => {
    const depth = 100_000;
    const nested = '['.repeat(depth) + ']'.repeat(depth);
    const objects = '{"a":'.repeat(depth) + 1 + '}'.repeat(depth);
    const wide = `{${Array.from({ length: 20_000 }, (_, index) => `"field${index}": 1`).join()}}`;
    const texts = [
      nested,
      objects,
      `{"command": ${nested}}`,
      `{"ready": ${objects}}`,
      `{"env": ${objects}}`,
      `{"$schema": ${nested}}`,
      wide,
      `{"description": "${'x'.repeat(1e6)}", "cwd": 5}`,
      `{"cwd": "${'x'.repeat(1e6)}"}`,
      `{"requires": [${'5,'.repeat(1e4)}5]}`,
      '['.repeat(depth),
      '"'.repeat(depth),
      '\\'.repeat(depth),
    ];
    for (const text of texts) endInTime(() => judgeBriefly(parse(text)), text.slice(0, 40));
  });
});

/** Of thousands of problems not each is looked at. */
function judgeBriefly({ definition, problems }: ReturnType<typeof parse>): void {
  assert.equal(definition, undefined);
  for (const problem of problems.slice(0, 10)) assert.ok(renderProblem(problem).length <= LONGEST_PROBLEM);
}

test('files of s6 hold a number, a signal or a problem', () => {
  const text = textOf(
    ['0', '9', '-', '+', '1e3', ' ', '\n', 'SIG', 'TERM', 'int', '0x1', '١', '\0', '4294967296'],
    4,
  );
  check(
    fc.property(
      fc.dictionary(
        fc.constantFrom(...S6_FILES),
        text.map(said => ({ text: said })),
      ),
      s6 => judge(parse('{"command": ["a"]}', { s6 })),
    ),
  );
});

test('a first line is a program, or none', () => {
  const pieces = [
    '#!',
    '/',
    'bin',
    'with-contenv',
    '/command/',
    ' ',
    '\t',
    '\n',
    '\r',
    '\0',
    'sh',
    '-e',
    '#',
    'env',
  ];
  check(
    fc.property(textOf(pieces, 8), head => {
      for (const found of [parseInterpreter(head), parseWithContenv(head)])
        if (found !== undefined) {
          assert.notEqual(found[0], '');
          assert.ok(found.every(word => !word.includes('\n')));
        }
      assert.equal(parseShebang(head) === undefined, !/^#![ \t]*\S/.test(head));
    }),
  );
});

describe('a template', () => {
  const pieces = [
    '${',
    '$${',
    '}',
    '${A}',
    '${B:-',
    '${A%/}',
    '${',
    'A',
    '$',
    '{',
    ':-',
    '%/',
    '/',
    '\0',
    '${__proto__}',
  ];
  const variables = fc.dictionary(fc.constantFrom('A', 'B', 'constructor'), fc.string({ maxLength: 5 }));

  test('of any text becomes a text, whatever the variables', () =>
    check(
      fc.property(textOf(pieces), variables, (text, environment) => {
        assert.equal(typeof fillTemplate(text, environment), 'string');
      }),
    ));

  test('without a dollar and braces stays as it is, and a value is not looked at again', () =>
    check(
      fc.property(fc.string(), value => {
        const plain = value.replaceAll(/[${}]/g, '');
        assert.equal(fillTemplate(plain, { A: 'a' }), plain);
        assert.equal(fillTemplate('<${A}>', { A: value }), `<${value}>`);
      }),
    ));

  test('takes no longer for a longer text than it has to', () =>
    tryLong(pieces, text => void fillTemplate(text, { A: 'a/' }), 50_000));
});

test('an address of a probe has a host and a port, or is none', () => {
  const pieces = ['[', ']', ':', '::1', '0', '65535', '65536', 'localhost', '%lo', ' ', '\n', '.'];
  check(
    fc.property(textOf(pieces, 6), text => {
      const address = parseAddress(text);
      if (address === undefined) return;
      assert.ok(
        address.port >= 1 && address.port <= 65_535 && address.host !== '' && !/\s/.test(address.host),
      );
    }),
  );
  tryLong(pieces, text => void parseAddress(text));
});
