import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Definition } from '../../src/definitions/definitions.ts';
import type { Facts } from '../../src/facts/facts.ts';
import type { Environment } from '../../src/launch/environ.ts';
import { chooseServices } from '../../src/services/choice.ts';
import { makeDefinition, makeFacts, makeSettings } from '../facts-fixture.ts';

const shipped = (name: string, json: Readonly<Record<string, unknown>> = {}) =>
  makeDefinition(name, { when: { command: name }, ...json }, { origin: 'shipped' });
const image = (name: string, json: Readonly<Record<string, unknown>> = {}) => makeDefinition(name, json);

/** An image with two services of its own beside the shipped ones, of which jupyter and sshd are installed. */
const SERVICES = [image('api'), image('web'), shipped('jupyter'), shipped('sshd'), shipped('x11vnc')];
const PROGRAMS = { jupyter: '/usr/bin/jupyter', sshd: '/usr/sbin/sshd' };

function choose(
  environment: Environment = {},
  options: {
    readonly services?: readonly Definition[];
    /** Such as can't be run, which stops no boot. */
    readonly faulty?: readonly Definition[];
    /** Such as stop the boot. */
    readonly fatal?: readonly Definition[];
    readonly command?: readonly string[];
    readonly presentFiles?: readonly string[];
    readonly mentions?: Facts['mentions'];
  } = {},
) {
  const { enabled, disabled, problems } = chooseServices({
    settings: makeSettings(environment),
    environment,
    command: options.command ?? [],
    facts: makeFacts({
      services: options.services ?? SERVICES,
      faultyServices: [
        ...(options.faulty ?? []).map(definition => ({ definition, why: NO_X, isFatal: false })),
        ...(options.fatal ?? []).map(definition => ({ definition, why: NO_JSON, isFatal: true })),
      ],
      programs: PROGRAMS,
      presentFiles: options.presentFiles ?? [],
      mentions: options.mentions ?? {},
    }),
  });
  return {
    enabled: enabled.map(({ name }) => name),
    disabled: Object.fromEntries(disabled.map(({ name, why }) => [name, why])),
    problems,
  };
}

const NO_X = 'run: it is not executable';
const NO_JSON = 'service.json: no valid JSON';
const NO_VNC = 'x11vnc is not installed';
const NOT_NAMED = 'LINTEL_SERVICES does not name it';
const REFUSED = 'LINTEL_SERVICES_DISABLED names it';

