import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { execa } from 'execa';
import {
  CONTAINER_PATH,
  type Container,
  type ContainerOptions,
  execInContainer,
  STARTS,
  startContainer,
  WORKBENCH_USER,
  waitUntil,
  whyNot,
} from './container.ts';

/** The shipped desktop with Debian's programs, as its user sees it: through VNC and over http. */
const PROGRAMS = [
  ...['Xvfb', 'convert', 'curl', 'lxpanel', 'openbox', 'pcmanfm', 'ss', 'vncsnapshot', 'websockify'],
  ...['x11vnc', 'xdpyinfo', 'xmessage'],
];
const SKIP = { skip: whyNot({ isRoot: true, programs: PROGRAMS.map(name => `/usr/bin/${name}`) }) };
const SERVICES = ['xvfb', 'openbox', 'x11vnc', 'novnc'];
/** To x11vnc's own files of passwords a comment. VNC takes 8 characters of a password. */
const PASSWORD = '#a __COMM__ longer';

/** A window of a colour that nothing else has, where nothing else is. */
const WINDOW = { left: 200, top: 150, width: 300, height: 200 } as const;
const COLOUR = { red: 200, green: 40, blue: 80 } as const;
const WINDOW_SCRIPT = [
  '#!/bin/sh',
  `exec xmessage -buttons '' -bg '#c82850' -geometry ${WINDOW.width}x${WINDOW.height}+${WINDOW.left}+${WINDOW.top} ''`,
  '',
].join('\n');

for (const { how, options } of STARTS) {
  test(`a desktop is seen through VNC by who has its password, ${how}`, SKIP, async t => {
    const desktop = await startDesktop(t, {
      ...options,
      environment: {
        RESOLUTION: '1024x768',
        OPENBOX_ARGS: '--startup /srv/window --sm-disable',
      },
      files: { '/srv/window': WINDOW_SCRIPT },
    });
    await desktop.waitForAll();
    const picture = await waitUntil('window and panel are in the picture', async () => {
      const { width, pixels } = await desktop.photograph(PASSWORD);
      const at = (x: number, y: number) => pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3);
      const isWindow = isNear(at(WINDOW.left + WINDOW.width / 2, WINDOW.top + WINDOW.height / 2), COLOUR);
      return isWindow && countColours(pixels.subarray(-3 * width * PANEL_ROWS)) > 20 && { width, pixels };
    });
    assert.equal(picture.pixels.length, 3 * 1024 * 768);
    // Above the panel and beside the window there is only the desktop.
    const row = picture.pixels.subarray(3 * 1024 * 600, 3 * 1024 * 601);
    assert.equal(countColours(row), 1);
    // openbox has given the window a frame: its title stands above.
    const title = picture.pixels.subarray(
      3 * (1024 * (WINDOW.top + 5) + WINDOW.left),
      3 * (1024 * (WINDOW.top + 5) + WINDOW.left + WINDOW.width),
    );
    assert.ok(countColours(title) > 1 || !isNear(title, COLOUR));

    const refused = await desktop.vnc('wrong');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /authentication failed/i);

    assert.deepEqual(await desktop.listeners(), ['0.0.0.0:5900', '0.0.0.0:6080']);
    const stranger = { uid: 2000, gid: 2000 };
    for (const user of [stranger, WORKBENCH_USER, { uid: 0, gid: 0 }]) {
      const asked = await desktop.run(['xdpyinfo', '-display', ':1'], user);
      assert.match(asked.stderr, /unable to open display/);
    }
    assert.match(await desktop.askAsUser(['xdpyinfo']), /dimensions: +1024x768 pixels/);
    assert.equal(
      await desktop.askAsUser(['sh', '-c', 'stat -c "%a %u" "$XAUTHORITY" "${XAUTHORITY%/*}"']),
      '600 1000\n700 1000\n',
    );
    assert.match(
      await desktop.askAsUser(['lintel', 'env', 'explain', 'DISPLAY']),
      /service xvfb set it to :1/,
    );
    for (const line of await desktop.commandLines()) assert.doesNotMatch(line, /__COMM|COOKIE/);

    await desktop.container.signal('SIGTERM');
    const end = await desktop.container.end();
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stderr, /^lintel: x11vnc stopped: it exited with code 2$/m);
    assert.doesNotMatch(end.stderr, /^lintel: (warning|error):/m);
    assert.doesNotMatch(end.stderr, /__COMM/);
  });

  test(`after a restart of the X server the whole desktop is back, ${how}`, SKIP, async t => {
    const desktop = await startDesktop(t, options);
    await desktop.waitForAll();
    await desktop.askAsUser(['lintel', 'restart', 'xvfb', '--wait']);
    await desktop.waitForAll(2);
    const { pixels } = await desktop.photograph(PASSWORD);
    assert.equal(pixels.length, 3 * 1280 * 800);

    process.kill(await desktop.pidOf('Xvfb'), 'SIGKILL');
    await desktop.container.waitFor(/^lintel: warning: xvfb was ended by SIGKILL/m);
    await desktop.waitForAll(3);
    assert.equal((await desktop.photograph(PASSWORD)).pixels.length, 3 * 1280 * 800);
  });
}

