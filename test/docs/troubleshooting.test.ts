import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bootWorkbench, WAIT } from '../control/workbench.ts';
import { type BootOptions, type Files, isAlive, makeRoot, NEEDS_ROOT, type Root } from '../rig.ts';
import { waitUntil } from '../waiting.ts';

/**
 * What docs/troubleshooting.md shows is what real runs say, but for times, numbers and the rig's own paths. Written anew by
 * UPDATE_DOCS=1.
 */
const PAGE = join(import.meta.dirname, '../../docs/troubleshooting.md');
const LOG = '/dev/termination-log';
const LASTS = '#!/bin/sh\necho "$LINTEL_SERVICE runs"\nexec sleep 9999\n';
const STUBBORN = '#!/bin/sh\ntrap "" TERM\necho $$ > "$LINTEL_ROOT/tmp/pid"\necho stays\nexec sleep 9999\n';
const DENIED = `#!/bin/sh\necho "Error: EACCES: permission denied, open '/data/web.db'" >&2\nexit 1\n`;

interface Shown {
  readonly name: string;
  /** What the page may show of it. */
  readonly run: (t: TestContext) => Promise<string>;
  readonly skip?: string | false;
}

const mask = (text: string, root: Root) => text.replaceAll(root.at('/').slice(0, -1), '');

/** Its last words. */
async function fail(t: TestContext, files: Files, options?: BootOptions): Promise<string> {
  const root = makeRoot(t, files);
  const { stderr } = await root.boot(options).end();
  return mask(stderr.slice(stderr.indexOf('lintel: error: ended')), root);
}

async function live(
  t: TestContext,
  files: Files,
  look: (bench: ReturnType<typeof bootWorkbench>) => Promise<string>,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const bench = bootWorkbench(t, files, { environment });
  return mask(await look(bench), bench.root);
}

const grep = (text: string, pattern: RegExp) =>
  text
    .split('\n')
    .filter(line => pattern.test(line))
    .map(line => `${line}\n`)
    .join('');