describe('which services run', () => {
  for (const [what, environment, command, enabled, disabled] of [
    [
      'by themselves: the image’s, and shipped ones whose program is installed',
      {},
      [],
      ['api', 'web', 'jupyter', 'sshd'],
      { x11vnc: NO_VNC },
    ],
    [
      'with auto: the same',
      { LINTEL_SERVICES: 'auto' },
      [],
      ['api', 'web', 'jupyter', 'sshd'],
      { x11vnc: NO_VNC },
    ],
    [
      'with an empty list: the same',
      { LINTEL_SERVICES: '' },
      [],
      ['api', 'web', 'jupyter', 'sshd'],
      { x11vnc: NO_VNC },
    ],
    [
      'with a CMD: only the image’s',
      {},
      ['python'],
      ['api', 'web'],
      { jupyter: 'there is a CMD', sshd: 'there is a CMD', x11vnc: 'there is a CMD' },
    ],
    [
      'with none: none',
      { LINTEL_SERVICES: 'none' },
      [],
      [],
      { api: NOT_NAMED, web: NOT_NAMED, jupyter: NOT_NAMED, sshd: NOT_NAMED, x11vnc: NOT_NAMED },
    ],
    [
      'by name: only those',
      { LINTEL_SERVICES: 'web,sshd' },
      [],
      ['web', 'sshd'],
      { api: NOT_NAMED, jupyter: NOT_NAMED, x11vnc: NOT_NAMED },
    ],
    [
      'by name, also beside a CMD',
      { LINTEL_SERVICES: 'jupyter' },
      ['python'],
      ['jupyter'],
      { api: NOT_NAMED, web: NOT_NAMED, sshd: NOT_NAMED, x11vnc: NOT_NAMED },
    ],
    [
      'with auto and a name, beside a CMD: that one too',
      { LINTEL_SERVICES: 'auto,sshd' },
      ['python'],
      ['api', 'web', 'sshd'],
      { jupyter: 'there is a CMD', x11vnc: 'there is a CMD' },
    ],
    [
      'of the image alone',
      { LINTEL_SERVICES: 'image' },
      [],
      ['api', 'web'],
      { jupyter: NOT_NAMED, sshd: NOT_NAMED, x11vnc: NOT_NAMED },
    ],
    [
      'by name, but not without its program',
      { LINTEL_SERVICES: 'web x11vnc' },
      [],
      ['web'],
      { api: NOT_NAMED, jupyter: NOT_NAMED, sshd: NOT_NAMED, x11vnc: NO_VNC },
    ],
    [
      'by pattern',
      { LINTEL_SERVICES: '*e*, ap?' },
      [],
      ['api', 'web', 'jupyter'],
      { sshd: NOT_NAMED, x11vnc: NOT_NAMED },
    ],
    [
      'by a pattern for all',
      { LINTEL_SERVICES: '*' },
      ['python'],
      ['api', 'web', 'jupyter', 'sshd'],
      { x11vnc: NO_VNC },
    ],
    [
      'but those that are disabled by name',
      { LINTEL_SERVICES_DISABLED: 'sshd,web' },
      [],
      ['api', 'jupyter'],
      { sshd: REFUSED, web: REFUSED, x11vnc: NO_VNC },
    ],
    [
      'but those that are disabled by pattern',
      { LINTEL_SERVICES_DISABLED: '???' },
      [],
      ['jupyter', 'sshd'],
      { api: REFUSED, web: REFUSED, x11vnc: NO_VNC },
    ],
    [
      'none that is both named and disabled',
      { LINTEL_SERVICES: 'web,api', LINTEL_SERVICES_DISABLED: 'web' },
      [],
      ['api'],
      { web: REFUSED, jupyter: NOT_NAMED, sshd: NOT_NAMED, x11vnc: NOT_NAMED },
    ],
  ] as const) {
    test(what, () => assert.deepEqual(choose(environment, { command }), { enabled, disabled, problems: [] }));
  }

  test('by a pattern whose other characters stand for themselves', () => {
    const services = [image('a.b'), image('axb'), image('a+b'), image('(a)')];
    const enabledBy = (pattern: string) => choose({ LINTEL_SERVICES: pattern }, { services }).enabled;
    assert.deepEqual(enabledBy('a.b*'), ['a.b']);
    assert.deepEqual(enabledBy('a+?'), ['a+b']);
    assert.deepEqual(enabledBy('(*)'), ['(a)']);
    assert.deepEqual(enabledBy('a*b'), ['a.b', 'axb', 'a+b']);
    assert.deepEqual(enabledBy('a??'), ['a.b', 'axb', 'a+b']);
    assert.deepEqual(enabledBy('**.**'), ['a.b']);
    assert.deepEqual(enabledBy(`${'*a'.repeat(30)}*!`), []);
  });
});

