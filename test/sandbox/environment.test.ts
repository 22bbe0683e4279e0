import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CONTAINER_PATH,
  type Container,
  type ContainerOptions,
  execInContainer,
  startContainer,
  WORKBENCH_USER,
  whyNot,
} from './container.ts';

/** What has to arrive everywhere as it is, and be evaluated nowhere. */
const ODD = 'it\'s "odd" $(touch /tmp/evaluated) `touch /tmp/evaluated` \\ ${HOME} and\ntwo lines ';
const SECRET = 'hunter2';
const LOGIN = {
  HOME: '/home/lintel',
  USER: 'lintel',
  TERM: 'dumb',
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/games',
};
const IMAGE = { PATH: CONTAINER_PATH, HOME: '/root', HF_TOKEN: SECRET, GIVEN: ODD };
const SHOW = 'exec /usr/bin/env -0';

const FILES = {
  '/etc/cont-init.d/10-grow': `#!/bin/sh
printf %s "$GIVEN" > "$LINTEL_RUNTIME_DIR/env/GROWN"
echo "PATH=/opt/tools/bin:$PATH" >> "$LINTEL_ENV"
`,
  '/etc/services.d/web/run': `#!/bin/sh\numask 077\n/usr/bin/env -0 > "$HOME/service"\nexec sleep 9999\n`,
  // What conda's installer leaves there.
  '/etc/profile.d/conda.sh': 'export CONDA_PREFIX=/opt/conda\nPATH="/opt/conda/bin:$PATH"\n',
  '/opt/tools/bin/tool': '#!/bin/sh\necho tool\n',
};

/** A kernel as Jupyter starts it: with what its server has, and what it adds. */
const KERNEL = `
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3")
client.execute_interactive(
    "import os, sys; sys.stdout.write(''.join(f'{k}={v}\\\\0' for k, v in os.environ.items()))",
    output_hook=lambda m: sys.stdout.write(m["content"]["text"]) if m["msg_type"] == "stream" else print(m, file=sys.stderr),
    timeout=60)
manager.shutdown_kernel(now=True)
`;

const CONTAINERS: readonly (readonly [how: string, options: ContainerOptions])[] = [
  ['started as root', {}],
  ['started as uid 1000, which may not write /etc', { user: WORKBENCH_USER }],
];

