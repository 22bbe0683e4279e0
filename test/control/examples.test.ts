import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { COMMANDS } from '../../src/commands/list.ts';
import { makeImage } from '../check/image.ts';
import { type End, NEEDS_PYTHON } from '../rig.ts';
import { bootWorkbench, LASTING, WAIT, type Workbench } from './workbench.ts';

/** What the examples speak of. */
const SERVICES = {
  '/etc/services.d/jupyter/run': LASTING,
  '/etc/services.d/dashboard/run': LASTING,
  '/etc/services.d/dashboard/service.json': '{"requires": ["jupyter"]}',
};
/** What the examples call an image's folder and files of the caller's, and where those are here. */
const PLACES: Readonly<Record<string, (t: TestContext, workbench: Workbench) => string>> = {
  '/mnt/image': t => makeImage(t).path,
  'boot.json': (_, { root }) => root.at('/run/lintel/boot.json'),
  'boot.svg': (_, { root }) => root.at('/tmp/boot.svg'),
};
const LIMIT_MS = 60_000;

interface Expected {
  /** 0 when not said. */
  readonly code?: number;
  /** What it prints is as its text promises. */
  readonly says: RegExp;
  /** It changes the workbench: it gets one of its own. */
  readonly changes?: true;
  /** It goes on until Ctrl-C. */
  readonly goesOn?: true;
  /** What has come true besides. */
  readonly afterwards?: (workbench: Workbench) => Promise<void>;
}

const isState = (name: string, state: string) => async (workbench: Workbench) => {
  const { stdout } = await workbench.run(['status', name]);
  assert.match(stdout, new RegExp(`^${name} +${state}`, 'm'));
};
const endsWith = (code: number) => async (workbench: Workbench) =>
  assert.equal((await workbench.lintel.end()).code, code);