describe('a shipped service gives way to one of the image', () => {
  const why = "the image's service lab runs the same program";

  for (const [what, json] of [
    ['that waits for the same program', { when: { command: ['conda', 'jupyter'] } }],
    ['whose command is the same program', { command: ['jupyter', 'lab'] }],
    ['whose command is the same program by its path', { command: ['/opt/conda/bin/jupyter', 'lab'] }],
  ] as const) {
    test(what, () => {
      const { enabled, disabled } = choose({}, { services: [image('lab', json), shipped('jupyter')] });
      assert.equal(disabled['jupyter'], why);
      assert.equal(enabled.includes('jupyter'), false);
    });
  }

  test('whose run names its program', () => {
    const services = [image('lab'), shipped('jupyter')];
    const mentions = { lab: ['jupyter'] };
    assert.equal(choose({}, { services, mentions }).disabled['jupyter'], why);
  });

  test('unless it is named', () => {
    const services = [image('lab', { when: { command: 'jupyter' } }), shipped('jupyter')];
    assert.deepEqual(choose({ LINTEL_SERVICES: 'auto,jupyter' }, { services }).enabled, ['lab', 'jupyter']);
  });

  test('and not to another shipped one', () => {
    const services = [shipped('jupyter'), shipped('lab', { when: { command: 'jupyter' } })];
    assert.deepEqual(choose({}, { services }).enabled, ['jupyter', 'lab']);
  });
});

describe('a service that waits for something', () => {
  for (const [when, environment, presentFiles, why] of [
    [{ command: 'jupyter' }, {}, [], undefined],
    [{ command: ['missing', 'jupyter'] }, {}, [], undefined],
    [{ command: ['missing', 'lost'] }, {}, [], 'missing or lost is not installed'],
    [{ file: '/a' }, {}, ['/a'], undefined],
    [{ file: ['/a', '/b'] }, {}, ['/b'], undefined],
    [{ file: ['/a', '/b'] }, {}, ['/c'], 'there is no /a or /b'],
    [{ env: 'NEEDED' }, { NEEDED: '1' }, [], undefined],
    [{ env: ['NEEDED', 'ALSO'] }, { ALSO: '0' }, [], undefined],
    [{ env: 'NEEDED' }, { NEEDED: '' }, [], 'NEEDED is not set'],
    [{ env: ['NEEDED', 'ALSO'] }, {}, [], 'NEEDED or ALSO is not set'],
    [{ command: 'jupyter', file: '/a', env: 'NEEDED' }, { NEEDED: '1' }, ['/a'], undefined],
    [{ command: 'jupyter', file: '/a', env: 'NEEDED' }, { NEEDED: '1' }, [], 'there is no /a'],
    [{ command: 'missing', file: '/a', env: 'NEEDED' }, {}, [], 'missing is not installed'],
  ] as const) {
    const verb = why === undefined ? 'runs' : 'does not run';
    test(`${verb}: ${JSON.stringify({ when, environment, presentFiles })}`, () => {
      for (const service of [image('it', { when }), shipped('it', { when })]) {
        for (const names of ['auto', 'it']) {
          const given = { ...environment, LINTEL_SERVICES: names };
          const { disabled } = choose(given, { services: [service], presentFiles });
          assert.equal(disabled['it'], why);
        }
      }
    });
  }
});

describe('a name that fits no service', () => {
  const expected = 'one of auto, image, none, api, web, jupyter, sshd, x11vnc, or a pattern';

  test('stops the boot, every one at once', () => {
    assert.deepEqual(choose({ LINTEL_SERVICES: 'web,wep', LINTEL_SERVICES_DISABLED: 'sshd ssh' }).problems, [
      { what: 'LINTEL_SERVICES', seen: '"wep"', expected, fatal: true },
      { what: 'LINTEL_SERVICES_DISABLED', seen: '"ssh"', expected, fatal: true },
    ]);
  });

  test('may be a pattern that fits none', () => {
    assert.deepEqual(choose({ LINTEL_SERVICES: 'auto,vs*', LINTEL_SERVICES_DISABLED: 'x?' }).problems, []);
  });
});