const PANEL_ROWS = 20;

test('a malformed RESOLUTION is one error line, and the screen has the usual size', SKIP, async t => {
  const desktop = await startDesktop(t, {
    environment: { RESOLUTION: '1024x768;id', LINTEL_SERVICES: 'xvfb' },
  });
  await desktop.container.waitFor(/^lintel: xvfb is ready/m);
  assert.match(await desktop.askAsUser(['xdpyinfo']), /dimensions: +1280x800 pixels/);
  assert.equal(desktop.container.output().match(/^lintel: error: .*RESOLUTION/gm)?.length, 1);
});

test('without a password that could be asked for nobody is let in', SKIP, async t => {
  const desktop = await startDesktop(t, {
    environment: { LINTEL_SERVICES: 'x11vnc' },
    files: { '/etc/cont-init.d/50-empty': '#!/bin/sh\n: >"$LINTEL_VNC_PASSWORD_FILE"\n' },
  });
  await desktop.container.waitFor(
    /x11vnc exited with code 1; its last lines: Cannot ask for the desktop's password/,
  );
  assert.deepEqual(await desktop.listeners(), []);
});

test('LINTEL_AUTH=none, spelled out, lets everybody in, on the address that was asked for', SKIP, async t => {
  const desktop = await startDesktop(t, {
    environment: {
      LINTEL_SERVICES: 'novnc',
      LINTEL_AUTH: 'none',
      LINTEL_BIND: '::1',
      LINTEL_X11VNC_PORT: '5977',
      X11VNC_ARGS: '-desktop $(id) -viewonly',
    },
  });
  await desktop.waitForAll();
  assert.match(desktop.container.output(), /^lintel: warning: LINTEL_AUTH=none: x11vnc let/m);
  assert.deepEqual(await desktop.listeners(), ['[::1]:5977', '[::1]:6080']);
  assert.ok((await desktop.commandLines()).some(line => line.endsWith('-desktop $(id) -viewonly')));
  assert.equal(await desktop.openWebsocket('ws://[::1]:6080/websockify'), 'RFB 003.008\n');
});

for (const prefix of ['/app/x', '/vnc.html']) {
  test(`noVNC serves its page also where NB_PREFIX=${prefix} is in its way, and says so`, SKIP, async t => {
    const desktop = await startDesktop(t, { environment: { NB_PREFIX: prefix } });
    await desktop.waitForAll();
    assert.match(desktop.container.output(), new RegExp(`novnc \\| NB_PREFIX=${prefix} is left out`));
  });
}

test('noVNC’s page is the first one, also below a path that a proxy leaves in place', SKIP, async t => {
  const desktop = await startDesktop(t, { environment: { NB_PREFIX: '/notebook/team/ada' } });
  await desktop.waitForAll();
  const get = async (path: string) => {
    const { stdout } = await desktop.run([
      'curl',
      '-sSL',
      '-w',
      '%{http_code}',
      `http://127.0.0.1:6080${path}`,
    ]);
    return stdout;
  };
  for (const prefix of ['', '/notebook/team/ada']) {
    assert.match(await get(`${prefix}/`), /vnc\.html.*200$/s);
    assert.match(await get(`${prefix}/vnc.html`), /<title>noVNC<\/title>.*200$/s);
    assert.match(await get(`${prefix}/app/ui.js`), /200$/);
    const url = `ws://127.0.0.1:6080${prefix}/websockify`;
    assert.equal(await desktop.openWebsocket(url), 'RFB 003.008\n');
  }
  assert.match(await get('/etc/passwd'), /404$/);
});

