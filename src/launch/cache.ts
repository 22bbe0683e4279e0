import { crc32 } from 'node:zlib';

/**
 * The V8 code cache of the bundle, behind a header of our own. V8's own check is weak: it takes a cache made
 * from other source of the same length, and flipped bytes can abort the process. So the header is checked
 * first, and it is text, so that `head -1` tells what a file is:
 *
 *     lintel-cache 1 <bundle id> <node version> <arch> <crc32 of the data>\n<data>
 */
const MAGIC = 'lintel-cache 1';
const HEADER_LIMIT_BYTES = 256;

/** What happened to the code cache at this start: `lintel version --json` says it. */
export type CacheUse = 'used' | 'absent' | 'refused';

export function renderCache(bundleId: string, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${header(bundleId)} ${crc32(data)}\n`), data]);
}

/** The data behind a header that fits this bundle, this Node and this machine; undefined for any other file. */
export function parseCache(bundleId: string, file: Buffer): Buffer | undefined {
  const end = file.subarray(0, HEADER_LIMIT_BYTES).indexOf(0x0a);
  const data = file.subarray(end + 1);
  return file.toString('latin1', 0, Math.max(end, 0)) === `${header(bundleId)} ${crc32(data)}`
    ? data
    : undefined;
}

function header(bundleId: string): string {
  return `${MAGIC} ${bundleId} ${process.version} ${process.arch}`;
}
