import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { CommandResult } from '../../src/commands/command.ts';
import { type Accepted, type Flag, parseFlags } from '../../src/commands/flags.ts';
import { COMMANDS, GROUPS, runCommand } from '../../src/commands/list.ts';
import type { Environment } from '../../src/launch/environ.ts';
import type { Plan } from '../../src/plan.ts';
import type { Variable } from '../../src/settings/variable.ts';
import { TOPICS, VARIABLES } from '../../src/settings/variables.ts';
import { type Entry, type Folder, makeFolder, script } from '../facts/folder.ts';

type Context = Parameters<typeof makeFolder>[0];

/** A machine with two services, two scripts and somebody to work on it. */
const MACHINE: Readonly<Record<string, Entry>> = {
  'etc/passwd': 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/bash\n',
  'etc/cont-init.d/10-good': script(),
  'etc/cont-init.d/20-bad': 'no x bit',
  'etc/services.d/web/service.json': '{"command": ["web", "--port", "80"]}',
  'etc/services.d/late/run': script(),
  'etc/services.d/late/service.json': '{"when": {"env": "NEVER"}}',
  run: 'a folder',
};

async function run(
  root: Folder,
  [name = '', ...args]: readonly string[],
  environment: Environment = {},
  columns?: number,
): Promise<CommandResult> {
  const origin = {
    environment: { PATH: '/nowhere', LINTEL_ROOT: root.path, ...environment },
    notUtf8: [],
    openFilesSoft: 1024,
  };
  const terminal = { isTerminal: columns !== undefined, hasColours: false, columns, rows: undefined };
  const write = async () => assert.fail('only commands that go on write by themselves');
  return runCommand(name, args, { origin, cacheUse: 'used', terminal, write });
}

const machine = (t: Context, entries: Readonly<Record<string, Entry>> = {}) =>
  makeFolder(t, { ...MACHINE, ...entries });