test('what killed X servers left behind is no obstacle, and what living ones have stays', SKIP, async t => {
  const desktop = await startDesktop(t, {
    environment: { LINTEL_SERVICES: 'xvfb' },
    files: {
      '/srv/secret': 'nothing of X\n',
      '/etc/cont-init.d/00-leftovers': `#!/bin/sh
set -eu
mkdir -m 1777 /tmp/.X11-unix
setpriv --reuid 2000 --regid 2000 --clear-groups python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/tmp/.X11-unix/X1")'
printf '%10d\\n' 1 >/tmp/.X1-lock
cp /bin/sleep /tmp/Xliving
/tmp/Xliving 1000 >/dev/null 2>&1 &
printf '%10d\\n' $! >/tmp/.X7-lock
ln -s /srv/secret /tmp/.X8-lock
echo 1 >/tmp/.Xkeep-lock
`,
    },
  });
  await desktop.container.waitFor(/^lintel: xvfb is ready/m);
  const { stdout } = await desktop.run([
    'sh',
    '-c',
    'cd /tmp; ls -d .X*-lock .X11-unix/*; stat -c "%U %a" .X11-unix',
  ]);
  assert.equal(stdout, '.X11-unix/X1\n.X7-lock\n.X8-lock\n.Xkeep-lock\nroot 1777\n');
  assert.match(await desktop.askAsUser(['xdpyinfo']), /dimensions/);
});

test('the display of another X server is not taken away from it', SKIP, async t => {
  const desktop = await startDesktop(t, {
    user: WORKBENCH_USER,
    environment: { LINTEL_SERVICES: 'xvfb', DISPLAY: ':3' },
    files: {
      '/etc/cont-init.d/50-own': `#!/bin/sh
Xvfb :3 -nolisten tcp >/dev/null 2>&1 &
until [ -e /tmp/.X3-lock ]; do sleep 0.05; done
`,
    },
  });
  await desktop.container.waitFor(/^xvfb \| Cannot serve display :3: Xvfb, process \d+, has it/m);
  assert.equal((await desktop.commandLines()).filter(line => line.startsWith('Xvfb')).length, 1);
});

interface Picture {
  readonly width: number;
  /** Red, green, blue of each pixel, by rows. */
  readonly pixels: Uint8Array;
}

interface Desktop {
  readonly container: Container;
  /** Waits until each service is ready, those that need the X server in their nth life at least. */
  waitForAll(life?: number): Promise<void>;
  run(
    command: readonly string[],
    user?: { readonly uid: number; readonly gid: number },
  ): ReturnType<typeof execInContainer>;
  /** What the command prints, run by the workbench user with the workbench's environment; it has to succeed. */
  askAsUser(command: readonly string[]): Promise<string>;
  vnc(password: string): ReturnType<typeof execInContainer>;
  photograph(password: string): Promise<Picture>;
  /** "address:port" of all that listens for TCP. */
  listeners(): Promise<string[]>;
  commandLines(): Promise<string[]>;
  pidOf(program: string): Promise<number>;
  /** The first message of whoever serves it. */
  openWebsocket(url: string): Promise<string>;
}