describe('a service that goes with others', () => {
  const DESKTOP = [
    shipped('x11vnc', { when: {}, requires: ['xvfb'] }),
    shipped('openbox', { when: {}, requires: ['xvfb'], auto: { with: 'x11vnc' } }),
    shipped('xvfb', { when: {}, auto: { with: 'x11vnc', without: ['Xvnc', 'vncserver'] } }),
  ];
  const without = DESKTOP.map(service =>
    service.name === 'x11vnc' ? shipped('x11vnc', { requires: ['xvfb'] }) : service,
  );
  const all = ['x11vnc', 'openbox', 'xvfb'];

  for (const [what, environment, services, command, enabled] of [
    ['runs where one of those does', {}, DESKTOP, [], all],
    ['also where it was named, and beside a CMD', { LINTEL_SERVICES: 'x11vnc' }, DESKTOP, ['bash'], all],
    ['not where none of those runs', {}, without, [], []],
    ['but where it is named', { LINTEL_SERVICES: 'xvfb' }, without, ['bash'], ['xvfb']],
    ['not where it must not', { LINTEL_SERVICES_DISABLED: 'openbox' }, DESKTOP, [], ['x11vnc', 'xvfb']],
    ['and keeps others from nothing', { LINTEL_SERVICES_DISABLED: 'x11vnc' }, DESKTOP, [], []],
  ] as const) {
    test(what, () => assert.deepEqual(choose(environment, { services, command }).enabled, enabled));
  }

  test('says with whom', () => {
    assert.equal(choose({}, { services: without }).disabled['xvfb'], 'only with x11vnc');
  });

  test('stays away with all of them where a service of the image does the same otherwise', () => {
    const services = [image('screen'), ...DESKTOP];
    const mentions = { screen: ['vncserver'] };
    const why = "the image's service screen runs vncserver";
    assert.deepEqual(choose({}, { services, mentions }).disabled, {
      x11vnc: `it requires xvfb: ${why}`,
      openbox: 'only with x11vnc',
      xvfb: 'only with x11vnc',
    });
    const named = choose({ LINTEL_SERVICES: 'auto,x*' }, { services, mentions });
    assert.deepEqual(named.enabled, ['screen', ...all]);
  });

  test('names those that there are', () => {
    const { problems } = choose(
      {},
      { services: [image('panel', { auto: { with: 'openbix' } }), image('openbox')] },
    );
    assert.deepEqual(problems, [
      {
        what: 'auto.with of service panel',
        seen: 'unknown service "openbix"',
        expected: 'perhaps openbox',
        fatal: true,
      },
    ]);
  });
});

