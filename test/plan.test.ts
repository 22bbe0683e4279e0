import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccountChange } from '../src/accounts/change.ts';
import { explain } from '../src/environment.ts';
import type { Problem } from '../src/errors.ts';
import type { Facts } from '../src/facts/facts.ts';
import type { Environment } from '../src/launch/environ.ts';
import { makePlan } from '../src/plan.ts';
import { parseSettings } from '../src/settings/settings.ts';
import {
  ADA,
  type Difference,
  makeConfig,
  makeDefinition,
  makeFacts,
  ONE_CERTIFICATE,
} from './facts-fixture.ts';

function plan(environment: Environment = {}, difference: Difference = {}, command: readonly string[] = []) {
  return makePlan({ ...parseSettings(environment), facts: makeFacts(difference), environment, command });
}

const CHANGE: AccountChange = {
  from: undefined,
  to: { name: 'ada', uid: 1000, gid: 1000, home: '/home/ada', shell: '/bin/bash' },
  newGroup: undefined,
  joinsGid: undefined,
  keptAs: undefined,
  isInPlace: false,
};
/** What every boot adds. */
const FOLDER = {
  LINTEL_RUNTIME_DIR: '/run/lintel',
  LINTEL_PASSWORD_FILE: '/run/lintel/secrets/password',
  LINTEL_VNC_PASSWORD_FILE: '/run/lintel/secrets/vnc-password',
};
const NO_GPU = { LINTEL_GPU: 'none', LINTEL_GPU_COUNT: '0' };
const RUNTIME = { ...FOLDER, ...NO_GPU };
const PROBLEM: Problem = { what: 'x', seen: 'y', expected: 'z', fatal: false };