async function startDesktop(t: TestContext, options: ContainerOptions): Promise<Desktop> {
  const container = startContainer(t, ['/init'], {
    ...options,
    environment: { LINTEL_SERVICES: 'novnc', VNC_PASSWORD: PASSWORD, ...options.environment },
  });
  const environment = { PATH: CONTAINER_PATH, HOME: '/tmp' };
  const run: Desktop['run'] = (command, user) =>
    execInContainer(container, command, { environment, ...(user === undefined ? {} : { user }) });
  const askAsUser = async (command: readonly string[]) => {
    const { code, stdout, stderr } = await run(
      ['lintel', 'run', '--workbench', '--', ...command],
      WORKBENCH_USER,
    );
    assert.equal(code, 0, stderr + container.output());
    return stdout;
  };
  /** Its first picture is what x11vnc saw when the last client left. */
  const vnc = async (password: string) => {
    await run(['sh', '-c', 'rm -f /tmp/shot* /tmp/vnc; x11vnc -storepasswd "$0" /tmp/vnc', password]);
    return run([
      'vncsnapshot',
      '-passwd',
      '/tmp/vnc',
      '-count',
      '2',
      '-fps',
      '1',
      '127.0.0.1:0',
      '/tmp/shot.jpg',
    ]);
  };
  const commandLines = async () => {
    const { stdout } = await run(['ps', '-eo', 'args']);
    return stdout.trimEnd().split('\n').slice(1);
  };
  return {
    container,
    run,
    askAsUser,
    vnc,
    commandLines,
    waitForAll: async (life = 1) => {
      await waitUntil('the whole desktop is ready', async () => {
        const { stdout } = await run(['lintel', 'status', '--json'], WORKBENCH_USER);
        const { services } = JSON.parse(stdout || '{"services": []}') as Status;
        return SERVICES.every(wanted => {
          const least = wanted === 'novnc' ? 1 : life;
          return services.some(({ name, isReady, spawn }) => name === wanted && isReady && spawn >= least);
        });
      }).catch(error => assert.fail(`${error.message}. It wrote:\n${container.output()}`));
    },
    photograph: async password => {
      const { code, stderr } = await vnc(password);
      assert.equal(code, 0, stderr);
      const path = `/proc/${await container.pid()}/root/tmp/shot00001.jpg`;
      const { stdout } = await execa('convert', [path, 'ppm:-'], { encoding: 'buffer' });
      return parsePpm(stdout);
    },
    listeners: async () => {
      const { stdout } = await run(['ss', '-ltnH']);
      return stdout
        .trimEnd()
        .split('\n')
        .flatMap(line => line.split(/\s+/)[3] ?? [])
        .sort();
    },
    pidOf: async program => {
      const mine = readlinkSync(`/proc/${await container.pid()}/ns/pid`);
      const pid = readdirSync('/proc').find(
        name => /^\d+$/.test(name) && tryRead(name, 'comm') === `${program}\n` && namespaceOf(name) === mine,
      );
      assert.ok(pid !== undefined, `no ${program} runs`);
      return Number(pid);
    },
    openWebsocket: async url => {
      const code = `const s = new WebSocket(process.argv[1], 'binary'); s.binaryType = 'arraybuffer';
        s.onmessage = ({ data }) => { process.stdout.write(Buffer.from(data)); process.exit(); };
        s.onerror = ({ message }) => { console.log(message); process.exit(1); };`;
      const { stdout } = await run(['/usr/local/lib/lintel/node', '-e', code, url]);
      return stdout;
    },
  };
}

interface Status {
  readonly services: readonly { readonly name: string; readonly isReady: boolean; readonly spawn: number }[];
}

/** "" for what has ended meanwhile. */
function tryRead(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return '';
  }
}

/** "P6", width, height and 255, then three bytes a pixel. */
function parsePpm(bytes: Uint8Array): Picture {
  const [header = '', width = '0'] =
    /^P6\s+(\d+)\s+\d+\s+255\s/.exec(Buffer.from(bytes.subarray(0, 64)).toString('latin1')) ?? [];
  return { width: Number(width), pixels: bytes.subarray(header.length) };
}

/** What JPEG makes of a colour is near it. */
function isNear([red = 0, green = 0, blue = 0]: Uint8Array, colour: typeof COLOUR): boolean {
  const distances = [red - colour.red, green - colour.green, blue - colour.blue].map(Math.abs);
  return distances.every(distance => distance <= 8);
}

function countColours(pixels: Uint8Array): number {
  const colours = new Set<number>();
  for (let at = 0; at + 2 < pixels.length; at += 3)
    colours.add(((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0));
  return colours.size;
}
