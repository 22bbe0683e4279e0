import assert from 'node:assert/strict';
import { type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SECRETS, VARIABLES } from '../../src/settings/variables.ts';
import { startContainer, whyNot } from './container.ts';

/**
 * Every secret that Lintel knows, given in every way that there is, and then looked for in every place where others could
 * see it: logs, arguments of processes, files that others may read, what lintel prints. A new variable takes part by
 * itself: a secret one by its flag, a URL by what it expects.
 */
const MARK = 'Sweep-';
const POLL_MS = 2;
/** The kernel dates files by a clock of coarser ticks. */
const CLOCK_MS = 100;
const SERVER = '127.0.0.1:8099';
/** What a URL's variable is to look like where its own checks want more. */
const PATHS: Readonly<Record<string, string>> = {
  HTTP_PROXY: '',
  HTTPS_PROXY: '',
  REGION_INIT_SCRIPT: '/region.sh',
  PERSONAL_INIT_SCRIPT: '/personal.sh',
};
const BESIDES: Readonly<Record<string, string>> = {
  LINTEL_SERVICES: 'sshd web shows',
  GRANT_SUDO: '1',
  VAULT_RELATIVE_PATH: 'tables',
  VAULT_MOUNT: 'kv',
  VAULT_TOP_DIR: 'ada',
  GIT_USER_NAME: 'Ada',
  DARK_MODE: 'true',
  AWS_S3_ENDPOINT: SERVER,
  LINTEL_INIT_TIMEOUT_MS: '20000',
};
/** Programs that Lintel may start, each replaced by one that notes its arguments, whether it is installed or not. */
const NOTED = [
  ...[
    'chpasswd',
    'passwd',
    'git',
    'cp',
    'curl',
    'wget',
    'aws',
    'mc',
    'duckdb',
    'keytool',
    'R',
    'Rscript',
    'pip',
    'conda',
  ],
  ...[
    'mamba',
    'npm',
    'kubectl',
    'vault',
    'sudo',
    'update-ca-certificates',
    'nvidia-smi',
    'git-credential-lintel',
  ],
] as const;
const NOTE = `#!/bin/sh
printf '%s %s\\n' "$0" "$*" >> /tmp/arguments
if [ -x "/usr/lib/noted/\${0##*/}" ]; then exec "/usr/lib/noted/\${0##*/}" "$@"; fi
`;
/** In its own place, as root runs none from elsewhere. */
const NOTE_ALL = `mkdir /usr/lib/noted
for name in ${NOTED.join(' ')}; do
  place=$(command -v "$name") || place=/usr/bin/$name
  if [ -x "$place" ]; then mv "$place" "/usr/lib/noted/$name"; fi
  cat /srv/note > "$place"
  chmod 755 "$place"
done`;
/** Answers 404 to everybody, once it listens. */
const SERVE = `import http.server, os
server = http.server.HTTPServer(("127.0.0.1", 8099), http.server.SimpleHTTPRequestHandler)
if os.fork() == 0:
    os.setsid()
    server.serve_forever()
`;
/** What Lintel says when it is asked, on whatever stream. */
const SHOW = `#!/bin/sh
for command in plan facts env status 'env explain PASSWORD' 'env explain PIP_REPOSITORY' logs help; do
  lintel $command 2>&1
  lintel $command --json 2>&1
done
echo all shown
exec sleep 1000
`;
/** Folders of the container's root in which something could have been written. */
const FOLDERS = ['etc', 'run', 'tmp', 'home', 'var', 'root', 'opt', 'srv', 'mnt', 'usr/local', 'dev/shm'];

const URLS = Object.values(VARIABLES).flatMap(({ names, expected }) =>
  /URL/.test(expected) && !expected.includes('SHA') ? [names[0] ?? ''] : [],
);

/** A value that is found wherever it goes; in a URL as its password. */
function makeValue(name: string): string {
  const secret = `${MARK}${name.replaceAll('_', '-')}-q7`;
  return URLS.includes(name) ? `http://ada:${secret}@${SERVER}${PATHS[name] ?? '/simple'}` : secret;
}

const NAMES = [...new Set([...SECRETS, ...URLS])].filter(name => name !== 'LINTEL_ROOT');

/** The ways in which a value may come: lines of a script that sets variables, and files of the user's. */
const WAYS = {
  'by variables': (name: string) => `${name}='${makeValue(name)}'`,
  'by NAME_FILE': (name: string) =>
    SECRETS.includes(name) ? `${name}_FILE=/srv/given/${name}` : `FILE__${name}=/srv/given/${name}`,
  'by FILE__NAME': (name: string) => `FILE__${name}=/srv/given/${name}`,
} as const;