describe('what a service requires', () => {
  const xvfb = shipped('xvfb', { when: {} });
  const vnc = image('vnc', { requires: ['xvfb'] });

  test('is started too, though nobody named it', () => {
    const chosen = choose({ LINTEL_SERVICES: 'vnc' }, { services: [vnc, xvfb, image('web')] });
    assert.deepEqual(chosen.enabled, ['vnc', 'xvfb']);
    const beside = choose({}, { services: [vnc, xvfb], command: ['bash'] });
    assert.deepEqual(beside.enabled, ['vnc', 'xvfb']);
  });

  test('is started beside a service of the image that does the same where the image asks for it', () => {
    const mentions = { vnc: ['xvfb'] };
    assert.deepEqual(choose({}, { services: [vnc, xvfb], mentions }).enabled, ['vnc', 'xvfb']);
  });

  test('keeps it from running where it must not or can’t run, and whoever requires that', () => {
    const wall = image('wall', { requires: ['vnc'] });
    const services = [vnc, wall, xvfb];
    assert.deepEqual(choose({ LINTEL_SERVICES_DISABLED: 'xvfb' }, { services }).disabled, {
      vnc: `it requires xvfb: ${REFUSED}`,
      wall: `it requires vnc: it requires xvfb: ${REFUSED}`,
      xvfb: REFUSED,
    });
    const absent = [vnc, shipped('xvfb')];
    assert.deepEqual(choose({}, { services: absent }).disabled, {
      vnc: 'it requires xvfb: xvfb is not installed',
      xvfb: 'xvfb is not installed',
    });
  });

  test('has to be a service that there is', () => {
    const { problems } = choose(
      {},
      { services: [image('web', { requires: ['bd'], after: ['x'] }), image('db')] },
    );
    assert.deepEqual(
      problems.map(({ what, seen, expected, fatal }) => [what, seen, expected, fatal]),
      [
        ['requires and after of service web', 'unknown service "bd"', 'perhaps db', true],
        ['requires and after of service web', 'unknown service "x"', 'one of db', true],
      ],
    );
  });

  test('and one with mistakes of its own is said to be there', () => {
    const { problems } = choose(
      {},
      { services: [image('web', { requires: ['db'] })], faulty: [image('db')] },
    );
    assert.deepEqual(
      problems.map(({ what, seen, expected }) => [what, seen, expected]),
      [['requires and after of service web', 'service "db" can’t be used', 'it to be mended']],
    );
  });

  test('is guessed at where its name is mistyped, also one with mistakes of its own', () => {
    const services = [image('web', { requires: ['dashbord'] }), image('api', { requires: ['web'] })];
    const { enabled, disabled, problems } = choose({}, { services, faulty: [image('dashboard')] });
    assert.deepEqual(
      problems.map(({ seen, expected }) => [seen, expected]),
      [['unknown service "dashbord"', 'perhaps dashboard']],
    );
    assert.deepEqual(
      [enabled, disabled],
      [
        [],
        {
          web: 'unknown service "dashbord"',
          api: 'it requires web: unknown service "dashbord"',
          dashboard: NO_X,
        },
      ],
    );
    const named = choose({ LINTEL_SERVICES: 'dashbord' }, { services: [], faulty: [image('dashboard')] });
    assert.match(named.problems[0]?.expected ?? '', /dashboard/);
  });

  test('keeps a service from running where it can’t be used itself, and is no reason to start others', () => {
    const services = [image('web', { requires: ['db'] }), shipped('disk', { when: {} })];
    const options = { services, faulty: [image('db', { requires: ['disk'] })] };
    const { enabled, disabled } = choose({ LINTEL_SERVICES: 'image' }, options);
    assert.deepEqual(enabled, []);
    assert.deepEqual(disabled, { web: `it requires db: ${NO_X}`, disk: NOT_NAMED, db: NO_X });
    assert.equal(choose({ LINTEL_SERVICES: 'disk' }, options).disabled['db'], NOT_NAMED);
  });

  test('is looked at in a service with mistakes of its own, too: all is said at once', () => {
    const services = [image('web', { after: ['ide'] })];
    const fatal = [image('ide', { requires: ['bd'], after: ['web'] })];
    const { disabled, problems } = choose({}, { services, fatal, faulty: [image('lab', { after: ['x'] })] });
    assert.deepEqual(
      problems.map(({ what, seen, fatal: isFatal }) => [what, seen, isFatal]),
      [
        ['requires and after of service web', 'service "ide" can’t be used', true],
        ['requires and after of service lab', 'unknown service "x"', false],
        ['requires and after of service ide', 'unknown service "bd"', true],
        ['requires and after of the services', 'a circle: web -> ide -> web', true],
      ],
    );
    assert.deepEqual(disabled, { web: 'service "ide" can’t be used', ide: NO_JSON, lab: NO_X });
  });

  test('and is nobody’s mistake in LINTEL_SERVICES', () => {
    const services = [image('web')];
    assert.deepEqual(choose({ LINTEL_SERVICES: 'web,db' }, { services, faulty: [image('db')] }).problems, []);
    assert.equal(choose({ LINTEL_SERVICES: 'web,db' }, { services }).problems[0]?.seen, '"db"');
  });

  test('names nothing where there is no other service', () => {
    const { problems } = choose({}, { services: [image('web', { requires: ['db'] })] });
    assert.deepEqual(
      problems.map(({ expected }) => expected),
      ['nothing: there is no other service'],
    );
  });

  test('may not wait for it in turn: the circle is shown', () => {
    const services = [
      image('a', { requires: ['b'] }),
      image('b', { after: ['c'] }),
      image('c', { requires: ['a'] }),
    ];
    const [problem] = choose({}, { services }).problems;
    assert.equal(problem?.seen, 'a circle: a -> b -> c -> a');
    assert.equal(problem?.fatal, true);
  });
});
