import { cpSync, lchownSync, linkSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CommandResult } from '../../src/commands/command.ts';
import { runCommand } from '../../src/commands/list.ts';
import type { Environment } from '../../src/launch/environ.ts';
import { type Entry, type Folder, makeFolder, script } from '../facts/folder.ts';
import { IS_ROOT } from '../rig.ts';

export const CHECKOUT = join(import.meta.dirname, '../..');
const LINTEL = '/usr/local/lib/lintel';

/** A little program that names one library and its loader, as Node does: of 64 bits, for no processor in particular. */
function makeProgram(libraries: readonly string[], loader: string): Uint8Array {
  const names = Buffer.from(`\0${libraries.join('\0')}\0`);
  const [interpreter, table, dynamic] = [232, 320, 512];
  const bytes = Buffer.alloc(dynamic + (libraries.length + 2) * 16);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(3, 56);
  const segment = (index: number, type: number, offset: number, size: number) => {
    const at = 64 + index * 56;
    bytes.writeUInt32LE(type, at);
    bytes.writeBigUInt64LE(BigInt(offset), at + 8);
    bytes.writeBigUInt64LE(BigInt(offset), at + 16);
    bytes.writeBigUInt64LE(BigInt(size), at + 32);
  };
  segment(0, 1, 0, bytes.length);
  segment(1, 3, interpreter, loader.length + 1);
  segment(2, 2, dynamic, bytes.length - dynamic);
  bytes.write(`${loader}\0`, interpreter, 'latin1');
  names.copy(bytes, table);
  let at = dynamic;
  const entry = (tag: number, value: number) => {
    bytes.writeBigUInt64LE(BigInt(tag), at);
    bytes.writeBigUInt64LE(BigInt(value), at + 8);
    at += 16;
  };
  entry(5, table);
  for (const name of libraries) entry(1, names.indexOf(`${name}\0`));
  entry(0, 0);
  return bytes;
}

/** All of a small image with Lintel as its last layer; what it says of its owners is true only where tests run as root. */
const HEALTHY: Readonly<Record<string, Entry>> = {
  'etc/passwd': 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n',
  'etc/group': 'root:x:0:\nada:x:1000:\n',
  'bin/sh': script(),
  'usr/bin/env': script(),
  'usr/bin/base64': script(),
  'usr/bin/setpriv': script(),
  'lib/loader.so': 'library',
  'lib/libc.so.6': 'library',
  'home/ada': 'a folder',
  [`${LINTEL.slice(1)}/lintel.cjs`]: script('#!/bin/sh\n":" /*\n*/;\n'),
  [`${LINTEL.slice(1)}/node`]: { bytes: makeProgram(['libc.so.6'], '/lib/loader.so'), mode: 0o755 },
  'opt/onyxia-init.sh': script('#!/bin/sh\n":" /*\n*/;\n'),
};

/** A healthy image with these entries besides, or instead. */
export function makeImage(t: TestContext, entries: Readonly<Record<string, Entry>> = {}): Folder {
  const image = makeFolder(t, { ...HEALTHY, ...entries });
  copyLintel(image.path);
  if (IS_ROOT) giveAway(image.at('home/ada'));
  return image;
}

/** What the image's layer holds but for the program: links, shims, scripts and services. */
function copyLintel(root: string): void {
  const copy = (from: string, to: string) =>
    cpSync(join(CHECKOUT, from), join(root, to), {
      recursive: true,
      verbatimSymlinks: true,
      // What a test has put there stays.
      filter: (source, target) => lstatSync(source).isDirectory() || !hasEntry(target),
    });
  copy('rootfs', '.');
  for (const folder of ['services.d', 'cont-init.d']) copy(folder, `${LINTEL}/${folder}`);
}

function giveAway(folder: string): void {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const name of ['', ...names]) lchownSync(join(folder, name), 1000, 1000);
}

/** Also a link to nothing. */
function hasEntry(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** As `npm run build` made it, for images that are to be whole. */
export function placeBuild(root: string): void {
  for (const name of readdirSync(join(CHECKOUT, 'dist'))) {
    const [from, to] = [join(CHECKOUT, 'dist', name), join(root, LINTEL, name)];
    try {
      linkSync(from, to);
    } catch {
      cpSync(from, to);
    }
  }
}

/** Runs `lintel check`, with a ROOT unless `environment` has LINTEL_ROOT. */
export async function runCheck(
  args: readonly string[],
  environment: Environment = {},
): Promise<CommandResult> {
  const origin = { environment, notUtf8: [], openFilesSoft: 1024 };
  const terminal = { isTerminal: false, hasColours: false, columns: undefined, rows: undefined };
  const write = async () => {
    throw new Error('check writes nothing by itself');
  };
  return runCommand('check', args, { origin, cacheUse: 'used', terminal, write });
}