for (const [how, options] of CONTAINERS) {
  describe(`one environment ${how}`, {
    skip: whyNot({ isRoot: true, programs: ['/usr/bin/nsenter'] }),
  }, () => {
    const start = async (t: Parameters<typeof startContainer>[0]) => {
      const container = startContainer(t, ['/init', 'sh', '-c', 'echo started; exec sleep 9999'], {
        ...options,
        files: { ...FILES, '/home/lintel/.bashrc': 'case $- in *i*) ;; *) return ;; esac\nOWN=1\n' },
        environment: { GIVEN: ODD, HF_TOKEN: SECRET, HOME: '/home/lintel', LINTEL_SERVICES: 'web' },
      });
      await container.waitFor(/^started$/m);
      return container;
    };
    /** As after a login by ssh, or su: nothing of the container's. */
    const asUser = (container: Container, command: readonly string[], environment: object = LOGIN) =>
      execInContainer(container, command, { user: WORKBENCH_USER, environment: { ...environment } });
    const assertWhole = (text: string, path: RegExp | undefined = /^\/opt\/tools\/bin:/) => {
      const seen = parse(text);
      const { GIVEN, GROWN, HF_TOKEN, LINTEL_RUNTIME_DIR = '' } = seen;
      assert.deepEqual({ GIVEN, GROWN, HF_TOKEN }, { GIVEN: ODD, GROWN: ODD, HF_TOKEN: SECRET }, text);
      assert.match(LINTEL_RUNTIME_DIR, /lintel/);
      if (path !== undefined) assert.match(seen['PATH'] ?? '', path);
      return seen;
    };

    test('is that of services, of login and interactive shells, and of lintel run', async t => {
      const container = await start(t);
      for (const shell of [
        ['bash', '-l'],
        ['sh', '-l'],
        ['busybox', 'sh', '-l'],
      ]) {
        const { stdout, stderr } = await asUser(container, [...shell, '-c', SHOW]);
        const seen = assertWhole(stdout, /^\/opt\/conda\/bin:\/opt\/tools\/bin:/);
        assert.equal(seen['CONDA_PREFIX'], '/opt/conda', 'what profile.d does still happens');
        assert.deepEqual([seen['HOME'], seen['TERM'], stderr], ['/home/lintel', 'dumb', ''], shell.join(' '));
      }
      assertWhole((await asUser(container, ['bash', '-i', '-c', SHOW])).stdout);
      const bySsh = { ...LOGIN, SSH_CLIENT: '127.0.0.1 50000 22' };
      assertWhole((await asUser(container, ['bash', '-c', SHOW], bySsh)).stdout);
      const image = { ...IMAGE, HOME: '/home/lintel' };
      assertWhole((await asUser(container, ['bash', '-i', '-c', SHOW], image)).stdout);
      assertWhole((await asUser(container, ['bash', '-l', '-c', SHOW], image)).stdout, /tools/);
      assertWhole((await asUser(container, ['lintel', 'run', '--', 'env', '-0'], image)).stdout);
      const service = await asUser(container, ['cat', '/home/lintel/service']);
      assertWhole(service.stdout);
      const { stdout } = await asUser(container, ['sh', '-c', 'ls /tmp/evaluated; id -u']);
      assert.equal(stdout, '1000\n');
    });

    // Only root writes R's site file.
    if (options.user === undefined) {
      test('is that of R sessions that have none', {
        skip: whyNot({ programs: ['/usr/bin/Rscript'] }),
      }, async t => {
        const container = await start(t);
        // As rserver starts a session: with a PATH of its own, and next to nothing else.
        const session = { ...LOGIN, PATH: '/usr/lib/rstudio-server/bin:/usr/bin:/bin', HF_TOKEN: '' };
        for (const command of [['Rscript'], ['R', '--no-save', '--no-echo']]) {
          const code = 'system("exec /usr/bin/env -0")';
          const line = [...command, '-e', code];
          let said = await asUser(container, line, session);
          // R's files are written once everything has been started.
          for (let attempt = 0; attempt < 20 && !said.stdout.includes('GROWN'); attempt++)
            said = await asUser(container, line, session);
          assertWhole(said.stdout, /^\/opt\/tools\/bin:.*\/usr\/lib\/rstudio-server\/bin:/);
        }
      });
    }

    test('is that of logins and commands by ssh', {
      skip: whyNot({ programs: ['/usr/sbin/sshd', '/usr/bin/ssh'] }),
    }, async t => {
      const ssh =
        'ssh -q -p 2222 -i "$HOME/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null 127.0.0.1';
      const script = [
        'umask 077; mkdir -p "$HOME/.ssh"',
        'ssh-keygen -q -t ed25519 -N "" -f "$HOME/key" </dev/null',
        'cp "$HOME/key.pub" "$HOME/.ssh/authorized_keys"',
        'lintel ready --timeout 20s >&2',
        `${ssh} 'exec /usr/bin/env -0'; echo; echo ---`,
        `echo 'exec /usr/bin/env -0' | ${ssh} -T`,
      ].join('\n');
      const container = startContainer(t, ['/init', 'sh', '-euc', script], {
        ...options,
        files: { ...FILES, '/home/lintel/.bashrc': '' },
        environment: { GIVEN: ODD, HF_TOKEN: SECRET, HOME: '/home/lintel', LINTEL_SERVICES: 'sshd' },
      });
      const { stdout, stderr } = await container.end();
      const [command = '', login = ''] = stdout.split('\n---\n');
      assert.notEqual(command, '', stderr);
      assertWhole(command);
      assertWhole(login, /\/opt\/tools\/bin/);
    });

    test('is nobody else’s', async t => {
      const container = await start(t);
      const other = { uid: 1234, gid: 1234 };
      const login = { ...LOGIN, HOME: '/', USER: 'other' };
      const { stdout, stderr } = await execInContainer(container, ['bash', '-l', '-c', SHOW], {
        user: other,
        environment: login,
      });
      assert.doesNotMatch(stdout, /hunter2|LINTEL_RUNTIME_DIR/);
      assert.equal(stderr, '');
      const readable = await execInContainer(
        container,
        ['sh', '-c', 'find / -xdev -type f -size -1000 2>/dev/null | xargs -d "\\n" grep -ls hunter2; :'],
        { user: other, environment: login },
      );
      assert.equal(readable.stdout, '');
      // Root runs nothing that the workbench user could have written.
      const root = await execInContainer(container, ['bash', '-l', '-c', SHOW], { environment: IMAGE });
      assert.equal(parse(root.stdout)['GROWN'], options.user === undefined ? ODD : undefined);
    });

    test('is that of a notebook’s kernel, of the CMD and of its login shells', {
      skip: whyNot({ programs: ['/usr/bin/jupyter-server'] }),
    }, async t => {
      const container = startContainer(
        t,
        [
          '/init',
          'sh',
          '-c',
          '/usr/bin/env -0; echo; echo ---; bash -lc "/usr/bin/env -0"; echo; echo ---; exec python3 /srv/kernel.py',
        ],
        {
          ...options,
          files: { ...FILES, '/srv/kernel.py': KERNEL },
          environment: { GIVEN: ODD, HF_TOKEN: SECRET, HOME: '/home/lintel' },
        },
      );
      const { stdout, stderr } = await container.end();
      const [command = '', login = '', kernel = ''] = stdout.split('\n---\n');
      assertWhole(command);
      assertWhole(login, /^\/opt\/conda\/bin:\/opt\/tools\/bin:/);
      assert.notEqual(kernel, '', stderr);
      assertWhole(kernel);
    });
  });
}

test('the hook of login shells is harmless where no Lintel runs', {
  skip: whyNot({ isRoot: true }),
}, async t => {
  const script =
    '/usr/bin/env > /tmp/a; for shell in sh bash "busybox sh"; do $shell -eulc "set" >/dev/null; done';
  const container = startContainer(t, ['/bin/sh', '-euc', script]);
  const { code, stderr } = await container.end();
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

function parse(text: string): Readonly<Record<string, string>> {
  const entries = text.split('\0').filter(entry => entry.includes('='));
  return Object.fromEntries(
    entries.map(entry => [
      entry.slice(0, entry.indexOf('=')).trimStart(),
      entry.slice(entry.indexOf('=') + 1),
    ]),
  );
}