/** Every example stands here: a new one is not true before somebody has said how one sees it. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  'lintel status': { says: /^NAME .*\ndashboard +ready +yes .*\njupyter +ready +yes /m },
  'lintel status --json jupyter': {
    says: /"services": \[\n {4}\{\n {6}"name": "jupyter",[^[]*"state": "up"/,
  },
  'lintel status --watch': { says: /^jupyter +ready +yes /m, goesOn: true },
  'lintel logs -n 20 jupyter': { says: /^jupyter \| jupyter runs\n$/ },
  'lintel logs -f': { says: /^jupyter \| jupyter runs\n/m, goesOn: true },
  'lintel ready': { says: /^ready\n$/ },
  'lintel ready --timeout 10s': { says: /^ready\n$/ },
  'lintel health': { says: /^healthy\n$/ },
  'lintel health --json': { says: /"isHealthy":true/ },
  'lintel start jupyter': { says: /^jupyter: ready, pid \d+\n$/ },
  'lintel start jupyter --wait --timeout 2m': { says: /^jupyter: ready, pid \d+\n$/ },
  'lintel stop jupyter': { says: /^jupyter: \w+/, changes: true },
  'lintel stop jupyter dashboard --wait': {
    says: /^dashboard: down\njupyter: down\n$/,
    changes: true,
    afterwards: isState('jupyter', 'down'),
  },
  'lintel restart jupyter': { says: /^jupyter: \w+/, changes: true },
  'lintel restart dashboard --with-dependents --wait': {
    says: /^dashboard: ready, pid \d+\n$/,
    changes: true,
    afterwards: isState('dashboard', 'ready +yes +\\d+ +\\S+ +1$'),
  },
  'lintel shutdown': {
    says: /^the workbench stops: asked to stop by lintel shutdown\n$/,
    changes: true,
    afterwards: endsWith(0),
  },
  'lintel shutdown 3': { says: /^the workbench stops: /, changes: true, afterwards: endsWith(3) },
  'lintel env --json': { says: /"name": "LINTEL_RUNTIME_DIR",\s+"value": "\S+",\s+"source": "Lintel"/ },
  'lintel env explain PATH': { says: /^PATH=\S+\n {2}container set it to / },
  'lintel run -- env': { says: /^LINTEL_RUNTIME_DIR=\//m },
  'lintel run --workbench -- id': { says: /^uid=/ },
  'lintel run --json -- python3 job.py': { says: /"program": "\/\S+\/python3",/ },
  'lintel password': { says: /^\S{24}\n$/ },
  'lintel password --vnc': { says: /^\S{8}\n$/ },
  'lintel analyze': { says: /^ready after \d[\s\S]*^▸ node .*[\s\S]* dashboard .*waited for jupyter$/m },
  'lintel analyze --svg boot.svg': {
    says: /^ready after .*\ndrawn into \S+\/boot\.svg\n$/,
    afterwards: async ({ root }) => assert.match(root.read('/tmp/boot.svg'), /^<svg [\s\S]*>dashboard</),
  },
  'lintel analyze boot.json': { says: /^ready after \d/ },
  'lintel check': { says: /^no errors, no warnings, no notes; looked at 2 scripts and 2 services\n$/ },
  'lintel check --json /mnt/image': { says: /"findings": \[/ },
  'lintel plan': { says: /^Services\n {2}dashboard as \S+: .*\n {2}jupyter as /m },
  'lintel plan --json -- python -m http.server': {
    says: /"command": \[\s+"python",\s+"-m",\s+"http.server"\s+\]/,
  },
  'lintel facts': {
    says: /^workbench user +\S+ \(uid \d+[\s\S]*^services +dashboard \(image\), jupyter \(image\)/m,
  },
  'lintel facts --json': { says: /"initScripts": \[/ },
  // Their server is nowhere, and that is what they find out.
  'lintel doctor trust https://mirror.example/simple': {
    code: 1,
    says: /^curl +not reached [\s\S]*^ {2}curl: .*mirror\.example/m,
  },
  'lintel doctor trust --json mirror.example:8443': {
    code: 1,
    says: /"url": "https:\/\/mirror\.example:8443\/"/,
  },
  'lintel version': { says: /^lintel \d+\.\d+\.\d+\S*\n$/ },
  'lintel version --json': { says: /"codeCache":"used"/ },
  'lintel help': { says: /^ {2}status +show the workbench/m },
  'lintel help logs': { says: /^Options:\n {2}-f, --follow /m },
  'lintel help PIP_REPOSITORY': { says: /^PIP_REPOSITORY\n\nPackage index/ },
};

/** The lines of docs/cli.md for other programs, and what shows that they are true. */
const CURL: ReadonlyMap<string, RegExp> = new Map([
  [
    'curl --unix-socket /run/lintel/control.sock http://lintel/v1/status',
    /"services":\[\{"name":"dashboard"/,
  ],
  [
    "curl --unix-socket /run/lintel/control.sock 'http://lintel/v1/logs?name=jupyter&lines=20'",
    /^\{"source":"jupyter",.*"text":"jupyter runs"/,
  ],
  [
    `curl --unix-socket /run/lintel/control.sock http://lintel/v1/services \\
  --json '{"action": "restart", "names": ["jupyter"], "waitMs": 30000}'`,
    /"name":"jupyter".*"isReady":true.*"spawn":2/,
  ],
]);
const DOCKER: ReadonlyMap<string, RegExp> = new Map([
  ['docker exec CONTAINER lintel status', /^NAME /m],
  ['docker run IMAGE lintel plan', /^Services$/m],
]);

describe('each example of the help is true', () => {
  const lines = COMMANDS.flatMap(({ examples }) => examples.map(({ line }) => line));

  test('and somebody has said how one sees it', () => {
    assert.deepEqual(Object.keys(EXPECTED).sort(), [...lines].sort());
  });

  test('of what changes nothing', async t => {
    const workbench = await bootReady(t);
    for (const line of lines.filter(candidate => EXPECTED[candidate]?.changes !== true))
      await t.test(line, { skip: line.includes(' python3 ') && NEEDS_PYTHON }, () =>
        tryExample(workbench, line, word => PLACES[word]?.(t, workbench) ?? word),
      );
  });

  for (const line of lines.filter(candidate => EXPECTED[candidate]?.changes === true))
    test(line, async t => tryExample(await bootReady(t), line));
});

describe('with --json each command prints the keys that its help names', () => {
  /** What it takes to get an answer. */
  const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
    start: ['jupyter'],
    stop: ['dashboard'],
    restart: ['dashboard'],
    logs: ['-n', '1', 'jupyter'],
    run: ['--', 'true'],
    doctor: ['trust', 'https://127.0.0.1:1/'],
  };

  test('and nothing else', async t => {
    const { run } = await bootReady(t);
    const last = COMMANDS.toSorted((a, b) => Number(a.name === 'shutdown') - Number(b.name === 'shutdown'));
    for (const { name } of last) {
      const { stdout } = await run([name, '--json', ...(ARGUMENTS[name] ?? [])]);
      assertShape(name, stdout);
    }
  });

  test('of each of the things that it can be asked', async t => {
    const { run } = await bootReady(t);
    for (const args of [
      ['env', 'explain', 'PATH'],
      ['env', 'explain', 'PATHS'],
      ['help', 'PASSWORD'],
      ['help', 'logs'],
    ])
      assertShape(args[0] ?? '', (await run([...args, '--json'])).stdout);
  });
});

describe('what docs/cli.md says of other programs is true', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
  const spans = [
    ...text.matchAll(/`((?:curl|docker|HEALTHCHECK) [^`]+)`|^((?:curl|docker) (?:.*\\\n)*.*)$/gm),
  ];
  const found = spans.map(([, span, line]) => span ?? line ?? '');
  const healthcheck = /HEALTHCHECK CMD (\[.*\])/.exec(text)?.[1] ?? '';

  test('and every line of them is tried', () => {
    const known = [...CURL.keys(), ...DOCKER.keys()];
    assert.deepEqual(found.sort(), known.sort());
    assert.deepEqual(JSON.parse(healthcheck), ['lintel', 'health']);
  });

  for (const [line, says] of CURL)
    test(line, async t => {
      const { root } = await bootReady(t);
      const command = line.replaceAll('/run/lintel/', root.at('/run/lintel/'));
      const { stdout, exitCode } = await execa('sh', ['-c', command], { timeout: LIMIT_MS });
      assert.equal(exitCode, 0);
      assert.match(stdout, says);
    });

  for (const [line, says] of DOCKER)
    test(line, async t => {
      const { run } = await bootReady(t);
      const [, args = ''] = / lintel (.*)$/.exec(line) ?? [];
      const { code, stdout } = await run(args.split(' '));
      assert.equal(code, 0);
      assert.match(stdout, says);
    });
});

async function bootReady(t: TestContext): Promise<Workbench> {
  const workbench = bootWorkbench(t, SERVICES);
  assert.equal((await workbench.run(WAIT)).stdout, 'ready\n');
  return workbench;
}

async function tryExample(
  workbench: Workbench,
  line: string,
  place: (word: string) => string = word => word,
): Promise<void> {
  const { code = 0, says, goesOn, afterwards } = EXPECTED[line] ?? assert.fail(`no word on ${line}`);
  const [, ...args] = line.split(' ').map(place);
  if (goesOn === true) {
    const going = workbench.start(args);
    await going.waitForText(says);
    going.signal('SIGINT');
    await going.end();
    return;
  }
  const end: End = await workbench.run(args);
  assert.equal(end.code, code, end.stderr);
  assert.match(end.stdout, says);
  if (code === 0) assert.equal(end.stderr, '');
  if (args.includes('--json')) assertShape(args[0] ?? '', end.stdout);
  await afterwards?.(workbench);
}

/** "{version, pid}, {name, meant?}" or "{files, …}", as it stands in the help of --json. */
function assertShape(name: string, text: string): void {
  const doc = COMMANDS.find(command => command.name === name)?.flags.find(
    flag => flag.name === '--json',
  )?.doc;
  const shapes = [...(doc ?? '').matchAll(/\{([^}]*)\}/g)].map(([, keys = '']) => keys.split(', '));
  assert.notDeepEqual(shapes, [], `lintel ${name} does not say what its --json prints`);
  const seen = Object.keys(JSON.parse(text) as object);
  const fits = shapes.some(keys => {
    const needed = keys.filter(key => key !== '…' && !key.endsWith('?'));
    const allowed = keys.map(key => key.replace(/\?$/, ''));
    return (
      needed.every(key => seen.includes(key)) &&
      (allowed.includes('…') || seen.every(key => allowed.includes(key)))
    );
  });
  assert.ok(fits, `lintel ${name} --json has ${seen.join(', ')}, and promises: ${doc}`);
}