describe('the plan', () => {
  test('gives scripts the settings that they read themselves as it understood them', () => {
    const given = {
      LINTEL_BIND: ' ::1 ',
      LINTEL_SSHD_PORT: '02222',
      LINTEL_AUTH: 'none',
      LINTEL_NOVNC_PORT: '',
    };
    const { environment } = plan(given);
    assert.deepEqual(environment, {
      ...RUNTIME,
      LINTEL_BIND: '::1',
      LINTEL_SSHD_PORT: '2222',
      LINTEL_PROBE_HOST: '[::1]',
    });
  });

  test('of an image without settings does next to nothing', () => {
    assert.deepEqual(plan({}, { configs: { r: [] } }), {
      user: ADA,
      accountChange: undefined,
      runtimeDir: '/run/lintel',
      files: [],
      environment: RUNTIME,
      layers: [
        { source: 'Lintel', set: FOLDER, unset: [] },
        { source: 'tool gpu', set: NO_GPU, unset: [] },
      ],
      notes: [],
      warnings: [],
      reduced: [],
      initScripts: [],
      finishScripts: [],
      services: [],
      usesS6: false,
      disabledServices: [],
      command: [],
      onInitFailure: 'stop',
      initTimeoutMs: undefined,
      shutdownTimeoutMs: 9000,
      finishScriptTimeoutMs: undefined,
      openFilesSoft: 1024,
      http: undefined,
      noNewPrivs: false,
      umask: undefined,
      problems: [],
    });
  });

  test('holds what every tool contributes, in the order of the list', () => {
    const made = plan(
      {
        PIP_REPOSITORY: 'https://pip.example/simple',
        CONDA_REPOSITORY: 'https://conda.example',
        R_REPOSITORY: 'https://cran.example',
      },
      { certificates: ONE_CERTIFICATE },
    );
    assert.deepEqual(
      made.files.map(({ path }) => path),
      [
        '/run/lintel/ca-bundle.pem',
        '/run/lintel/ca-extra.pem',
        '/etc/pip.conf',
        '/etc/uv/uv.toml',
        '/opt/conda/.condarc',
        '/etc/R/Rprofile.site',
        '/etc/gitconfig',
      ],
    );
    assert.deepEqual(made.environment, {
      ...RUNTIME,
      SSL_CERT_FILE: '/run/lintel/ca-bundle.pem',
      REQUESTS_CA_BUNDLE: '/run/lintel/ca-bundle.pem',
      CURL_CA_BUNDLE: '/run/lintel/ca-bundle.pem',
      AWS_CA_BUNDLE: '/run/lintel/ca-bundle.pem',
      RENV_CONFIG_REPOS_OVERRIDE: 'https://cran.example',
      GIT_SSL_CAINFO: '/run/lintel/ca-bundle.pem',
      NODE_EXTRA_CA_CERTS: '/run/lintel/ca-extra.pem',
    });
    assert.deepEqual(
      made.notes.map(({ tool }) => tool),
      ['ca', 'pip', 'uv', 'conda', 'r', 'node', 'git'],
    );
  });

  test('puts the words of S6_CMD_ARG0 before a CMD, evaluating nothing, and makes none of them', () => {
    const environment = { S6_CMD_ARG0: ' /usr/bin/wrap  "$HOME" -x ' };
    assert.deepEqual(plan(environment, {}, ['lab', 'a b']).command, [
      '/usr/bin/wrap',
      '"$HOME"',
      '-x',
      'lab',
      'a b',
    ]);
    assert.deepEqual(plan(environment).command, []);
  });

  test('names in one line what the image holds for other supervisors', () => {
    const leftOut = ['/etc/fix-attrs.d', '/etc/services.d/web/log'];
    assert.deepEqual(plan({}, { leftOut }).warnings, [
      'the image holds what Lintel does not run: /etc/fix-attrs.d, /etc/services.d/web/log; see docs/s6.md',
    ]);
  });

  test('names in one line what others may change of what root runs', () => {
    const foreignFiles = [
      { path: '/opt/onyxia-init.sh', who: 'uid 1000' },
      { path: '/usr/local', who: 'uid 1000' },
    ];
    assert.deepEqual(plan({}, { foreignFiles }).warnings, [
      'root runs what others may change (uid 1000): /opt/onyxia-init.sh, /usr/local; expected root’s own: let COPY --from=lintel / / be the image’s last layer',
    ]);
  });

  test('says that a stop never arrives', () => {
    const [warning] = plan({}, { process: { isPid1: false, deafPid1: 'sh' } }).warnings;
    assert.match(warning ?? '', /^PID 1 is sh, which keeps a stop to itself: .*write exec before its name$/);
  });

  test('names what can’t be started under no_new_privs for want of setpriv', () => {
    const web = makeDefinition('web', { noNewPrivs: true });
    const services = [web, makeDefinition('api')];
    const difference = { setpriv: undefined, services };
    const reduced = (environment: Environment, more: Partial<Facts> = {}) =>
      plan(environment, { ...difference, ...more }, ['true']).reduced;
    const NO_SETPRIV = 'not started, for want of setpriv: ';
    assert.deepEqual(reduced({}), [`${NO_SETPRIV}web`]);
    assert.deepEqual(reduced({ LINTEL_NO_NEW_PRIVS: '1' }), [`${NO_SETPRIV}web, api, the CMD`]);
    assert.deepEqual(reduced({}, { services: [makeDefinition('api')] }), []);
    assert.deepEqual(reduced({ LINTEL_NO_NEW_PRIVS: '1' }, { setpriv: '/usr/bin/setpriv' }), []);
  });

  test('says what services may miss: a home, a folder for temporary files', () => {
    const home = { uid: 1000, gid: 1000, mode: 0o40755, isMount: false, isReadOnly: true, isEmpty: false };
    const difference = { services: [makeDefinition('web')], home, runtimeDir: '/dev/shm/lintel-0' };
    const said = [
      'ada has no home to write to (/home/ada): programs that keep files there fail; expected a volume there',
      '/tmp can’t be written: programs that need a temporary folder fail; expected a tmpfs there',
    ];
    assert.deepEqual(plan({}, difference).warnings, said);
    assert.deepEqual(plan({ TMPDIR: '/data' }, difference).warnings, said.slice(0, 1));
    assert.deepEqual(plan({}, { ...difference, services: [] }, ['true']).warnings, []);
  });

  test('is data: JSON keeps it all, and twice the same is twice the same', () => {
    const environment = {
      PIP_REPOSITORY: 'https://pip.example/simple',
      LINTEL_INIT_TIMEOUT_MS: '5',
      S6_KILL_FINISH_MAXTIME: '5',
      NB_UMASK: '002',
      LINTEL_HTTP: '9180',
    };
    const difference = { services: [makeDefinition('web')], accountChange: CHANGE };
    const made = plan(environment, difference, ['python']);
    const keep = JSON.parse(JSON.stringify(made));
    assert.deepEqual(Object.keys(keep).sort(), Object.keys(made).sort());
    assert.deepEqual(plan(environment, difference, ['python']), made);
  });

  test('holds no secret in what it says', () => {
    const made = plan({
      PIP_REPOSITORY: 'https://user:hunter2@pip.example/simple',
      CONDA_REPOSITORY: 'https://user:hunter2@conda.example',
      R_REPOSITORY: 'https://user:hunter2@cran.example',
    });
    assert.doesNotMatch(JSON.stringify([made.notes, made.warnings, made.problems]), /hunter2/);
    for (const file of made.files)
      if (file.text?.includes('hunter2')) assert.deepEqual([file.mode, file.owner], [0o600, 'workbench']);
  });
});

