import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CLIENTS, type ClientName } from '../sandbox/clients.ts';
import { makeMirror, ORIGINS } from '../sandbox/mirror.ts';

/**
 * What every cell of the matrix holds: a mirror that only the operator's certificate vouches for, a script, two
 * services of which one requires the other, and a finish script.
 */
export interface Layer {
  /** Options of `podman run` that put it there. */
  readonly flags: readonly string[];
  readonly remove: () => Promise<void>;
}

/** What an operator sets. */
export const SETTINGS = {
  PIP_REPOSITORY: `${ORIGINS.https}/pypi/simple`,
  R_REPOSITORY: `${ORIGINS.https}/cran`,
  PATH_TO_CA_BUNDLE: '/etc/platform/authority.pem',
  GIT_USER_NAME: 'Tina Turner',
  GIT_USER_MAIL: 'tina@example.com',
  LINTEL_SERVICES: 'mirror store web',
} as const;

const FOLDERS = ['/etc/services.d', '/etc/cont-init.d', '/etc/cont-finish.d', '/etc/platform', '/srv'];

const makeFiles = (): Readonly<Record<string, string>> => ({
  '/etc/cont-init.d/20-proof': `#!/bin/sh
echo "the script runs as $(id -u):$(id -g)"
echo "PROOF=by-script" >> "$LINTEL_ENV"
`,
  '/etc/cont-finish.d/90-farewell': '#!/bin/sh\necho farewell\n',
  // This Debian lacks a library of Node's, which Lintel brings for itself.
  '/etc/services.d/mirror/run':
    '#!/bin/sh\nexec env -i LD_LIBRARY_PATH=/usr/local/lib/lintel /usr/local/lib/lintel/node /srv/mirror-server.ts\n',
  '/etc/services.d/mirror/service.json': '{"ready": {"tcp": "127.0.0.1:8443"}}',
  // Says that it is ready itself, as s6's services do.
  '/etc/services.d/store/run': `#!/bin/sh
trap 'echo store closes; exit 0' TERM
echo "store runs as $(id -u):$(id -g) with PROOF=\${PROOF:-} HOME=$HOME"
echo >&3
while :; do sleep 9999 & wait $!; done
`,
  '/etc/services.d/store/service.json': '{"ready": {"notifyFd": 3}}',
  '/etc/services.d/web/run': `#!/usr/bin/perl
use IO::Socket::INET;
$| = 1;
$SIG{TERM} = sub { print "web closes\\n"; exit 0 };
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1:9000', ReuseAddr => 1) or die;
print "web runs with PROOF=$ENV{PROOF}\\n";
while (1) { my $client = $server->accept or next; close $client; }
`,
  '/etc/services.d/web/service.json': '{"ready": {"tcp": 9000}, "requires": ["mirror", "store"]}',
  '/srv/try.sh': makeTryScript(),
});

const TRIED = ['pip', 'git', 'curl'] as const satisfies readonly ClientName[];
/** As `install.packages` begins, which would take seconds. */
const R = ['Rscript', '-e', 'cat("\\n", rownames(available.packages(type = "source")), sep = "")'];
const AUTHOR = ['git', 'var', 'GIT_AUTHOR_IDENT'];
/** Not started by Lintel: nothing but the shell's own files tells it of the environment. */
const BASH = ['env', '-i', 'bash', '-ic', 'echo "$PROOF"'];
/** Engines let everybody write there, whatever the root is. */
const SCRATCH = '/dev/shm';

/** Each client's proof, as it says it with the settings of the cell. */
export const PROOFS: Readonly<Record<string, RegExp>> = {
  ...Object.fromEntries(TRIED.map(name => [name, new RegExp(`^${CLIENTS[name].proof}$`)])),
  R: /^lintelTiny$/,
  author: /^Tina Turner <tina@example\.com> /,
  bash: /^by-script$/,
};

/** Runs the clients one after the other and prints, for each, a line: name, exit code, its last line. */
function makeTryScript(): string {
  const places = { origin: ORIGINS.https };
  const commands = {
    ...Object.fromEntries(TRIED.map(name => [name, CLIENTS[name].command(places)])),
    R,
    author: AUTHOR,
    bash: BASH,
  };
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  return `#!/bin/sh
export TMPDIR=${SCRATCH}
try() {
  name=$1
  shift
  if said=$("$@" 2>&1); then code=0; else code=$?; fi
  printf '%s %s %s\\n' "$name" "$code" "$(printf '%s\\n' "$said" | tail -n 1)"
}
${Object.entries(commands)
  .map(([name, words]) => ['try', name, ...words].map(word => quote(word.replaceAll('/tmp/', `${SCRATCH}/`))))
  .map(words => words.join(' '))
  .join('\n')}
`;
}

/** Takes about half a second. */
export async function makeLayer(): Promise<Layer> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-matrix-'));
  const { files, caPem } = await makeMirror();
  const all = { ...files, ...makeFiles(), [SETTINGS.PATH_TO_CA_BUNDLE]: caPem };
  for (const [path, text] of Object.entries(all)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  return {
    flags: [
      ...FOLDERS.map(path => `--volume=${folder}${path}:${path}:ro`),
      `--add-host=${new URL(ORIGINS.https).hostname}:127.0.0.1`,
    ],
    remove: () => rm(folder, { recursive: true }),
  };
}