describe('lintel plan', () => {
  test('says in plain words what a boot would do', async t => {
    const root = machine(t);
    const environment = { PIP_REPOSITORY: 'https://mirror.example/simple' };
    const { user } = JSON.parse((await run(root, ['plan', '--json'], environment)).text) as Plan;
    const { text, exitCode } = await run(root, ['plan', '--', 'python', '-m', 'x'], environment);
    assert.equal(exitCode, 0);
    assert.equal(
      text.replaceAll(root.path, ''),
      `Warnings
  ${user.name} has no home to write to (${user.home}): programs that keep files there fail; expected a volume there
  script /etc/cont-init.d/20-bad is skipped: it is not executable (chmod +x)

Workbench user
  ${user.name} (uid ${user.uid}, gid ${user.gid}, home ${user.home})

Tools
  pip: index https://mirror.example/simple (/etc/pip.conf)
  uv: default index https://mirror.example/simple (/etc/uv/uv.toml)

Files
  /etc/pip.conf (122 bytes, mode 644, Lintel's)
  /etc/uv/uv.toml (134 bytes, mode 644, Lintel's)

Variables added
  LINTEL_RUNTIME_DIR=/run/lintel (Lintel)
  LINTEL_PASSWORD_FILE=/run/lintel/secrets/password (Lintel)
  LINTEL_VNC_PASSWORD_FILE=/run/lintel/secrets/vnc-password (Lintel)
  LINTEL_GPU=none (tool gpu)
  LINTEL_GPU_COUNT=0 (tool gpu)

Scripts
  /etc/cont-init.d/10-good

Services
  web as ${user.name}: web --port 80

Services not started
  late: NEVER is not set

CMD
  python -m x
`,
    );
  });

  test('lists who runs, who does only when asked, and who can’t', async t => {
    const root = machine(t, {
      'etc/services.d/spare/run': script(),
      'etc/services.d/spare/down': '',
      'etc/services.d/web/service.json': '{"restrat": "never", "requires": ["spar"]}',
      'etc/services.d/lab/run/file': '',
    });
    const { text, exitCode } = await run(root, ['plan']);
    const at = (path: string) => `${root.path}/etc/services.d/${path}`;
    assert.equal(exitCode, 1);
    assert.ok(
      text.startsWith(`Problems
  Cannot use ${at('lab/run')}: it is a directory, not a file, expected an executable script or program
  Cannot use ${at('web/service.json')}: unknown field "restrat", expected perhaps "restart"
  Cannot use ${at('web')}: neither "run" nor a "command" in service.json, expected one of them
  Cannot use requires and after of service web: unknown service "spar", expected perhaps spare
`),
      text,
    );
    assert.match(text, /^Services\n {2}spare as \S+: \S+\/run \(down until lintel start: .+\)\n\n/m);
    assert.ok(
      text.includes(`Services not started
  late: NEVER is not set
  lab: ${at('lab/run')}: it is a directory, not a file
  web: ${at('web/service.json')}: unknown field "restrat"
`),
      text,
    );
  });

  test('names what takes time, by its moment, and who may change the plan', async t => {
    const root = machine(t, { 'usr/local/bin/start-notebook.d/10-a.sh': '' });
    const environment = {
      REGION_INIT_SCRIPT: 'https://platform.example/init.sh',
      VAULT_RELATIVE_PATH: 'tables',
      GIT_REPOSITORY: 'https://git.example/a/b.git',
      PERSONAL_INIT_SCRIPT: 'https://ada.example/mine.sh',
    };
    const { text } = await run(root, ['plan'], environment);
    assert.match(
      text,
      /^Steps\n {2}first, and what they bring may change this plan: region-script, vault\n {2}after the scripts: start-notebook\.d, clone, personal-script, before-notebook\.d\n\n/m,
    );
    const { steps } = JSON.parse((await run(root, ['plan', '--json'], environment)).text);
    assert.deepEqual(steps, {
      beforePlan: ['region-script', 'vault'],
      besideScripts: [],
      forServices: ['password'],
      afterScripts: ['start-notebook.d', 'clone', 'personal-script', 'before-notebook.d'],
    });
  });

  test('does not say how long a secret is', async t => {
    const { text } = await run(machine(t), ['plan'], {
      GIT_REPOSITORY: 'https://git.example/a/b.git',
      GIT_PERSONAL_ACCESS_TOKEN: 'abc',
    });
    assert.match(text, /\/secrets\/git-credential \(secret, mode 600, the workbench user's\)\n/);
  });

  test('says it as data too', async t => {
    const root = machine(t);
    const { text, exitCode } = await run(root, ['plan', '--json', '--', 'python'], { LINTEL_NOFILE: '2048' });
    assert.equal(exitCode, 0);
    const plan = JSON.parse(text) as Plan;
    assert.deepEqual(
      [plan.command, plan.openFilesSoft, plan.initScripts.map(({ name }) => name)],
      [['python'], 2048, ['10-good']],
    );
  });

  test('changes nothing', async t => {
    const root = machine(t);
    const list = () =>
      readdirSync(root.path, { recursive: true, withFileTypes: true }).map(entry => {
        const path = `${entry.parentPath}/${entry.name}`;
        return [path, lstatSync(path).mtimeMs, lstatSync(path).ctimeMs];
      });
    const before = list();
    await run(root, ['plan'], { PIP_REPOSITORY: 'https://mirror.example/simple' });
    assert.deepEqual(list(), before);
  });

  test('ends with 1, all problems said, when a boot would refuse to start', async t => {
    const environment = { LINTEL_LOG_FORMAT: 'xml', PIP_REPOSITORY: 'mirror', LINTEL_SERVICES: 'missing' };
    const { text, exitCode } = await run(machine(t), ['plan'], environment);
    assert.equal(exitCode, 1);
    assert.equal(
      text.split('\n\n')[0],
      `Problems
  Cannot use PIP_REPOSITORY: "mirror", expected an http or https URL
  Cannot use LINTEL_LOG_FORMAT: "xml", expected text, json
  Cannot use LINTEL_SERVICES: "missing", expected one of auto, image, none, late, web, or a pattern`,
    );
  });

  test('ends with 0 when a boot would go on', async t => {
    assert.equal((await run(machine(t), ['plan'], { PIP_REPOSITORY: 'mirror' })).exitCode, 0);
  });

  test('reads the image’s defaults', async t => {
    const root = machine(t, { 'etc/lintel/lintel.env': 'LINTEL_SERVICES_DISABLED=web\n' });
    assert.match((await run(root, ['plan'])).text, /^ {2}web: LINTEL_SERVICES_DISABLED names it$/m);
  });
});

describe('lintel facts', () => {
  test('says in plain words what is there', async t => {
    const root = machine(t, { 'etc/pip.conf': '[global]\n' });
    const { text, exitCode } = await run(root, ['facts']);
    assert.equal(exitCode, 0);
    const rows = new Map(text.split('\n').map(line => [line.slice(0, 15).trim(), line.slice(17)]));
    assert.equal(rows.get('configuration'), root.at('etc/pip.conf'));
    assert.equal(rows.get('scripts'), '10-good, 20-bad');
    assert.equal(rows.get('services'), 'late (image), web (image)');
    assert.equal(rows.get('runtime folder'), root.at('run/lintel'));
    assert.match(rows.get('open files') ?? '', /^1024 of \d+$/);
  });

  test('names the runtime folder of the Lintel that it is called below', async t => {
    const root = machine(t, { 'tmp/lintel-1000': 'a folder' });
    const environment = { LINTEL_RUNTIME_DIR: root.at('tmp/lintel-1000'), XDG_RUNTIME_DIR: root.path };
    assert.match((await run(root, ['facts'], environment)).text, /^runtime folder .*\/tmp\/lintel-1000$/m);
    const { runtimeDir } = JSON.parse((await run(root, ['plan', '--json'], environment)).text) as Plan;
    assert.equal(runtimeDir, root.at('tmp/lintel-1000'));
  });

  test('names a file once that two look at', async t => {
    const root = machine(t, { 'etc/conda/.condarc': 'channels: [a]\n' });
    const { text } = await run(root, ['facts']);
    assert.equal(text.split(root.at('etc/conda/.condarc')).length, 2);
  });

  test('says it as data too, with a file’s place and length for its text', async t => {
    const root = machine(t, { 'etc/pip.conf': '[global]\npassword = hunter2\n' });
    const { text } = await run(root, ['facts', '--json']);
    assert.doesNotMatch(text, /hunter2/);
    const { configs } = JSON.parse(text) as { configs: { pip: unknown } };
    assert.deepEqual(configs.pip, {
      path: root.at('etc/pip.conf'),
      text: '28 characters',
      isPrivate: false,
      isWritable: true,
      owner: 'lintel',
    });
  });
});

describe('what is printed may end in a ticket: no credentials', () => {
  const secret = (host: string) => `https://user:hunter2@${host}.example/simple`;
  const environment = {
    PIP_REPOSITORY: secret('pip'),
    CONDA_REPOSITORY: `conda-forge,${secret('conda')}`,
    R_REPOSITORY: secret('cran'),
    PATH_TO_CA_BUNDLE: '/nowhere/ca.pem',
  };
  const entries = {
    'etc/R/Rprofile.site': '',
    'etc/pip.conf': `[global]\nextra-index-url = ${secret('extra')}\n`,
    'etc/services.d/web/service.json': JSON.stringify({
      command: ['web'],
      env: { MIRROR: secret('service') },
    }),
  };
  for (const args of [['plan'], ['plan', '--json'], ['facts'], ['facts', '--json']]) {
    test(`in lintel ${args.join(' ')}`, async t => {
      const lines = (await run(machine(t, entries), args, environment)).text.split('\n');
      assert.deepEqual(
        lines.filter(line => line.includes('hunter2')),
        [],
      );
    });
  }

  test('of malformed settings either', async t => {
    const malformed = {
      PIP_REPOSITORY: 'ftp://user:hunter2@pip.example',
      CONDA_REPOSITORY: `${secret('a')},ftp://user:hunter2@b.example`,
    };
    assert.doesNotMatch((await run(machine(t), ['plan'], malformed)).text, /hunter2/);
  });

  test('with odd characters either', async t => {
    const odd = { PIP_REPOSITORY: "https://user:hunter2,it's@pip.example/simple" };
    for (const args of [['plan'], ['plan', '--json']]) {
      const lines = (await run(machine(t), args, odd)).text.split('\n');
      assert.deepEqual(
        lines.filter(line => /hunter2|it's/.test(line)),
        [],
      );
    }
  });
});

describe('lintel version', () => {
  test('says which', async t => {
    assert.deepEqual(await run(machine(t), ['version']), { text: 'lintel development\n', exitCode: 0 });
  });

  test('says how this very start went', async t => {
    const about = JSON.parse((await run(machine(t), ['version', '--json'])).text) as Record<string, unknown>;
    assert.deepEqual(about, {
      version: 'development',
      node: process.version,
      arch: process.arch,
      codeCache: 'used',
      ffi: 'available',
    });
  });
});

describe('lintel help', () => {
  const columnsOf = (text: string) => Math.max(...text.split('\n').map(line => [...line].length));

  test('names every subcommand by what it is for, and where more is said', async t => {
    const { text, exitCode } = await run(machine(t), ['help']);
    assert.equal(exitCode, 0);
    for (const { name, summary } of COMMANDS) {
      const line = text.split('\n').find(candidate => candidate.startsWith(`  ${name} `));
      assert.equal(line?.endsWith(`  ${summary}`), true, name);
    }
    assert.deepEqual(
      text.match(/^\S.*:$/gm),
      GROUPS.map(([title]) => `${title}:`),
    );
    assert.match(text, /lintel help variables/);
  });

  test('with "variables" names every variable, by topic', async t => {
    const { text } = await run(machine(t), ['help', 'variables']);
    const flat = text.replaceAll(/\n {6}/g, ' ');
    for (const { names, doc } of Object.values<Variable<unknown>>(VARIABLES))
      assert.ok(flat.includes(`\n  ${names.join(', ')} ${doc}\n`), doc);
    for (const topic of Object.keys(TOPICS)) assert.ok(text.includes(`${topic}:\n`), topic);
  });

  test('tells of one variable what it does, what is expected, and where a secret may stand', async t => {
    const { text } = await run(machine(t), ['help', 'GIT_PERSONAL_ACCESS_TOKEN']);
    const { doc } = VARIABLES.gitToken;
    assert.ok(text.replaceAll('\n', ' ').startsWith(`GIT_PERSONAL_ACCESS_TOKEN  ${doc}`), text);
    assert.match(text, /^ {2}expected {6}\S/m);
    assert.match(text, /GIT_PERSONAL_ACCESS_TOKEN_FILE may\s+name a file/);
    assert.match((await run(machine(t), ['help', 'http_proxy'])).text, /^HTTP_PROXY, http_proxy\n/);
    assert.match((await run(machine(t), ['help', 'LINTEL_HTTP'])).text, /the boot stops, with exit code 2/);
  });

  for (const [name, expected] of [
    ['PIP_REPOSTORY', 'perhaps PIP_REPOSITORY'],
    ['pip_repository', 'perhaps PIP_REPOSITORY'],
    ['CONDA_REPO', 'perhaps CONDA_REPOSITORY'],
    ['statsu', 'perhaps status'],
    ['variable', 'perhaps variables'],
    ['E', 'a command, a variable or "variables"'],
    ['nothing-like-it', 'a command, a variable or "variables"'],
  ] as const) {
    test(`that is asked for what there is not says what is meant: ${name}`, async t => {
      const message = `Cannot help with "${name}": no such command or variable, expected ${expected}`;
      await assert.rejects(run(machine(t), ['help', name]), { message, exitCode: 2 });
    });
  }

  test('is as wide as the terminal, and no wider than is easy to read', async t => {
    const root = machine(t);
    for (const args of [
      ['help'],
      ['help', 'variables'],
      ['help', 'status'],
      ['help', 'PASSWORD'],
      ['run', '-h'],
    ]) {
      const widths: number[] = [];
      for (const columns of [undefined, 40, 60, 80, 200])
        widths.push(columnsOf((await run(root, args, {}, columns)).text));
      assert.equal(widths[0], widths[3], 'a pipe is as wide as a usual terminal');
      for (const [index, most] of [80, 40, 60, 80, 100].entries()) {
        // A name may be wider than the narrowest terminal.
        const width = widths[index] ?? 0;
        assert.ok(
          width <= most || (most === 40 && width <= 50),
          `lintel ${args.join(' ')}: ${width} of ${most}`,
        );
      }
    }
  });

  test('says the same as data', async t => {
    const root = machine(t);
    const look = async (...names: string[]) =>
      JSON.parse((await run(root, ['help', '--json', ...names])).text);
    const { commands } = await look();
    assert.deepEqual(
      commands.map(({ name }: { name: string }) => name),
      COMMANDS.map(({ name }) => name),
    );
    assert.deepEqual(Object.keys(commands[0]), [
      'name',
      'summary',
      'usage',
      'details',
      'options',
      'examples',
    ]);
    assert.deepEqual((await look('status')).commands, [commands[0]]);
    assert.equal((await look('variables')).variables.length, Object.keys(VARIABLES).length);
    assert.deepEqual(await look('NPM_REPOSITORY'), {
      variables: [
        {
          names: ['NPM_REPOSITORY'],
          topic: 'Package mirrors',
          doc: VARIABLES.npmRepository.doc,
          expected: 'an http or https URL',
          isSecret: false,
          stopsBoot: false,
        },
      ],
    });
  });
});

describe('a subcommand', () => {
  for (const args of [
    ['plan', '--jsn'],
    ['plan', 'python'],
    ['facts', '--json', 'x'],
    ['version', '-v'],
    ['help', 'plan', 'facts'],
    ['status', '--jsno'],
    ['shutdown', '1', '2'],
  ]) {
    test(`refuses what it does not know, with exit code 2: ${args.join(' ')}`, async t => {
      const root = machine(t);
      await assert.rejects(run(root, args), {
        name: 'Error',
        exitCode: 2,
        message: /^Cannot use argument "/,
      });
    });
  }

  for (const [name, meant] of [
    ['restrat', 'perhaps "restart"'],
    ['strat', 'perhaps "start"'],
    ['stpo', 'perhaps "stop"'],
    ['log', 'perhaps "logs"'],
    ['helth', 'perhaps "health"'],
    ['reboot', `one of ${COMMANDS.map(command => command.name).join(', ')}`],
  ] as const) {
    test(`that is unknown is taken for the nearest: ${name}`, async t => {
      const message = `Cannot run "lintel ${name}": no such subcommand, expected ${meant}`;
      await assert.rejects(run(machine(t), [name]), { message, exitCode: 2 });
    });
  }

  for (const { name, summary, flags, examples, operands } of COMMANDS) {
    test(`lintel ${name} has a help of its own, by three ways`, async t => {
      const root = machine(t);
      const { text, exitCode } = await run(root, ['help', name]);
      assert.equal(exitCode, 0);
      for (const args of [
        [name, '--help'],
        [name, 'x', '-h', '--what'],
      ])
        assert.equal((await run(root, args)).text, text);
      assert.equal(text.split('\n')[0]?.toLowerCase(), `${summary.toLowerCase()}.`);
      assert.match(text, new RegExp(`^Usage: lintel ${name}`, 'm'));
      const flat = text.replaceAll(/\s+/g, ' ');
      for (const flag of flags)
        assert.ok(
          flat.includes(`${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`} ${flag.doc}`),
        );
      assert.ok(examples.length >= 2);
      for (const { line, does } of examples) {
        assert.ok(text.includes(`  ${line}`) && flat.includes(`${line} ${does}`), line);
        const [program, own, ...args] = line.split(' ');
        assert.deepEqual([program, own], ['lintel', name]);
        parseFlags(args, operands === undefined ? { flags } : { flags, operands });
      }
    });
  }

  test('behind -- asks for no help', async t => {
    const plan = JSON.parse(
      (await run(machine(t), ['plan', '--json', '--', 'python', '--help'])).text,
    ) as Plan;
    assert.deepEqual(plan.command, ['python', '--help']);
  });

  test('has the same shape as every other, under a name of its own', () => {
    const names = COMMANDS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const { name, summary } of COMMANDS) {
      assert.match(name, /^[a-z]+$/);
      assert.match(summary, /^[a-z].*[^.]$/);
    }
  });
});

describe('flags', () => {
  const accepted: Accepted = {
    flags: [
      { name: '--json', doc: '' },
      { name: '--follow', short: '-f', doc: '' },
      { name: '--lines', short: '-n', value: 'N', doc: '' },
    ],
    operands: { usage: '[NAME…]' },
  };
  const parse = (...args: readonly string[]) => {
    const given = parseFlags(args, accepted);
    const flags = accepted.flags.filter(({ name }) => given.has(name)).map(({ name }: Flag) => name);
    return { flags, lines: given.value('--lines'), operands: given.operands };
  };

  for (const [args, flags, lines, operands] of [
    [[], [], undefined, []],
    [['--follow', '--json'], ['--json', '--follow'], undefined, []],
    [['web', '-f', 'db'], ['--follow'], undefined, ['web', 'db']],
    [['-n5'], ['--lines'], '5', []],
    [['-n', '5', 'web'], ['--lines'], '5', ['web']],
    [['-fn5'], ['--follow', '--lines'], '5', []],
    [['-fn', '5'], ['--follow', '--lines'], '5', []],
    [['--lines=5'], ['--lines'], '5', []],
    [['--lines='], ['--lines'], '', []],
    [['--lines', '5', '--lines', '6'], ['--lines'], '6', []],
    [['--lines', '--json'], ['--lines'], '--json', []],
    [['-'], [], undefined, ['-']],
    [['web', '--', '--json', '-x'], [], undefined, ['web', '--json', '-x']],
  ] as const) {
    test(`are understood: ${args.join(' ') || 'none'}`, () =>
      assert.deepEqual(parse(...args), { flags, lines, operands }));
  }

  for (const [args, message] of [
    [['--jsn'], 'Cannot use argument "--jsn", expected perhaps --json'],
    [['--jsno'], 'Cannot use argument "--jsno", expected perhaps --json'],
    [['--colour'], 'Cannot use argument "--colour", expected --json or --follow or --lines or --help'],
    [['--json=1'], 'Cannot use argument "--json=1": --json takes no value'],
    [['-x'], 'Cannot use argument "-x", expected --json or --follow or --lines or --help'],
    [['-fx'], 'Cannot use argument "-fx", expected --json or --follow or --lines or --help'],
    [['--lines'], 'Cannot use --lines: nothing follows it, expected N'],
    [['-n'], 'Cannot use --lines: nothing follows it, expected N'],
  ] as const) {
    test(`are refused with what was meant: ${args.join(' ')}`, () =>
      assert.throws(() => parse(...args), { message, exitCode: 2 }));
  }

  test('leave as many operands as the command takes', () => {
    const one = { flags: [], operands: { usage: 'NAME', atLeast: 1, atMost: 1 } };
    assert.deepEqual(parseFlags(['a'], one).operands, ['a']);
    assert.throws(() => parseFlags([], one), { message: /expected NAME$/, exitCode: 2 });
    assert.throws(() => parseFlags(['a', 'b'], one), {
      message: 'Cannot use argument "b", expected none',
      exitCode: 2,
    });
    assert.throws(() => parseFlags(['x'], { flags: [] }), {
      message: 'Cannot use argument "x", expected none',
    });
  });
});