describe('a variable that the container was given', () => {
  const facts = { certificates: ONE_CERTIFICATE };

  test('wins over a tool’s, and that is said', () => {
    const made = plan({ SSL_CERT_FILE: '/own.pem', GIT_SSL_CAINFO: '/own.pem' }, facts);
    assert.equal('SSL_CERT_FILE' in made.environment, false);
    assert.equal('GIT_SSL_CAINFO' in made.environment, false);
    assert.equal(made.environment['CURL_CA_BUNDLE'], '/run/lintel/ca-bundle.pem');
    assert.deepEqual(made.warnings, [
      'ca: SSL_CERT_FILE is already set in the container: left alone',
      'git: GIT_SSL_CAINFO is already set in the container: left alone',
    ]);
  });

  test('does not win when it is empty', () => {
    const made = plan({ SSL_CERT_FILE: '' }, facts);
    assert.equal(made.environment['SSL_CERT_FILE'], '/run/lintel/ca-bundle.pem');
    assert.deepEqual(made.warnings, []);
  });

  test('is no matter when it says the same', () => {
    assert.deepEqual(plan({ SSL_CERT_FILE: '/run/lintel/ca-bundle.pem' }, facts).warnings, []);
  });

  test('loses with LINTEL_ENFORCE=1', () => {
    const made = plan({ SSL_CERT_FILE: '/own.pem', LINTEL_ENFORCE: '1' }, facts);
    assert.equal(made.environment['SSL_CERT_FILE'], '/run/lintel/ca-bundle.pem');
    assert.deepEqual(made.warnings, []);
  });
});

test('a default of a tool’s is set where the container has none, and nothing is said where it has', () => {
  const environment = { AWS_REGION: 'r-1', AWS_DEFAULT_REGION: 'r-2' };
  const both = plan(environment);
  assert.deepEqual([both.environment['AWS_REGION'], both.warnings], [undefined, []]);
  assert.equal(plan({ AWS_REGION: 'r-1' }).environment['AWS_DEFAULT_REGION'], 'r-1');
});

describe('what a service exports', () => {
  const display = makeDefinition(
    'display',
    { exports: { DISPLAY: ':1', XAUTHORITY: '${LINTEL_RUNTIME_DIR}/cookie', DEPTH: '${DEPTH_WANTED:-24}' } },
    { origin: 'shipped' },
  );

  test('is everybody’s, and its name is known', () => {
    const { environment, layers } = plan({}, { services: [display] });
    assert.deepEqual(environment, {
      ...RUNTIME,
      DISPLAY: ':1',
      XAUTHORITY: '/run/lintel/cookie',
      DEPTH: '24',
    });
    assert.equal(explain(layers, 'DISPLAY')[0]?.source, 'service display');
  });

  test('loses to what the container has, and to a tool’s, but not to an empty variable', () => {
    const given = { DISPLAY: 'host:0', XAUTHORITY: '', DEPTH_WANTED: '$(id)', AWS_REGION: 'r-1' };
    const greedy = makeDefinition('greedy', {
      exports: { AWS_DEFAULT_REGION: 'r-2', HOME: '/', PATH: '/bin' },
    });
    const { environment } = plan({ ...given, PATH: '/usr/bin' }, { services: [display, greedy] });
    assert.deepEqual(
      ['DISPLAY', 'XAUTHORITY', 'DEPTH', 'AWS_DEFAULT_REGION', 'HOME', 'PATH'].map(name => environment[name]),
      [undefined, '/run/lintel/cookie', '$(id)', 'r-1', undefined, undefined],
    );
  });

  test('is filled once, from the variables of the workbench user', () => {
    const web = makeDefinition('web', { exports: { A: '${HOME}/${B}', B: '${A}' } });
    const { environment } = plan({ HOME: '/root' }, { services: [web] });
    assert.deepEqual([environment['A'], environment['B']], ['/home/ada/', '']);
  });

  test('loses to another service’s of the image where it is shipped', () => {
    const own = makeDefinition('a-vnc', { exports: { DISPLAY: ':2' } });
    const { environment, layers } = plan({}, { services: [own, display] });
    assert.equal(environment['DISPLAY'], ':2');
    assert.deepEqual(
      explain(layers, 'DISPLAY').map(({ source }) => source),
      ['service display', 'service a-vnc'],
    );
  });

  test('is nobody’s where the service does not run', () => {
    const { environment } = plan({}, { services: [display] }, ['python']);
    assert.equal('DISPLAY' in environment, false);
  });
});

