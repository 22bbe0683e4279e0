import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDefinition } from '../../src/definitions/definitions.ts';
import type { ServiceFact } from '../../src/definitions/folder.ts';
import { makeServiceSchema } from '../../src/definitions/service-json.ts';
import { makeDefinition, makeServiceFact, SIGNAL_NAMES } from '../facts-fixture.ts';

const FOLDER = '/etc/services.d/web';
const JSON_PATH = `${FOLDER}/service.json`;
const RUN = { path: `${FOLDER}/run`, obstacle: undefined, interpreter: 'sh' };

function parse(text: string, difference: Partial<ServiceFact> = {}) {
  return parseDefinition(makeServiceFact('web', { ...difference, json: { text } }), SIGNAL_NAMES);
}

/** Field, what stands there, how the problem shows it, what it expects. */
const READY = 'an object with exactly one of http, tcp, socket, file, exec and notifyFd';
const HEALTH_FIELDS = 'one of http, tcp, socket, file, exec, intervalMs, failures';
const LIMITS = '{"nofile": …}';
const NOFILE = 'a whole number from 16 to 1073741816';
const BACKOFF = '{"min": …, "max": …} in milliseconds, min not above max';
const TIMEOUT = 'a whole number of milliseconds from 0 to 86400000';
const NO_NUL = 'text without NUL characters';
const SIGNAL = 'the name of a signal, such as "SIGINT"';
const CODES = 'a list of exit codes and signal names';
const COMMAND = 'a list of the program ("./NAME": a file of the service’s folder) and its arguments';
const WHEN = 'an object of command, file and env, each a text or a list of texts (any one is enough)';
const RESTARTS = '{"count": …, "windowMs": …}';
const AUTO =
  'an object of with (names of services) and without (names of programs), each a text or a list of texts';
