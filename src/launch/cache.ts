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
  return Buffer.concat([Buffer.from(`${header(bundleId)} ${checksum(data)}\n`), data]);
}

/** The data behind a header that fits this bundle, this Node and this machine; undefined for any other file. */
export function parseCache(bundleId: string, file: Buffer): Buffer | undefined {
  const end = file.subarray(0, HEADER_LIMIT_BYTES).indexOf(0x0a);
  const data = file.subarray(end + 1);
  return file.toString('latin1', 0, Math.max(end, 0)) === `${header(bundleId)} ${checksum(data)}`
    ? data
    : undefined;
}

function header(bundleId: string): string {
  return `${MAGIC} ${bundleId} ${process.version} ${process.arch}`;
}

/**
 * CRC-32. Node's own program holds zlib's function, and calling it there takes a third of a millisecond, where
 * loading the module node:zlib takes two or three, at every start.
 */
function checksum(data: Buffer): string {
  try {
    const { functions } = process.getBuiltinModule('node:ffi').dlopen(null, CRC32);
    return functions.crc32(0n, data, data.length).toString(16);
  } catch {
    return process.getBuiltinModule('node:zlib').crc32(data).toString(16);
  }
}

/** zlib.h: uLong crc32(uLong crc, const Bytef *buf, uInt len). */
const CRC32 = { crc32: { arguments: ['u64', 'buffer', 'u32'], return: 'u64' } } as const;