describe('two writers of one path', () => {
  test('stop the boot, however it came about', () => {
    const same = makeConfig('/etc/shared.conf');
    const made = plan(
      { PIP_REPOSITORY: 'https://pip.example/simple' },
      { certificates: ONE_CERTIFICATE, configs: { pip: same, git: same } },
    );
    assert.deepEqual(made.problems, [
      {
        what: '/etc/shared.conf',
        seen: 'written by pip and by git',
        expected: 'one writer of a file',
        fatal: true,
      },
    ]);
  });
});

describe('scripts', () => {
  const good = {
    name: '10-good',
    path: '/etc/cont-init.d/10-good',
    skipped: undefined,
    interpreter: undefined,
  };
  const bad = {
    name: '20-bad',
    path: '/etc/cont-init.d/20-bad',
    skipped: 'it is not executable (chmod +x)',
    interpreter: undefined,
  };
  const end = {
    name: '90-end',
    path: '/etc/cont-finish.d/90-end',
    skipped: 'it is a link to nothing',
    interpreter: undefined,
  };

  test('that can’t run are named and left out', () => {
    const made = plan({}, { initScripts: [good, bad], finishScripts: [end] });
    assert.deepEqual(made.initScripts, [{ name: '10-good', path: '/etc/cont-init.d/10-good' }]);
    assert.deepEqual(made.finishScripts, []);
    assert.deepEqual(made.warnings, [
      'script /etc/cont-init.d/20-bad is skipped: it is not executable (chmod +x)',
      'script /etc/cont-finish.d/90-end is skipped: it is a link to nothing',
    ]);
    assert.deepEqual(made.problems, []);
  });

  for (const [environment, onInitFailure] of [
    [{}, 'stop'],
    [{ LINTEL_ON_INIT_FAILURE: 'warn' }, 'warn'],
    [{ LINTEL_ON_INIT_FAILURE: 'continue' }, 'continue'],
    [{ S6_BEHAVIOUR_IF_STAGE2_FAILS: '2' }, 'stop'],
    [{ S6_BEHAVIOUR_IF_STAGE2_FAILS: '1' }, 'warn'],
    [{ S6_BEHAVIOUR_IF_STAGE2_FAILS: '0' }, 'continue'],
    [{ LINTEL_ON_INIT_FAILURE: 'stop', S6_BEHAVIOUR_IF_STAGE2_FAILS: '0' }, 'stop'],
    [{ LINTEL_ON_INIT_FAILURE: '', S6_BEHAVIOUR_IF_STAGE2_FAILS: '0' }, 'continue'],
  ] as const) {
    test(`that fail ${onInitFailure} the boot with ${JSON.stringify(environment)}`, () =>
      assert.equal(plan(environment).onInitFailure, onInitFailure));
  }
});

describe('limits', () => {
  for (const [environment, shutdownTimeoutMs] of [
    [{}, 9000],
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 27_000],
    [{ KUBERNETES_SERVICE_HOST: '' }, 9000],
    [{ S6_SERVICES_GRACETIME: '3000' }, 9000],
    [{ S6_SERVICES_GRACETIME: '30000' }, 34_000],
    [{ S6_SERVICES_GRACETIME: '30000', LINTEL_SHUTDOWN_TIMEOUT_MS: '100' }, 100],
    [{ LINTEL_SHUTDOWN_TIMEOUT_MS: '1', KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 1],
  ] as const) {
    test(`a stop may take ${shutdownTimeoutMs} ms with ${JSON.stringify(environment)}`, () =>
      assert.equal(plan(environment).shutdownTimeoutMs, shutdownTimeoutMs));
  }

  for (const [environment, openFiles, openFilesSoft] of [
    [{}, { soft: 1024, hard: 4096 }, 1024],
    [{ LINTEL_NOFILE: '2048' }, { soft: 1024, hard: 4096 }, 2048],
    [{ LINTEL_NOFILE: '8192' }, { soft: 1024, hard: 4096 }, 4096],
    [{ LINTEL_NOFILE: '8192' }, { soft: 1024, hard: Number.POSITIVE_INFINITY }, 8192],
  ] as const) {
    test(`${openFilesSoft} files may be open with ${JSON.stringify({ environment, openFiles })}`, () =>
      assert.equal(plan(environment, { process: { openFiles } }).openFilesSoft, openFilesSoft));
  }

  test('scripts have no limit of time unless one is set', () => {
    assert.equal(plan({ LINTEL_INIT_TIMEOUT_MS: '5000' }).initTimeoutMs, 5000);
  });

  test('privileges are kept unless they are given up', () => {
    assert.equal(plan({ LINTEL_NO_NEW_PRIVS: '1' }).noNewPrivs, true);
    assert.equal(plan({ LINTEL_NO_NEW_PRIVS: '0' }).noNewPrivs, false);
  });
});

