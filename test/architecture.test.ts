import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { after, describe, test } from 'node:test';
import { stop, transformSync } from 'esbuild';

/**
 * The invariants of ARCHITECTURE.md, read off the source. Each failure names the file and says what to do.
 * What only types import is no dependency at run time: it counts for cycles alone.
 */
const CHECKOUT = dirname(import.meta.dirname);

interface Import {
  /** "node:fs", "zod/mini", or a file such as "src/errors.ts". */
  readonly from: string;
  /** Imported names; "*" for all of them, by whatever way. */
  readonly names: readonly string[];
}

interface Source {
  /** "src/errors.ts" */
  readonly path: string;
  /** Without types and comments. */
  readonly code: string;
  readonly values: readonly Import[];
  readonly types: readonly Import[];
}

const SOURCES = new Map(
  readdirSync(join(CHECKOUT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => `src/${name}`)
    .sort()
    .map(path => [path, readSource(path)]),
);
after(() => stop());

function readSource(path: string): Source {
  const text = readFileSync(join(CHECKOUT, path), 'utf8');
  const { code } = transformSync(text, {
    loader: 'ts',
    legalComments: 'none',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  const values = [...readStatements(path, code), ...readCalls(path, code)];
  const all = readStatements(path, text);
  return {
    path,
    code,
    values,
    types: all.filter(({ from }) => !values.some(value => value.from === from)),
  };
}

/** Statements begin at the margin: the formatter sees to it. */
function readStatements(path: string, text: string): Import[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(?:type\s+)?(?:([^'";]*?)\s+from\s+)?["']([^"']+)["']/gm,
  );
  return [...statements].map(([, clause = '', from = '']) => ({
    from: resolve(path, from),
    names: readNames(clause),
  }));
}

/** `{ a, b as c }` names a and b; `* as fs` and `fs` could be anything. */
function readNames(clause: string): string[] {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1];
  if (braces === undefined) return ['*'];
  return braces.split(',').flatMap(part => /^\s*(?:type\s+)?(\w+)/.exec(part)?.[1] ?? []);
}

/** Ways to a module past the import statements. */
function readCalls(path: string, code: string): Import[] {
  const calls = code.matchAll(/\b(?:import|require|getBuiltinModule)\(\s*["']([^"']+)["']\s*\)/g);
  return [...calls].map(([, from = '']) => ({ from: resolve(path, from), names: ['*'] }));
}

function resolve(path: string, from: string): string {
  if (from.startsWith('.')) return normalize(join(dirname(path), from));
  const isBuiltin = /^(fs|child_process|process|os|path|net|http|https|crypto|worker_threads)(\/|$)/.test(
    from,
  );
  return isBuiltin ? `node:${from}` : from;
}

function inFolder(...folders: readonly string[]): string[] {
  return [...SOURCES.keys()].filter(path => folders.some(folder => path.startsWith(`${folder}/`)));
}

const valuesOf = (path: string) => SOURCES.get(path)?.values ?? [];

/** Who imports it for more than its types. */
function importersOf(module: string): string[] {
  return [...SOURCES.keys()].filter(path => valuesOf(path).some(({ from }) => from === module));
}

test('the reader of imports reads them all', () => {
  assert.ok(SOURCES.size > 40, 'src/ was not found');
  for (const { path, code, values } of SOURCES.values()) {
    const keywords = code.match(/^import\b/gm)?.length ?? 0;
    const found = values.length;
    assert.ok(found >= keywords, `${path} has ${keywords} imports, of which ${found} were understood`);
    const unread = /\b(import|require|getBuiltinModule)\(\s*[^"'\s)]/.exec(code)?.[0];
    assert.equal(unread, undefined, `${path} loads a module by a name that is no plain text: ${unread}…`);
    for (const { from } of values.filter(({ from: module }) => module.endsWith('.ts')))
      assert.ok(SOURCES.has(from), `${path} imports ${from}, which is no file of src/`);
  }
});

describe('pure modules', () => {
  const PURE = [
    ...inFolder('src/settings', 'src/tools', 'src/definitions', 'src/accounts', 'src/check', 'src/timing'),
    'src/plan.ts',
    'src/contributions.ts',
    'src/reductions.ts',
    'src/user.ts',
    'src/services/service.ts',
    'src/services/choice.ts',
    'src/services/disabled.ts',
    'src/services/mistakes.ts',
    'src/services/open-doors.ts',
    'src/services/order.ts',
    'src/services/ports.ts',
    'src/environment.ts',
    'src/services/states.ts',
    'src/services/restarts.ts',
    'src/services/transitions.ts',
    'src/services/settled.ts',
    'src/durations.ts',
    'src/pid1/routing.ts',
    'src/boot/paragraph.ts',
    'src/control/standing.ts',
    'src/web/paths.ts',
    'src/web/metrics/list.ts',
    'src/web/metrics/samples.ts',
    'src/web/page/rows.ts',
    'src/web/page/words.ts',
  ];
  const MAY_REACH = new Set(['node:path']);

  for (const path of PURE) {
    test(`${path} reaches no module of Node's but path`, () => {
      const way = findWay(path, module => module.startsWith('node:') && !MAY_REACH.has(module));
      assert.equal(
        way?.join(' -> '),
        undefined,
        'a pure module looks at nothing itself: read it in src/facts/ and take it from Facts, Settings or an argument',
      );
    });

    test(`${path} knows no clock, process or chance`, () => {
      const impure =
        /(?<![.\w$])(process\s*\??\.|performance\s*\.|Date\b|Math\.random|crypto\s*\.|set(Timeout|Interval|Immediate)\b|fetch\(|console\s*\.)/;
      assert.equal(
        impure.exec(SOURCES.get(path)?.code ?? '')?.[0],
        undefined,
        'a pure module is told the time and everything else as an argument',
      );
    });
  }
});

/** The shortest way along imports from a file to a module that `isMeant`. */
function findWay(path: string, isMeant: (module: string) => boolean): string[] | undefined {
  const ways = [[path]];
  const visited = new Set([path]);
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const { from } of valuesOf(way.at(-1) ?? '')) {
      if (isMeant(from)) return [...way, from];
      if (visited.has(from)) continue;
      visited.add(from);
      ways.push([...way, from]);
    }
  }
  return undefined;
}

describe('only main.ts', () => {
  for (const [what, pattern, instead] of [
    [
      'reads process.env',
      /(?<![.\w$])process\s*(\??\.\s*env\b|(\?\.)?\[\s*["']env["'])|\benv\b[^;=]*\}\s*=\s*process\b/,
      'take the variables from Origin or an argument: services must get them as the container gave them',
    ],
    [
      'ends the process',
      /(?<![.\w$])process\s*\??\.\s*(exit|exitCode|reallyExit|abort)\b|\bexit\b[^;=]*\}\s*=\s*process\b/,
      'return an exit code or throw a LintelError: main.ts ends, after the log is flushed',
    ],
  ] as const) {
    test(what, () => {
      const who = [...SOURCES.values()].filter(({ code }) => pattern.test(code)).map(({ path }) => path);
      assert.deepEqual(who, ['src/main.ts'], instead);
    });
  }

  test('has the process, which no other file imports under another name', () => {
    assert.deepEqual(
      importersOf('node:process'),
      [],
      'use the global process, so that its uses can be found',
    );
  });
});

describe('one writer', () => {
  /** Who may change what, by function: a descriptor that is already open is no file of the machine. */
  const WRITERS: Readonly<Record<string, readonly string[] | 'anything'>> = {
    'src/apply/accounts.ts': 'anything',
    'src/apply/environment-folder.ts': 'anything',
    'src/apply/files.ts': 'anything',
    // A clone that is whole takes its place, as its owner.
    'src/apply/folders.ts': ['renameSync'],
    'src/apply/home.ts': 'anything',
    'src/apply/ownership.ts': 'anything',
    'src/apply/passwords.ts': 'anything',
    'src/apply/s6.ts': 'anything',
    // A program text for a client of `lintel doctor` that reads it from a file only; gone when it has been asked.
    'src/apply/scratch.ts': ['mkdtempSync', 'rmSync', 'writeFileSync'],
    'src/apply/termination.ts': 'anything',
    'src/main.ts': ['writeFileSync', 'writeSync'],
    'src/log/output.ts': ['write'],
    'src/processes/child.ts': ['fchownSync'],
    // A new process's own file in /proc: only its parent can set it, and no plan can name it.
    'src/processes/oom-score.ts': ['writeFileSync'],
    'src/processes/pipes.ts': ['fchownSync', 'writeSync'],
  };
  const CHANGES =
    /^(write|writev|append|mkdir|mkdtemp|rm|rmdir|unlink|rename|copy|cp|link|symlink|truncate|ftruncate|[fl]?chmod|[fl]?chown|[fl]?utimes|createWriteStream)(File)?(Sync)?$/;
  const INSTEAD = 'make it a FileWrite of the plan, or write it in src/apply/files.ts';

  for (const { path, code, values } of SOURCES.values()) {
    const allowed = WRITERS[path] ?? [];
    if (allowed === 'anything') continue;
    const names = values.flatMap(({ from, names: own }) => (/^node:fs(\/|$)/.test(from) ? own : []));
    if (names.length === 0) continue;

    test(`${path} ${allowed.length === 0 ? 'changes no file' : `uses only ${allowed.join(', ')}`}`, () => {
      assert.equal(
        names.includes('*'),
        false,
        'import what you use of node:fs by name, so that it can be checked',
      );
      assert.deepEqual(
        names.filter(name => CHANGES.test(name) && !allowed.includes(name)),
        [],
        INSTEAD,
      );
      const opensToWrite = /\bO_(WRONLY|RDWR|CREAT|TRUNC|APPEND)\b|\bopen(Sync)?\([^)]*["'](w|a|r\+)/.exec(
        code,
      )?.[0];
      assert.equal(opensToWrite, undefined, INSTEAD);
    });
  }

  test('is who the list above names', () => {
    for (const path of Object.keys(WRITERS))
      assert.ok(SOURCES.has(path), `${path} is gone: take it off the list`);
  });
});

describe('one spawner', () => {
  test('only spawn-node.ts uses node:child_process', () => {
    assert.deepEqual(
      importersOf('node:child_process'),
      ['src/processes/spawn-node.ts'],
      'start processes by startProcess of src/processes/child.ts',
    );
  });

  for (const body of ['src/processes/spawn-node.ts', 'src/processes/spawn-posix.ts']) {
    test(`only child.ts uses ${basename(body)}`, () => {
      assert.deepEqual(
        importersOf(body),
        ['src/processes/child.ts'],
        'start processes by startProcess of src/processes/child.ts',
      );
    });
  }

  for (const module of ['node:worker_threads', 'node:cluster', 'execa']) {
    test(`nobody uses ${module}`, () => {
      assert.deepEqual(
        importersOf(module),
        [],
        'PID 1 has one thread, and one function that starts processes',
      );
    });
  }
});

describe('one way to fetch', () => {
  const INSTEAD =
    'fetch by download of src/remote/download.ts: proxies, certificates and limits are decided there';

  test('only download.ts uses undici, and loads it when it is needed', () => {
    assert.deepEqual(importersOf('undici'), ['src/remote/download.ts'], INSTEAD);
    const { code = '' } = SOURCES.get('src/remote/download.ts') ?? {};
    assert.doesNotMatch(code, /^import .*["']undici["']/m, 'no boot that fetches nothing shall load it');
  });

  test('nobody uses what Node has for it, but for probes of the container’s own services', () => {
    const inBrowsers = inFolder('src/web/page');
    const who = [...SOURCES.values()]
      .filter(({ code, path }) => /(?<![.\w$])fetch\(/.test(code) && !inBrowsers.includes(path))
      .map(({ path }) => path);
    assert.deepEqual([...who, ...importersOf('node:https')], ['src/probes/probe-net.ts'], INSTEAD);
  });
});

describe('the page', () => {
  const ON_PAGE = inFolder('src/web/page');

  test('is a program of its own: nobody else imports it, and it reaches no module of Node’s', () => {
    assert.notEqual(ON_PAGE.length, 0);
    const others = [...SOURCES.keys()].filter(path => !ON_PAGE.includes(path));
    const importers = others.filter(path => valuesOf(path).some(({ from }) => ON_PAGE.includes(from)));
    assert.deepEqual(importers, [], 'the build carries it as a document: src/web/document.ts');
    for (const path of ON_PAGE)
      assert.equal(findWay(path, module => !module.endsWith('.ts'))?.join(' -> '), undefined);
  });

  for (const path of ON_PAGE) {
    test(`${path} makes no text into markup or program`, () => {
      const { code = '' } = SOURCES.get(path) ?? {};
      const sink =
        /\b(innerHTML|outerHTML|insertAdjacentHTML|setHTML\w*|document\.write\w*|srcdoc|cssText|createContextualFragment|DOMParser|eval|Function)\b/;
      assert.equal(sink.exec(code)?.[0], undefined, 'use make and setText of elements.ts');
    });
  }
});

test('only exposition.ts uses the Prometheus client, and only a scrape loads it', () => {
  assert.deepEqual(importersOf('@prometheus-io/client'), ['src/web/metrics/exposition.ts']);
  for (const { path, code } of SOURCES.values()) {
    if (path.startsWith('src/web/metrics/')) continue;
    assert.doesNotMatch(
      code,
      /^import .*metrics\/(metrics|exposition)\.ts/m,
      `${path}: import() it when it is asked for`,
    );
  }
});

test('what is loaded later shares no large part with a boot', () => {
  const isLarge = (module: string) => /^(src\/settings\/|zod|yaml|pino)/.test(module);
  for (const { path, code } of SOURCES.values())
    for (const [, from = ''] of code.matchAll(/\bimport\(\s*["'](\.[^"']+)["']\s*\)/g)) {
      if (from === './renderer-json.ts') continue;
      const way = findWay(resolve(path, from), isLarge);
      assert.equal(
        way?.join(' -> '),
        undefined,
        `${path}: import it at the top: the bundler puts all that import() reaches into functions, which every start runs`,
      );
    }
});

test('nothing imports in a circle, not even a type', () => {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    assert.equal(
      way.includes(path),
      false,
      `${[...way.slice(way.indexOf(path)), path].join(' -> ')}: move what both need into a file of its own`,
    );
    if (done.has(path)) return;
    const { values = [], types = [] } = SOURCES.get(path) ?? {};
    for (const { from } of [...values, ...types]) if (SOURCES.has(from)) visit(from, [...way, path]);
    done.add(path);
  };
  for (const path of SOURCES.keys()) visit(path, []);
});

test('no two folders import each other, not even for a type', () => {
  /** "src/services" for a file below it, the file itself for one of src/. */
  const roomOf = (path: string) => path.split('/').slice(0, 2).join('/');
  const pairs = new Set(
    [...SOURCES.values()].flatMap(({ path, values, types }) =>
      [...values, ...types]
        .filter(({ from }) => SOURCES.has(from) && roomOf(from) !== roomOf(path))
        .map(({ from }) => `${roomOf(path)} -> ${roomOf(from)}`),
    ),
  );
  const mutual = [...pairs].filter(pair => pairs.has(pair.split(' -> ').reverse().join(' -> ')));
  assert.deepEqual(mutual, [], 'data goes one way: move what both need below both');
});

test('no file is named for nothing', () => {
  const empty = [...SOURCES.keys()].filter(path =>
    /^(utils?|helpers?|common|shared|misc|manager|index|types|base)\.ts$/.test(basename(path)),
  );
  assert.deepEqual(empty, [], 'name the file for the noun that it is about');
  const odd = [...SOURCES.keys()].filter(path => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(basename(path)));
  assert.deepEqual(odd, [], 'files are lower-case nouns, words joined by dashes');
});

describe('explicit lists', () => {
  for (const [folder, list, member, shape] of [
    ['src/tools', 'TOOLS', 'a tool', 'configure'],
    ['src/commands', 'COMMANDS', 'a subcommand', 'run'],
    ['src/check', 'TOPICS', 'a topic of rules', 'rules'],
  ] as const) {
    test(`${folder}/list.ts names every file with ${member}, once`, async () => {
      const listed = await load(`${folder}/list.ts`);
      const members = listed[list];
      assert.ok(Array.isArray(members));
      assert.equal(new Set(members).size, members.length, `${list} names one twice`);
      for (const path of inFolder(folder)) {
        for (const [name, value] of Object.entries(await load(path))) {
          if (!isMember(value, shape)) continue;
          assert.ok(
            members.includes(value),
            `${path} exports ${name}, which is missing in ${list} of ${folder}/list.ts`,
          );
        }
      }
    });
  }
});

async function load(path: string): Promise<Readonly<Record<string, unknown>>> {
  return await import(relative(import.meta.dirname, join(CHECKOUT, path)));
}

function isMember(value: unknown, shape: string): boolean {
  const isNamed = typeof value === 'object' && value !== null && ('name' in value || 'title' in value);
  return isNamed && shape in value;
}