const ENV = 'an object of NAME: "value"';
const WRONG: readonly (readonly [string, string, string])[] = [
  ['{ // the port\n "x": 1}', 'a comment, which JSON has not at line 1 column 3', 'a JSON object'],
  ['{"$schema": 5}', '$schema 5', 'text'],
  ['{"description": 5}', 'description 5', 'text'],
  ['{"description": null}', 'description null', 'text'],
  ['{"command": "jupyter lab"}', 'command "jupyter lab"', COMMAND],
  ['{"command": []}', 'command []', COMMAND],
  ['{"command": ["sleep", 5]}', 'command.1 5', COMMAND],
  ['{"command": [""]}', 'command.0 ""', COMMAND],
  ['{"user": ""}', 'user ""', 'the name of a user, a uid or uid:gid'],
  ['{"user": -1}', 'user -1', 'the name of a user, a uid or uid:gid'],
  ['{"auto": true}', 'auto true', AUTO],
  ['{"auto": {"with": []}}', 'auto.with []', AUTO],
  ['{"auto": {"without": 5}}', 'auto.without 5', AUTO],
  ['{"requires": "db"}', 'requires "db"', 'a list of names of services'],
  ['{"requires": [""]}', 'requires.0 ""', 'a list of names of services'],
  ['{"after": [1]}', 'after.0 1', 'a list of names of services'],
  ['{"ready": 8888}', 'ready 8888', READY],
  ['{"ready": {}}', 'ready {}', READY],
  ['{"ready": {"tcp": 1, "file": "/a"}}', 'ready {"tcp":1,"file":"/a"}', READY],
  ['{"ready": {"tcp": 0}}', 'ready.tcp 0', 'a port from 1 to 65535, "host:port" or "[address]:port"'],
  ['{"ready": {"notifyFd": 2}}', 'ready.notifyFd 2', "a descriptor's number from 3 to 1023"],
  ['{"health": {"tcp": 1, "notifyFd": 3}}', 'unknown field "health.notifyFd"', HEALTH_FIELDS],
  ['{"health": {"http": "ftp://a/"}}', 'health.http "ftp://a/"', 'an http or https URL'],
  ['{"health": {"tcp": 1, "failures": 0}}', 'health.failures 0', 'a whole number from 1 to 1000'],
  ['{"oomScoreAdj": 1001}', 'oomScoreAdj 1001', 'a whole number from -1000 to 1000'],
  ['{"oomScoreAdj": "high"}', 'oomScoreAdj "high"', 'a whole number from -1000 to 1000'],
  ['{"limits": 1024}', 'limits 1024', LIMITS],
  ['{"limits": {"nofile": 15}}', 'limits.nofile 15', NOFILE],
  ['{"limits": {"nofile": 1073741817}}', 'limits.nofile 1073741817', NOFILE],
  ['{"cwd": "relative"}', 'cwd "relative"', 'an absolute path'],
  ['{"cwd": ""}', 'cwd ""', 'an absolute path'],
  ['{"env": ["A=1"]}', 'env what stands there', ENV],
  ['{"env": {"A": 1}}', 'env.A what stands there', ENV],
  ['{"env": {"A=B": "secret"}}', 'env.A=B what stands there', ENV],
  ['{"env": {"": "secret"}}', 'env. what stands there', ENV],
  ['{"exports": "DISPLAY=:1"}', 'exports what stands there', ENV],
  ['{"exports": {"DISPLAY": 1}}', 'exports.DISPLAY what stands there', ENV],
  ['{"exports": {"A=B": "secret"}}', 'exports.A=B what stands there', ENV],
  ['{"when": "jupyter"}', 'when "jupyter"', WHEN],
  ['{"when": {"command": 5}}', 'when.command 5', WHEN],
  ['{"when": {"command": []}}', 'when.command []', WHEN],
  ['{"when": {"file": ["/a", ""]}}', 'when.file.1 ""', WHEN],
  ['{"when": {"env": ""}}', 'when.env ""', WHEN],
  ['{"restart": "sometimes"}', 'restart "sometimes"', '"always", "on-failure" or "never"'],
  ['{"restart": true}', 'restart true', '"always", "on-failure" or "never"'],
  ['{"backoffMs": 250}', 'backoffMs 250', BACKOFF],
  ['{"backoffMs": {"min": -1}}', 'backoffMs.min -1', TIMEOUT],
  ['{"backoffMs": {"max": 1.5}}', 'backoffMs.max 1.5', TIMEOUT],
  ['{"backoffMs": {"max": 86400001}}', 'backoffMs.max 86400001', TIMEOUT],
  ['{"backoffMs": {"min": 500, "max": 100}}', 'backoffMs {"min":500,"max":100}', BACKOFF],
  ['{"maxRestarts": 3}', 'maxRestarts 3', RESTARTS],
  ['{"maxRestarts": {"count": 3}}', 'maxRestarts.windowMs nothing', TIMEOUT],
  ['{"maxRestarts": {"count": -1, "windowMs": 1}}', 'maxRestarts.count -1', 'a whole number, 0 or more'],
  ['{"maxRestarts": {"count": "1", "windowMs": 1}}', 'maxRestarts.count "1"', 'a whole number, 0 or more'],
  ['{"maxRestarts": {"count": 1, "windowMs": "1m"}}', 'maxRestarts.windowMs "1m"', TIMEOUT],
  ['{"critical": "yes"}', 'critical "yes"', 'true or false'],
  ['{"critical": 1}', 'critical 1', 'true or false'],
  ['{"stopSignal": "TERM"}', 'stopSignal "TERM"', SIGNAL],
  ['{"stopSignal": 15}', 'stopSignal 15', SIGNAL],
  ['{"stopSignal": "SIGNONE"}', 'stopSignal "SIGNONE"', SIGNAL],
  ['{"stopTimeoutMs": -1}', 'stopTimeoutMs -1', TIMEOUT],
  ['{"stopTimeoutMs": "5s"}', 'stopTimeoutMs "5s"', TIMEOUT],
  ['{"stopTimeoutMs": 86400001}', 'stopTimeoutMs 86400001', TIMEOUT],
  ['{"kill": "all"}', 'kill "all"', '"tree" or "group"'],
  ['{"successCodes": 2}', 'successCodes 2', CODES],
  ['{"successCodes": [256]}', 'successCodes.0 256', CODES],
  ['{"successCodes": [0, "TERM"]}', 'successCodes.1 "TERM"', CODES],
  ['{"successCodes": ["SIGNONE"]}', 'successCodes.0 "SIGNONE"', SIGNAL],
  ['{"needsPassword": "no"}', 'needsPassword "no"', 'true, false or "if-possible"'],
  ['{"noNewPrivs": "1"}', 'noNewPrivs "1"', 'true or false'],
  [String.raw`{"command": ["echo", "a\u0000b"]}`, String.raw`command.1 "a\u0000b"`, NO_NUL],
  [String.raw`{"cwd": "/a\u0000b"}`, String.raw`cwd "/a\u0000b"`, NO_NUL],
  [String.raw`{"user": "a\u0000"}`, String.raw`user "a\u0000"`, NO_NUL],
  [String.raw`{"env": {"A": "a\u0000b"}}`, 'env.A what stands there', NO_NUL],
  [String.raw`{"ready": {"exec": ["a\u0000b"]}}`, String.raw`ready.exec.0 "a\u0000b"`, NO_NUL],
  [String.raw`{"health": {"file": "/a\u0000b"}}`, String.raw`health.file "/a\u0000b"`, NO_NUL],
  ['[]', '[]', 'a JSON object'],
  ['"web"', '"web"', 'a JSON object'],
  ['null', 'null', 'a JSON object'],
  ['5', '5', 'a JSON object'],
];