const SKIP = { skip: whyNot({ isRoot: true, programs: ['/usr/bin/python3', '/usr/sbin/sshd'] }) };

describe('no secret is where others could see it', SKIP, () => {
  for (const user of ['root', 'uid 1000'] as const) {
    for (const [how, assign] of Object.entries(WAYS)) {
      test(`given ${how}, started as ${user}`, async t => {
        const become = user === 'root' ? '' : 'setpriv --reuid 1000 --regid 100 --clear-groups -- ';
        // No secret may stand in the arguments that the sandbox itself is started with.
        const beganMs = Date.now();
        const container = startContainer(
          t,
          ['/bin/sh', '-euc', `. /srv/prepare; exec ${become}"$@"`, 'sh', '/init'],
          {
            environment: { ...BESIDES, HOME: '/home/lintel' },
            files: {
              '/srv/prepare': [
                ...NAMES.map(name => `export ${assign(name)}`),
                `chmod 700 /srv/given; chown -R 1000 /srv/given; chmod 600 /srv/given/*; rm /srv/prepare`,
                'mkdir -p /var/empty; cd /var/empty; python3 /srv/serve > /dev/null 2>&1; cd /',
                NOTE_ALL,
                ': > /tmp/arguments; chmod 666 /tmp/arguments',
                '',
              ].join('\n'),
              ...Object.fromEntries(NAMES.map(name => [`/srv/given/${name}`, makeValue(name)])),
              '/srv/note': NOTE,
              '/srv/serve': SERVE,
              '/etc/cont-init.d/10-first': '#!/bin/sh\necho first\n',
              '/etc/services.d/web/run': '#!/bin/sh\nexec sleep 1000\n',
              '/etc/services.d/shows/run': SHOW,
            },
          },
        );
        const pid = await container.pid();
        const seen = watchArguments(pid);
        t.after(seen.stop);
        await container.waitFor(/web starts/);
        await container.waitFor(/sshd starts/);
        await container.waitFor(/shows \| all shown/);
        const root = `/proc/${pid}/root`;
        const found = FOLDERS.flatMap(folder => findReadable(join(root, folder), beganMs));
        const args = readFileSync(`${root}/tmp/arguments`, 'utf8');
        await container.signal('SIGTERM');
        await container.end();
        const processes = seen.stop();
        assert.ok(processes.count > 3, `only ${processes.count} processes were looked at`);
        assert.deepEqual(processes.found, [], 'in arguments of processes');
        assert.doesNotMatch(args, new RegExp(MARK), 'in arguments of programs');
        assert.match(args, user === 'root' ? /chpasswd/ : /passwd|cp|git|$/);
        assert.deepEqual(
          found.map(path => path.slice(root.length)),
          [],
          'in files that others may read',
        );
        assert.deepEqual(linesWithSecrets(container.output()), [], 'in the log');
      });
    }
  }
});

function linesWithSecrets(text: string): string[] {
  return text.split('\n').filter(line => line.includes(MARK));
}

/** Looks at every process of the container's, as often as it can, until it is stopped. */
function watchArguments(pid: number) {
  const own = readLink(`/proc/self/ns/pid`);
  const theirs = readLink(`/proc/${pid}/ns/pid`);
  const found = new Set<string>();
  const processes = new Set<string>();
  /** Of the machine's other processes each is asked once. */
  const strangers = new Set<string>();
  let isOver = false;
  const look = () => {
    if (isOver) return;
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name) || strangers.has(name)) continue;
      const namespace = readLink(`/proc/${name}/ns/pid`);
      if (namespace !== theirs) {
        if (namespace === own) strangers.add(name);
        continue;
      }
      const text = read(`/proc/${name}/cmdline`).replaceAll('\0', ' ');
      processes.add(`${name} ${text}`);
      if (text.includes(MARK)) found.add(text);
    }
    setTimeout(look, POLL_MS);
  };
  assert.notEqual(own, theirs);
  look();
  return {
    stop() {
      isOver = true;
      return { found: [...found], count: processes.size };
    },
  };
}

/** Files changed since then with a secret in them that others may read, and look up by every folder on the way. */
function findReadable(folder: string, sinceMs: number): string[] {
  let entries: Dirent[];
  try {
    if ((lstatSync(folder).mode & 0o001) === 0) return [];
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return findReadable(path, sinceMs);
    if (entry.name.includes(MARK)) return [path];
    const { mode, ctimeMs } = lstatSync(path);
    const isSuspect = entry.isFile() && (mode & 0o004) !== 0 && ctimeMs >= sinceMs - CLOCK_MS;
    return isSuspect && read(path).includes(MARK) ? [path] : [];
  });
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
