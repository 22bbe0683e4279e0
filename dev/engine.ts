/**
 * podman and runc from Debian, without a daemon, a registry or a systemd: with a store and a configuration of their
 * own, so that nothing of the machine's other containers is seen or touched.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa, type Options } from 'execa';
import { isExecutableFile } from '../src/facts/files.ts';

/** Downloads and images; kept between runs. */
export const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'lintel-tests');
export const CHECKOUT = join(import.meta.dirname, '..');

/** Two checkouts of one machine have images of their own, if this differs. */
const PREFIX = process.env['LINTEL_TEST_IMAGES'] ?? '';

/** Images that prepare.ts makes. */
export const IMAGES = {
  /** A Debian without anything. */
  debian: 'debian:bookworm-slim',
  /** Any Node and npm, to build with. */
  node: 'node:26-bookworm-slim',
  /** Dockerfile.base on that Debian. */
  base: `${PREFIX}lintel-base`,
  /** Real programs for shipped services, on that Debian, without Lintel. */
  programs: 'lintel-test-programs',
  /** JupyterHub and Dask, beside those programs. */
  hub: 'lintel-test-hub',
  /** Dockerfile.base on the programs. */
  workbench: `${PREFIX}lintel-test-workbench`,
  /** Lintel alone, to be the last layer of another image. */
  alone: `${PREFIX}lintel`,
} as const;

const ENGINE = '/usr/bin/podman';
const RUNTIME = '/usr/sbin/runc';

/** Why this machine cannot run these tests; false when it can, and in CI, where no test is skipped. */
export function whyNot(): string | false {
  if (process.env['CI']) return false;
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = [ENGINE, RUNTIME].filter(path => !isExecutableFile(path));
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
}

let environment: Readonly<Record<string, string>> | undefined;

/** Variables under which podman, also when another program starts it, uses our store. */
export function engineEnvironment(): Readonly<Record<string, string>> {
  environment ??= configure();
  return environment;
}

/** A machine's own hard limits: without CAP_SYS_RESOURCE an engine can't raise them. */
function readHardLimit(name: string, most: number): number {
  const [, hard] =
    new RegExp(`^${name} +\\S+ +(\\d+)`, 'm').exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return Math.min(Number(hard ?? most), most);
}

function configure(): Readonly<Record<string, string>> {
  const folder = join(CACHE, 'engine');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const containers = join(folder, 'containers.conf');
  const storage = join(folder, 'storage.conf');
  const files = readHardLimit('Max open files', 65_536);
  const processes = readHardLimit('Max processes', 32_768);
  writeFileSync(
    containers,
    // No systemd: no journal, no slices, no timers. The usual runtime, crun, refuses hybrid cgroups.
    `[containers]
default_ulimits = ["nofile=1024:${files}", "nproc=${processes}:${processes}"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "${folder}/run/libpod"
[network]
default_subnet = "10.213.0.0/24"
`,
  );
  writeFileSync(
    storage,
    `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/store"\nrunroot = "${folder}/run/storage"\n`,
  );
  return { CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage };
}

/** Runs `podman ARGUMENTS`; throws when it fails, unless `options.reject` is false. */
export function podman(given: readonly string[], options: Options = {}) {
  return execa('podman', given, {
    ...(options.stdio === undefined ? { stdin: 'ignore' } : {}),
    ...options,
    env: { ...engineEnvironment(), ...options.env },
  });
}

export async function hasImage(image: string): Promise<boolean> {
  const { exitCode } = await podman(['image', 'exists', image], { reject: false });
  return exitCode === 0;
}