describe('service.json', () => {
  test('is refused in every field below', () => {
    const tried = new Set(WRONG.flatMap(([text]) => /^\{"([^"]+)"/.exec(text)?.[1] ?? []));
    assert.deepEqual([...tried].sort(), Object.keys(makeServiceSchema().shape).sort());
  });

  for (const [text, seen, expected] of WRONG) {
    test(`is refused: ${text}`, () => {
      const { definition, problems } = parse(text);
      assert.equal(definition, undefined);
      assert.deepEqual(problems, [{ what: JSON_PATH, seen, expected, fatal: true }]);
    });
  }

  test('names every problem at once, those of meaning too', () => {
    const { problems } = parse(
      '{"restart": 1, "comand": [], "env": {"A": 1}, "when": {"fil": "/a"}, "stopSignal": "SIGFOO", "backoffMs": {"min": 9, "max": 1}}',
    );
    assert.deepEqual(problems.map(({ seen }) => seen).sort(), [
      'backoffMs {"min":9,"max":1}',
      'env.A what stands there',
      'restart 1',
      'stopSignal "SIGFOO"',
      'unknown field "comand"',
      'unknown field "when.fil"',
    ]);
  });

  test('shows a long value cut', () => {
    const { problems } = parse(JSON.stringify({ restart: 'x'.repeat(5000) }));
    assert.equal(problems[0]?.seen, `restart "${'x'.repeat(119)}`);
  });

  for (const text of [
    '',
    '{',
    'comand: jupyter',
    '{"restart": "always",}',
    '{"env": {"TOKEN": "hunter2"},}',
    '{"env": {"TOKEN": hunter2}}',
    '{"env": {"TOKEN": "hunter2}}',
    '{"env": {"TOKEN": "hunter2"} hunter2}',
    '\ufeff{"env": {"TOKEN": "hunter2"}}',
  ]) {
    test(`that is no JSON is refused, and nothing of it shown: ${JSON.stringify(text)}`, () => {
      const { definition, problems } = parse(text);
      assert.equal(definition, undefined);
      assert.equal(problems.length, 1);
      assert.deepEqual([problems[0]?.what, problems[0]?.expected], [JSON_PATH, 'a JSON object']);
      assert.equal(problems[0]?.fatal, true);
      assert.doesNotMatch(problems[0]?.seen ?? '', /hunter2|TOKEN/);
    });
  }

  test('that can’t be read is refused', () => {
    const fact = makeServiceFact('web', { json: { trouble: 'permission denied' } });
    assert.deepEqual(parseDefinition(fact, SIGNAL_NAMES).problems, [
      { what: JSON_PATH, seen: 'permission denied', expected: 'a readable JSON file', fatal: true },
    ]);
  });
});

describe('an unknown field', () => {
  for (const [text, seen, expected] of [
    ['{"comand": ["a"]}', 'unknown field "comand"', 'perhaps "command"'],
    ['{"stoptimeoutms": 1}', 'unknown field "stoptimeoutms"', 'perhaps "stopTimeoutMs"'],
    ['{"stopTimeout": 1}', 'unknown field "stopTimeout"', 'perhaps "stopTimeoutMs"'],
    ['{"critcal": true}', 'unknown field "critcal"', 'perhaps "critical"'],
    ['{"nonewprivs": true}', 'unknown field "nonewprivs"', 'perhaps "noNewPrivs"'],
    ['{"when": {"comand": "a"}}', 'unknown field "when.comand"', 'perhaps "command"'],
    ['{"when": {"program": "a"}}', 'unknown field "when.program"', 'one of command, file, env'],
    ['{"backoffMs": {"Min": 1}}', 'unknown field "backoffMs.Min"', 'perhaps "min"'],
    ['{"backoffMs": {"step": 1}}', 'unknown field "backoffMs.step"', 'one of min, max'],
    [
      '{"maxRestarts": {"count": 1, "windowMs": 1, "window": 1}}',
      'unknown field "maxRestarts.window"',
      'perhaps "windowMs"',
    ],
    [
      '{"maxRestarts": {"count": 1, "windowMs": 1, "seconds": 1}}',
      'unknown field "maxRestarts.seconds"',
      'one of count, windowMs',
    ],
  ] as const) {
    test(`is refused, with what may be meant: ${text}`, () => {
      assert.deepEqual(parse(text).problems, [{ what: JSON_PATH, seen, expected, fatal: true }]);
    });
  }

  test('that resembles none is answered with all that there are', () => {
    const expected = parse('{"colour": "red"}').problems[0]?.expected;
    const fields = Object.keys(makeServiceSchema().shape).filter(field => field !== '$schema');
    assert.equal(expected, `one of ${fields.join(', ')}`);
  });
});

describe('a service', () => {
  test('needs nothing but a run', () => {
    assert.deepEqual(parseDefinition(makeServiceFact('web'), SIGNAL_NAMES), {
      definition: {
        name: 'web',
        origin: 'image',
        description: '',
        command: ['/etc/services.d/web/run'],
        finish: undefined,
        user: undefined,
        isS6Style: false,
        runsAsSelf: false,
        cwd: undefined,
        env: {},
        exports: {},
        when: { command: [], file: [], env: [] },
        auto: { with: [], without: [] },
        policy: {
          restart: 'always',
          backoffMs: { min: 250, max: 30_000 },
          maxRestarts: undefined,
          critical: false,
          stopSignal: 'SIGTERM',
          stopTimeoutMs: 5000,
          kill: 'tree',
          successCodes: [0],
          hasFinish: false,
          finishTimeoutMs: 5000,
          hasDependencies: false,
          readyTimeoutMs: undefined,
          deathTally: 4096,
        },
        requires: [],
        after: [],
        ready: undefined,
        health: undefined,
        needsPassword: false,
        knowsPassword: false,
        noNewPrivs: false,
        oomScoreAdj: undefined,
        openFilesSoft: undefined,
        isDownAtStart: false,
      },
      problems: [],
    });
  });

  test('waits before its first start where it needs the password', () => {
    for (const needsPassword of [true, 'if-possible'] as const) {
      const door = makeDefinition('door', { needsPassword });
      assert.deepEqual([door.needsPassword, door.policy.hasDependencies], [true, true]);
      assert.equal(door.knowsPassword, needsPassword === 'if-possible');
    }
  });

  test('is the same with an empty service.json', () => {
    assert.deepEqual(parse('{}'), parseDefinition(makeServiceFact('web'), SIGNAL_NAMES));
  });

  test('may say everything', () => {
    const finish = { path: '/etc/services.d/web/finish', obstacle: undefined, interpreter: 'sh' };
    const definition = makeDefinition(
      'web',
      {
        $schema: 'https://example.org/service.schema.json',
        description: 'The web',
        command: ['web', '--port', '80'],
        user: 'www:www',
        cwd: '/srv',
        env: { A: '', 'a.b': 'c=d' },
        exports: { DISPLAY: ':${N:-1}' },
        when: { command: 'web', file: ['/a', '/b'], env: ['X'] },
        restart: 'on-failure',
        backoffMs: { min: 1, max: 2 },
        maxRestarts: { count: 0, windowMs: 0 },
        critical: true,
        stopSignal: 'SIGQUIT',
        stopTimeoutMs: 0,
        kill: 'group',
        successCodes: [2, 255, 'SIGTERM'],
        auto: { with: 'proxy', without: ['apache2', 'nginx'] },
        requires: ['db'],
        after: ['cache'],
        ready: { tcp: 80, timeoutMs: 1000 },
        health: { http: 'http://127.0.0.1/', failures: 1 },
        needsPassword: true,
        noNewPrivs: true,
        oomScoreAdj: -500,
        limits: { nofile: 4096 },
      },
      { origin: 'shipped', finish },
    );
    assert.deepEqual(definition, {
      name: 'web',
      origin: 'shipped',
      description: 'The web',
      command: ['web', '--port', '80'],
      finish: finish.path,
      user: 'www:www',
      isS6Style: false,
      runsAsSelf: false,
      cwd: '/srv',
      env: { A: '', 'a.b': 'c=d' },
      exports: { DISPLAY: ':${N:-1}' },
      when: { command: ['web'], file: ['/a', '/b'], env: ['X'] },
      policy: {
        restart: 'on-failure',
        backoffMs: { min: 1, max: 2 },
        maxRestarts: { count: 0, windowMs: 0 },
        critical: true,
        stopSignal: 'SIGQUIT',
        stopTimeoutMs: 0,
        kill: 'group',
        successCodes: [0, 2, 255, 'SIGTERM'],
        hasFinish: true,
        finishTimeoutMs: 5000,
        hasDependencies: true,
        readyTimeoutMs: 1000,
        deathTally: 4096,
      },
      auto: { with: ['proxy'], without: ['apache2', 'nginx'] },
      requires: ['db'],
      after: ['cache'],
      ready: { probe: { tcp: 80 }, intervalMs: undefined, timeoutMs: 1000 },
      health: { probe: { http: 'http://127.0.0.1/' }, intervalMs: 10_000, failures: 1 },
      needsPassword: true,
      knowsPassword: false,
      noNewPrivs: true,
      oomScoreAdj: -500,
      openFilesSoft: 4096,
      isDownAtStart: false,
    });
  });

  test('may name files of its own folder, wherever it runs', () => {
    const { command, ready, health, cwd } = makeDefinition(
      'web',
      {
        command: ['./bin/serve', './data'],
        cwd: '/srv',
        ready: { exec: ['./ready', '--quick'], timeoutMs: 1000 },
        health: { exec: ['./ready'] },
      },
      { folder: '/opt/services.d/web' },
    );
    assert.deepEqual([command, cwd], [['/opt/services.d/web/bin/serve', './data'], '/srv']);
    assert.deepEqual(ready?.probe, { exec: ['/opt/services.d/web/ready', '--quick'] });
    assert.deepEqual(health?.probe, { exec: ['/opt/services.d/web/ready'] });
    assert.equal(ready?.timeoutMs, 1000);
    assert.deepEqual(makeDefinition('web', { command: ['bin/serve'] }).command, ['bin/serve']);
  });

  for (const [json, backoffMs] of [
    [{}, { min: 250, max: 30_000 }],
    [{ backoffMs: {} }, { min: 250, max: 30_000 }],
    [{ backoffMs: { min: 1000 } }, { min: 1000, max: 30_000 }],
    [{ backoffMs: { min: 60_000 } }, { min: 60_000, max: 60_000 }],
    [{ backoffMs: { max: 100 } }, { min: 100, max: 100 }],
    [{ backoffMs: { max: 500 } }, { min: 250, max: 500 }],
  ] as const) {
    test(`has a whole backoff for ${JSON.stringify(json)}`, () =>
      assert.deepEqual(makeDefinition('web', json).policy.backoffMs, backoffMs));
  }

  test('with a command needs no run, and does not use one', () => {
    const command = ['web'];
    assert.deepEqual(makeDefinition('web', { command }, { run: undefined }).command, command);
    assert.deepEqual(makeDefinition('web', { command }, { run: RUN }).command, command);
    const broken = { path: RUN.path, obstacle: 'it is not executable (chmod +x)', interpreter: undefined };
    assert.deepEqual(makeDefinition('web', { command }, { run: broken }).command, command);
  });

  test('with neither is refused', () => {
    const { definition, faulty, problems } = parse('{}', { run: undefined });
    const seen = 'neither "run" nor a "command" in service.json';
    assert.deepEqual(problems, [{ what: FOLDER, seen, expected: 'one of them', fatal: true }]);
    assert.deepEqual([definition, faulty?.why], [undefined, `${FOLDER}: ${seen}`]);
    for (const text of ['{', '{"comand": ["a"]}', '{"command": "a"}'])
      assert.equal(parse(text, { run: undefined }).problems.length, 1, `${text} may be where it stands`);
    assert.equal(parse('{"restrat": "never"}', { run: undefined }).problems.length, 2);
  });

  test('whose run can’t run is named and left out, and the boot goes on', () => {
    const run = { path: RUN.path, obstacle: 'it is not executable (chmod +x)', interpreter: undefined };
    const { definition, faulty, problems } = parse('{"requires": ["db"]}', { run });
    const expected = 'an executable script or program';
    assert.deepEqual(problems, [{ what: RUN.path, seen: run.obstacle, expected, fatal: false }]);
    assert.deepEqual([definition, faulty?.isFatal], [undefined, false]);
    assert.equal(faulty?.why, `${RUN.path}: it is not executable (chmod +x)`);
    assert.deepEqual(faulty?.definition.requires, ['db'], 'what else is wrong can be found');
  });

  test('that is refused says why first, and is known as far as it can be read', () => {
    const s6 = { 'timeout-kill': { text: 'soon' } };
    const run = { ...RUN, obstacle: 'it is a directory, not a file' };
    const { faulty, problems } = parse('{"restrat": 1, "requires": ["db"]}', { run, s6 });
    assert.deepEqual(
      problems.map(({ what }) => what),
      [JSON_PATH, RUN.path, `${FOLDER}/timeout-kill`],
    );
    assert.deepEqual([faulty?.why, faulty?.isFatal], [`${JSON_PATH}: unknown field "restrat"`, true]);
    assert.deepEqual(faulty?.definition.requires, ['db']);
    const { why } = parse('{}', { run, s6 }).faulty ?? {};
    assert.equal(why, `${RUN.path}: it is a directory, not a file`);
  });

  test('whose folder can’t be looked into is refused as that', () => {
    const { faulty, problems } = parse('{}', { run: undefined, trouble: 'permission denied' });
    const expected = 'a folder that Lintel may look into';
    assert.deepEqual(problems, [{ what: FOLDER, seen: 'permission denied', expected, fatal: true }]);
    assert.equal(faulty?.why, `${FOLDER}: permission denied`);
  });

  test('whose finish can’t run runs without it, and that is named', () => {
    const finish = {
      path: '/etc/services.d/web/finish',
      obstacle: 'it is a link to nothing',
      interpreter: undefined,
    };
    const { definition, problems } = parse('{}', { finish });
    assert.deepEqual([definition?.finish, definition?.policy.hasFinish], [undefined, false]);
    assert.deepEqual(problems, [
      {
        what: finish.path,
        seen: 'it is a link to nothing',
        expected: 'an executable script or program',
        fatal: false,
      },
    ]);
  });
});
