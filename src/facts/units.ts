import { readBytes } from './files.ts';

/** What the kernel counts in, where it counts neither bytes nor seconds. */
export interface Units {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

/** AT_PAGESZ and AT_CLKTCK of getauxval(3): pairs of 64 bits each. arm64 has pages of 4, 16 or 64 KiB. */
const PAGE_SIZE = 6n;
const TICKS = 17n;
const PAIR_BYTES = 16;
/** A few dozen pairs. */
const LIMIT_BYTES = 64 * 1024;

export function readUnits(path = '/proc/self/auxv'): Units {
  return parseUnits(tryRead(path));
}

/** What is not said is as nearly everywhere. */
export function parseUnits(auxv: Buffer): Units {
  const values = new Map<bigint, number>();
  for (let at = 0; at + PAIR_BYTES <= auxv.length; at += PAIR_BYTES)
    values.set(auxv.readBigUInt64LE(at), Number(auxv.readBigUInt64LE(at + 8)));
  return { pageBytes: values.get(PAGE_SIZE) || 4096, ticksPerSecond: values.get(TICKS) || 100 };
}

function tryRead(path: string): Buffer {
  try {
    return readBytes(path, LIMIT_BYTES) ?? Buffer.alloc(0);
  } catch {
    return Buffer.alloc(0);
  }
}