const SHOWN: readonly Shown[] = [
  {
    name: 'script',
    run: t =>
      fail(t, {
        '/etc/cont-init.d/20-packages':
          '#!/bin/sh\necho "Looking in indexes: https://mirror.example/simple"\necho "ERROR: No matching distribution found for torch==9.9" >&2\nexit 1\n',
      }),
  },
  { name: 'nothing', run: t => fail(t, { '/etc/services.d/web/run': 'exec sleep 9999\n' }) },
  {
    name: 'settings',
    run: t =>
      fail(
        t,
        { '/etc/services.d/web/run': LASTS, '/etc/services.d/web/service.json': '{"restarts": "never"}' },
        { environment: { LINTEL_LOG_FORMAT: 'xml' } },
      ),
  },
  {
    name: 'shared',
    async run(t) {
      const holder = bootWorkbench(t, { '/etc/services.d/web/run': LASTS });
      await holder.run(WAIT);
      // In another container that pid is nobody's, or somebody else's.
      rmSync(holder.root.at('/run/lintel/pid'));
      const { stderr } = await holder.root.boot({ command: ['/bin/true'] }).end();
      return mask(stderr.slice(stderr.indexOf('lintel: error: ended')), holder.root);
    },
  },
  { name: 'command', run: t => fail(t, {}, { command: ['jupyterlab', '--port', '8888'] }).then(atRoot) },
  {
    name: 'memory',
    run: t =>
      fail(t, {
        '/sys/fs/cgroup/memory.max': '2147483648\n',
        '/sys/fs/cgroup/memory.events': 'oom 0\noom_kill 0\n',
        // What the kernel does.
        '/etc/services.d/api/run':
          '#!/bin/sh\necho "loading model.safetensors"\necho "oom_kill 1" > "$LINTEL_ROOT/sys/fs/cgroup/memory.events"\nkill -KILL $$\n',
        '/etc/services.d/api/service.json': '{"restart": "never", "user": "root"}',
      }),
  },
  {
    name: 'stop',
    async run(t) {
      const root = makeRoot(t, {
        '/etc/services.d/stubborn/run': STUBBORN,
        '/etc/services.d/stubborn/service.json': '{"stopTimeoutMs": 200}',
      });
      const lintel = root.boot();
      await lintel.waitForText(/stubborn \| stays/);
      const { stderr } = await lintel.stop();
      return mask(grep(stderr, /stop/), root);
    },
  },
  {
    name: 'killed',
    async run(t) {
      const root = makeRoot(t, { '/etc/services.d/stubborn/run': STUBBORN, [LOG]: '' });
      const lintel = root.boot({ environment: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } });
      const pid = Number(await lintel.waitForFile('/tmp/pid'));
      lintel.signal('SIGTERM');
      const left = await lintel.waitForFile(LOG, /\n$/);
      lintel.signal('SIGKILL');
      await lintel.exitCode();
      process.kill(-pid, 'SIGKILL');
      await waitUntil('the service has ended', () => !isAlive(pid));
      return left;
    },
  },
  {
    name: 'restarts',
    run: t =>
      live(
        t,
        {
          '/etc/services.d/api/run': LASTS,
          '/etc/services.d/web/run': DENIED,
          '/etc/services.d/web/service.json': '{"backoffMs": {"min": 20, "max": 20}}',
        },
        async ({ run, lintel }) => {
          await lintel.waitForText(/web is failing/);
          await lintel.waitForText(/api \| api runs/);
          const status = await waitUntil('between two lives', async () => {
            const { stdout } = await run(['status']);
            return /^api +ready .*\nweb +failing .*starts again/m.test(stdout) && stdout;
          });
          return `${status}${(await run(['logs', '-n', '3', 'web'])).stdout}`;
        },
      ),
  },
  {
    name: 'ready',
    run: t =>
      live(
        t,
        {
          '/etc/services.d/db/run': LASTS,
          '/etc/services.d/db/service.json': '{"ready": {"tcp": 1}}',
          '/etc/services.d/web/run': LASTS,
          '/etc/services.d/web/service.json': '{"requires": ["db"]}',
        },
        async ({ run, lintel }) => {
          await lintel.waitForText(/db \| db runs/);
          const said = () => run(['ready', '--timeout', '1s']);
          return waitUntil('the probe was asked', async () => {
            const { stdout } = await said();
            return stdout.includes('refused') && stdout;
          });
        },
      ),
  },
  {
    name: 'times',
    run: t =>
      live(
        t,
        { '/etc/services.d/web/run': LASTS, '/etc/cont-init.d/20-packages': '#!/bin/sh\nsleep 0.3\n' },
        async ({ lintel }) => `${await lintel.waitForText(/lintel: ready after .*\n/)}`,
      ),
  },
  {
    name: 'pip',
    run: t =>
      live(
        t,
        {
          '/etc/services.d/web/run': LASTS,
          '/home/ada/.config/pip/pip.conf': '[global]\nindex-url = https://old.example/simple\n',
        },
        async ({ run, lintel }) => {
          await run(WAIT);
          return grep(lintel.log(), /pip:/);
        },
        { PIP_REPOSITORY: 'https://mirror.example/simple' },
      ),
  },
  {
    name: 'certificates',
    run: t =>
      live(
        t,
        { '/etc/services.d/web/run': LASTS },
        async ({ run, lintel }) => {
          await run(WAIT);
          return grep(lintel.log(), /Cannot use PATH_TO_CA_BUNDLE/);
        },
        { PATH_TO_CA_BUNDLE: '/certs/ca.pem' },
      ),
  },
  {
    name: 'home',
    skip: NEEDS_ROOT,
    async run(t) {
      const root = makeRoot(t, {
        '/etc/services.d/web/run': LASTS,
        '/etc/passwd': 'ada:x:1000:1000::/srv/ada:/bin/sh\n',
      });
      root.write({ '/srv/ada/.keep': '' });
      chmodSync(root.at('/srv/ada'), 0o755);
      root.write({ '/etc/passwd': `ada:x:1000:1000::${root.at('/srv/ada')}:/bin/sh\n` });
      const lintel = root.boot({ environment: { HOME: root.at('/srv/ada') } });
      await lintel.waitForText(/web \| web runs/);
      const { stderr } = await lintel.stop();
      return mask(grep(stderr, /has no home/), root).replaceAll('/srv/ada', '/home/ada');
    },
  },
  {
    name: 'variable',
    run: t =>
      live(
        t,
        {
          '/etc/services.d/web/run': LASTS,
          '/etc/cont-init.d/20-data': '#!/bin/sh\necho DATA=/scratch >> "$LINTEL_ENV"\n',
        },
        async ({ run }) => {
          await run(WAIT);
          return (await run(['env', 'explain', 'DATA'])).stdout;
        },
        { DATA: '/data' },
      ),
  },
];

/** The tests run in the checkout. */
function atRoot(text: string): string {
  return text.replaceAll(process.cwd(), '/home/ada');
}

/** Without what differs from run to run: numbers, the width of columns, and what took longest. */
function blur(text: string): string {
  return text
    .trim()
    .replaceAll(/\d+(\.\d+)?/g, 'N')
    .replaceAll(/[ \t]+/g, ' ')
    .replace(/(?<=^lintel: ready after N s: ).*/m, parts => parts.split(', ').toSorted().join(', '));
}

for (const { name, run, skip = false } of SHOWN) {
  test(`docs/troubleshooting.md shows what is said: ${name}`, { skip }, async t => {
    const said = await run(t);
    const page = readFileSync(PAGE, 'utf8');
    const [block, begin = '', shown = ''] =
      new RegExp(`(<!-- shown: ${name} -->\n\`\`\`\n)((?:(?!\`\`\`).*\n)*)`).exec(page) ??
      assert.fail(`the page has no place for ${name}`);
    if (process.env['UPDATE_DOCS'] === '1' && blur(shown) !== blur(said))
      writeFileSync(
        PAGE,
        page.replace(block, () => `${begin}${said.trimEnd()}\n`),
      );
    else assert.equal(blur(shown), blur(said), 'run this test with UPDATE_DOCS=1');
  });
}