describe('a service runs as', () => {
  const asRoot = { process: {} };
  const asAda = { process: { uid: 1000, gid: 1000, groups: [], canSwitchUser: false } };
  const asPoorRoot = {
    process: { canSwitchUser: false },
    workbench: { user: { ...ADA, uid: 0 }, problems: [], warnings: [] },
  };

  for (const [what, json, environment, difference, uid] of [
    ['the workbench user', {}, {}, asRoot, 1000],
    ['root where it says so', { user: 'root' }, {}, asRoot, 0],
    ['root where the operator says so', {}, { LINTEL_SERVICE_USER: 'root' }, asRoot, 0],
    ['the workbench user where the operator says so', {}, { LINTEL_SERVICE_USER: 'workbench' }, asRoot, 1000],
    ['somebody else where it says so', { user: '2000:3000' }, {}, asRoot, 2000],
    [
      'its own user where the operator says root',
      { user: 'ada' },
      { LINTEL_SERVICE_USER: 'root' },
      asRoot,
      1000,
    ],
    ['whoever started everything, started as non-root', { user: 'root' }, {}, asAda, 1000],
    [
      'whoever started everything, whatever the operator says',
      {},
      { LINTEL_SERVICE_USER: 'root' },
      asAda,
      1000,
    ],
    ['root, started as root that can’t switch users', { user: 'ada' }, {}, asPoorRoot, 0],
  ] as const) {
    test(what, () => {
      const { services, problems } = plan(environment, {
        ...difference,
        services: [makeDefinition('web', json)],
      });
      assert.deepEqual([services[0]?.user.uid, problems], [uid, []]);
    });
  }

  for (const [what, environment, difference, uid] of [
    ['Lintel’s own user', {}, asRoot, 0],
    ['the workbench user, if the operator says so', { LINTEL_SERVICE_USER: 'workbench' }, asRoot, 1000],
    ['whoever started everything', {}, asAda, 1000],
  ] as const) {
    test(`${what}, with a run written for s6`, () => {
      const services = [{ ...makeDefinition('web'), runsAsSelf: true }];
      assert.equal(plan(environment, { ...difference, services }).services[0]?.user.uid, uid);
    });
  }

  test('nobody unknown: that stops the boot', () => {
    const services = [makeDefinition('web', { user: 'nobody-of-that-name' }), makeDefinition('api')];
    const made = plan({}, { services });
    assert.deepEqual(
      made.services.map(({ definition }) => definition.name),
      ['api'],
    );
    assert.deepEqual(made.problems, [
      {
        what: 'user of service web',
        seen: '"nobody-of-that-name"',
        expected: 'the name of a user in /etc/passwd, a uid or uid:gid',
        fatal: true,
      },
    ]);
  });

  test('nobody unknown that it does not run at all: that stops nothing', () => {
    const services = [makeDefinition('web', { user: 'nobody-of-that-name', when: { env: 'NEVER' } })];
    assert.deepEqual(plan({}, { services }).problems, []);
  });
});

describe('problems', () => {
  test('of settings, facts and services come all at once', () => {
    const made = plan(
      { LINTEL_LOG_FORMAT: 'xml', LINTEL_SERVICES: 'missing' },
      { problems: [PROBLEM], services: [makeDefinition('web')] },
    );
    assert.deepEqual(
      made.problems.map(({ what }) => what),
      ['LINTEL_LOG_FORMAT', 'x', 'LINTEL_SERVICES'],
    );
  });

  test('says what LINTEL_AUTH=none opens, of the shipped services that run', () => {
    const services = [
      makeDefinition('jupyter', {}, { origin: 'shipped' }),
      makeDefinition('sshd', {}, { origin: 'shipped' }),
      makeDefinition('x11vnc', {}, { origin: 'shipped' }),
      makeDefinition('rstudio', {}, { origin: 'image' }),
    ];
    const warnings = (environment: Environment) => plan(environment, { services }).warnings;
    assert.deepEqual(warnings({ LINTEL_AUTH: 'none' }), [
      'LINTEL_AUTH=none: jupyter, x11vnc let in whoever reaches their port, without a password',
    ]);
    assert.deepEqual(warnings({ LINTEL_AUTH: 'none', LINTEL_SERVICES: 'sshd' }), []);
    assert.deepEqual(warnings({ LINTEL_AUTH: 'password' }), []);
  });
});
