import type { Tree } from './tree.ts';

/** What a program needs to begin: its loader and libraries, by name. */
export interface ElfNeeds {
  readonly loader: string | undefined;
  readonly libraries: readonly string[];
}

/** Of 64 bits and little-endian, as both of Node's processors are. Offsets and sizes from elf(5). */
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const ENTRY_BYTES = 16;
const SEGMENT = { load: 1, dynamic: 2, interpreter: 3 } as const;
const TAG = { end: 0, needed: 1, names: 5 } as const;
/** A program has a dozen of the first and some dozens of the second. */
const MOST_SEGMENTS = 64;
const MOST_ENTRIES = 512;
const MOST_NAME_BYTES = 256;

/** Reads what the file says, and starts nothing; undefined for what is no such program. */
export function readElfNeeds(tree: Tree, path: string): ElfNeeds | undefined {
  const read = (offset: number, bytes: number) => tree.readPart(path, { offset, bytes });
  const header = read(0, HEADER_BYTES);
  if (header?.length !== HEADER_BYTES || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01')
    return undefined;
  const segments = readSegments(header, read);
  const text = (offset: number) => {
    const bytes = read(offset, MOST_NAME_BYTES);
    const end = bytes?.indexOf(0) ?? -1;
    return end <= 0 ? undefined : bytes?.toString('latin1', 0, end);
  };
  const interpreter = segments.find(({ type }) => type === SEGMENT.interpreter);
  const entries = readEntries(segments, read);
  const names = entries.find(({ tag }) => tag === TAG.names)?.value ?? 0;
  const home = segments.find(
    ({ type, address, bytes }) => type === SEGMENT.load && names >= address && names < address + bytes,
  );
  const base = home === undefined ? undefined : home.offset + names - home.address;
  return {
    loader: interpreter && text(interpreter.offset),
    libraries:
      base === undefined
        ? []
        : entries.filter(({ tag }) => tag === TAG.needed).flatMap(({ value }) => text(base + value) ?? []),
  };
}

type Read = (offset: number, bytes: number) => Buffer | undefined;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

function readSegments(header: Buffer, read: Read): Segment[] {
  const count = Math.min(header.readUInt16LE(56), MOST_SEGMENTS);
  if (header.readUInt16LE(54) !== SEGMENT_BYTES) return [];
  const table = read(readNumber(header, 32), count * SEGMENT_BYTES) ?? Buffer.alloc(0);
  return splitRows(table, SEGMENT_BYTES).map(row => ({
    type: row.readUInt32LE(0),
    offset: readNumber(row, 8),
    address: readNumber(row, 16),
    bytes: readNumber(row, 32),
  }));
}

function readEntries(segments: readonly Segment[], read: Read): { tag: number; value: number }[] {
  const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
  if (dynamic === undefined) return [];
  const table = read(dynamic.offset, Math.min(dynamic.bytes, MOST_ENTRIES * ENTRY_BYTES)) ?? Buffer.alloc(0);
  const entries = splitRows(table, ENTRY_BYTES).map(row => ({
    tag: readNumber(row, 0),
    value: readNumber(row, 8),
  }));
  const end = entries.findIndex(({ tag }) => tag === TAG.end);
  return end === -1 ? entries : entries.slice(0, end);
}

function splitRows(table: Buffer, bytes: number): Buffer[] {
  const count = Math.floor(table.length / bytes);
  return Array.from({ length: count }, (_, index) => table.subarray(index * bytes, (index + 1) * bytes));
}

/** No file is longer than a number can say; what claims to be is read at no place. */
function readNumber(row: Buffer, at: number): number {
  const value = row.readBigUInt64LE(at);
  return value > BigInt(2 ** 40) ? 2 ** 40 : Number(value);
}
