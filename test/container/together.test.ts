/** All eight shipped services in one container, however that is started. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { execa } from 'execa';
import { CHECKOUT, IMAGES, whyNot } from '../../dev/engine.ts';
import { buildDockerfile } from './dockerfile.ts';
import { startWorkbench, type Workbench } from './workbench.ts';

const skip = whyNot();
const AT_A_TIME = 2;
const READY_LIMIT = '50s';

const PORTS = {
  jupyter: 8888,
  'code-server': 8080,
  rstudio: 8787,
  x11vnc: 5900,
  novnc: 6080,
  sshd: 2222,
} as const;
/** In the order in which the desktop has to end. */
const DESKTOP = ['novnc', 'x11vnc', 'openbox', 'xvfb'];
const ALL = [...DESKTOP, 'code-server', 'jupyter', 'rstudio', 'sshd'].sort();

/** Of the loopback device: what 0.0.0.0 takes beside 127.0.0.1, and IPv6. */
const ADDRESSES = ['127.0.0.1', '127.0.0.2', '::1'];

/** Code-server is too large for an image; rserver is a stand-in. The other programs are Debian's. */
const DOCKERFILE = `FROM workbench
RUN ln -s /opt/code-server/bin/code-server /usr/bin/code-server
COPY --chmod=755 rserver rserver-pam rsession /usr/lib/rstudio-server/bin/
RUN printf '@include common-auth\\n@include common-account\\n' >/etc/pam.d/rstudio \\
 && chmod g=u /etc/passwd
`;

const RESTRICTED = [
  ...['--user', '1000:1000', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
  ...['--read-only', '--read-only-tmpfs=false', '--tmpfs', '/run', '--tmpfs', '/tmp'],
  ...['--mount', 'type=volume,destination=/home/lintel'],
];

interface Start {
  readonly how: string;
  readonly flags: readonly string[];
  readonly bind?: string;
  /** The addresses of ADDRESSES on which they all then answer. */
  readonly answers: readonly string[];
}

const EVERY_IPV4 = ['127.0.0.1', '127.0.0.2'];

const STARTS: readonly Start[] = [
  { how: 'as root', flags: [], answers: EVERY_IPV4 },
  { how: 'as uid 1000', flags: ['--user', '1000:1000'], bind: '127.0.0.1', answers: ['127.0.0.1'] },
  {
    how: 'as an arbitrary uid that gets the workbench user’s line',
    flags: ['--user', '54321:0', '--passwd=false'],
    bind: '::',
    answers: ADDRESSES,
  },
  { how: 'as uid 1000, “restricted”, on a read-only root', flags: RESTRICTED, answers: EVERY_IPV4 },
];

suite('all shipped services in one container', { skip, concurrency: AT_A_TIME }, () => {
  let image = '';
  let codeServer = '';

  before(async () => {
    const { stdout } = await execa(join(CHECKOUT, 'test/code-server.sh'), { stderr: 'inherit' });
    codeServer = stdout.trim();
    image = await buildDockerfile('together', {
      dockerfile: { text: DOCKERFILE },
      context: join(CHECKOUT, 'test/sandbox/fixtures/rstudio'),
      images: { workbench: IMAGES.workbench },
    });
  });

  for (const { how, flags, bind, answers } of STARTS)
    test(`${how}, LINTEL_BIND ${bind ?? 'unset'}: ready, also after a kill, and stopped in order`, async t => {
      const workbench = startWorkbench(t, [], {
        image,
        hasHealthcheck: true,
        flags: [...flags, '--volume', `${codeServer}:/opt/code-server:ro`],
        environment: bind === undefined ? {} : { LINTEL_BIND: bind },
      });
      await workbench.waitFor(/lintel: services: .*\n/);
      await assertReady(workbench);
      assert.deepEqual(await findListening(workbench), answers);
      const { code, stdout } = await workbench.engine('healthcheck', 'run');
      assert.equal(code, 0, stdout);

      await workbench.engine('kill');
      assert.equal((await workbench.end()).code, 137);
      await workbench.engine('start');
      await assertReady(workbench);

      await workbench.engine('stop');
      const log = await readLog(workbench);
      const { stdout: exitCode } = await workbench.engine('inspect', '--format', '{{.State.ExitCode}}');
      assert.equal(exitCode.trim(), '0', log);
      assert.doesNotMatch(log, /SIGKILL|were killed|is failing|restarting in/);
      const ends = [...log.matchAll(/^lintel: (\S+) stopped: /gm)].map(([, name = '']) => name);
      assert.deepEqual(ends.toSorted(), ALL);
      assert.deepEqual(
        ends.filter(name => DESKTOP.includes(name)),
        DESKTOP,
      );
    });
});

async function assertReady(workbench: Workbench): Promise<void> {
  const { code, stdout, stderr } = await workbench.exec(['lintel', 'ready', '--timeout', READY_LIMIT]);
  assert.equal(code, 0, `${stdout}${stderr}\n${await readLog(workbench)}`);
  const status = await workbench.exec(['lintel', 'status', '--json']);
  const { services } = JSON.parse(status.stdout) as {
    readonly services: readonly { readonly name: string; readonly isReady: boolean }[];
  };
  assert.deepEqual(
    services.filter(({ isReady }) => isReady).map(({ name }) => name),
    ALL,
  );
}

/** The addresses on which every service lets a client connect; throws where they differ. */
async function findListening(workbench: Workbench): Promise<string[]> {
  const script = ADDRESSES.flatMap(address =>
    Object.entries(PORTS).map(
      ([name, port]) => `(exec 3<>/dev/tcp/${address}/${port}) 2>/dev/null && echo ${name} ${address}`,
    ),
  );
  const { stdout } = await workbench.inNetwork(['bash', '-c', `${script.join('\n')}\n:`]);
  const seen = Map.groupBy(stdout.trim().split('\n'), line => line.split(' ')[0] ?? '');
  const found = Object.keys(PORTS).map(name => [
    name,
    (seen.get(name) ?? []).map(line => line.split(' ')[1] ?? ''),
  ]);
  const [first = []] = found.map(([, addresses]) => addresses as string[]);
  assert.deepEqual(
    found,
    Object.keys(PORTS).map(name => [name, first]),
  );
  return first;
}

/** Of all of its starts; an attached engine shows the first alone. */
async function readLog(workbench: Workbench): Promise<string> {
  const { stdout, stderr } = await workbench.engine('logs');
  return `${stdout}${stderr}`;
}
