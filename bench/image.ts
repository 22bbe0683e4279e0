import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

/** Not /tmp, which may be memory: the pages of a program there would count as dirty ones of its process. */
const DISK = '/var/tmp';
const NATIVE = join(import.meta.dirname, 'native');
/** A certificate that no system bundle holds. */
const PRIVATE_CA = join(import.meta.dirname, 'private-ca.pem');
const LINTEL = '/usr/local/lib/lintel';
/** The node that runs Lintel, and the bare one beside it: one file, so that both find it equally warm. */
export const NODE = `${LINTEL}/node`;
/** The names that program.c knows. The last line are the clients that a plan configures and must not start. */
const PROGRAMS = ['store', 'service', 'mortal', 'stubborn', 'chatty', 'operator', 'command'];
const CLIENTS = ['pip', 'pip3', 'uv', 'conda', 'mamba', 'R', 'Rscript', 'git', 'npm'];

export const UPDATE_STORE = '/usr/sbin/update-ca-certificates';

/** Text by its path below `/`; what lies in a folder of scripts or services is executable. */
export type Files = Readonly<Record<string, string>>;

/** Where a bench keeps its images and runs; gone when it ends. */
export interface Workshop extends AsyncDisposable {
  readonly directory: string;
  readonly base: string;
}

/** Compiles the programs and lays out what every image holds: them, Lintel from `dist`, and a user 1000. */
export async function openWorkshop(dist: string): Promise<Workshop> {
  const directory = await mkdtemp(join(DISK, 'lintel-bench-'));
  // A service user has to reach its programs and the file of stamps.
  await chmod(directory, 0o755);
  const base = join(directory, 'base');
  await placeLintel(dist, base);
  await placePrograms(base);
  await writeFiles(base, {
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1000:worker:/home/worker:/bin/sh\n',
    '/etc/group': 'root:x:0:\nworker:x:1000:\n',
    '/etc/private-ca.pem': await readFile(PRIVATE_CA, 'utf8'),
  });
  // After an error a run may still write here: that error is worth more than the one of this removal.
  const remove = () => rm(directory, { recursive: true, force: true }).catch(() => {});
  return { directory, base, [Symbol.asyncDispose]: remove };
}

/** A layer over the base, for one init and one work; returns its folder. */
export async function makeImage(workshop: Workshop, name: string, files: Files): Promise<string> {
  const layer = join(workshop.directory, 'images', name.replaceAll(/\W+/g, '-'));
  await mkdir(join(layer, 'etc'), { recursive: true });
  await writeFiles(layer, files);
  return layer;
}

async function placeLintel(dist: string, base: string): Promise<void> {
  const folder = join(base, LINTEL);
  for (const name of ['services.d', 'cont-init.d']) await mkdir(join(folder, name), { recursive: true });
  // Copies: a build that runs meanwhile must not change what is measured, nor this process share node's pages.
  for (const name of ['lintel.cjs', 'lintel.cjs.cache', 'loader.cjs', 'node'])
    await copyFile(join(dist, name), join(folder, name));
  await mkdir(join(base, 'usr/local/bin'), { recursive: true });
  for (const link of ['/init', '/usr/local/bin/lintel'])
    await symlink(`${LINTEL}/lintel.cjs`, join(base, link));
}

async function placePrograms(base: string): Promise<void> {
  const folder = join(base, 'bench');
  await mkdir(join(folder, 'out'), { recursive: true });
  for (const name of ['pid1', 'drain', 'floor', 'program', 'orphans']) {
    await execa('cc', ['-O2', '-static', '-Wall', '-o', join(folder, name), join(NATIVE, `${name}.c`)]);
  }
  for (const name of PROGRAMS) await symlink('program', join(folder, name));
  for (const name of CLIENTS) await symlink('/bench/program', join(base, 'usr/local/bin', name));
  if (existsSync(UPDATE_STORE)) await placeStore(base);
}

/** The machine's own program, with a stamp before and after it: its time is nobody's merit. */
async function placeStore(base: string): Promise<void> {
  const real = '/usr/local/lib/bench/update-ca-certificates';
  await mkdir(dirname(join(base, real)), { recursive: true });
  await copyFile(UPDATE_STORE, join(base, real));
  const script = `#!/bin/sh\n/bench/store\n${real} "$@"\ncode=$?\n/bench/store\nexit $code\n`;
  await mkdir(dirname(join(base, UPDATE_STORE)), { recursive: true });
  await writeFile(join(base, UPDATE_STORE), script, { mode: 0o755 });
}

async function writeFiles(root: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode: /\.d\//.test(path) ? 0o755 : 0o644 });
  }
}
