/** One entry of a root: `path` is absolute; `whiteout` hides the host's file of that name below an overlay. */
export type RootEntry = Owned &
  (
    | { readonly kind: 'folder'; readonly mode: number }
    | { readonly kind: 'file'; readonly mode: number; readonly content: Uint8Array }
    | { readonly kind: 'link'; readonly target: string }
    | { readonly kind: 'whiteout' }
  );

interface Owned {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
}

const BLOCK_BYTES = 512;
const TYPE_FLAGS = { file: '0', link: '2', whiteout: '3', folder: '5' } as const;

/**
 * Renders entries as a POSIX ustar archive, in the order given: folders must come before what they hold. An
 * archive goes through a pipe, so that a sandbox needs no folder on the host that could be left behind.
 * Throws when a path is longer than ustar can say (100 bytes, or 255 with a `/` in the right place).
 */
export function renderTar(entries: readonly RootEntry[]): Uint8Array {
  const blocks = entries.flatMap(entry => {
    if (entry.kind !== 'file') return [makeHeader(entry, 0)];
    const padding = Buffer.alloc(-entry.content.length & (BLOCK_BYTES - 1));
    return [makeHeader(entry, entry.content.length), entry.content, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function makeHeader(entry: RootEntry, sizeBytes: number): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const { prefix, name } = splitPath(entry.path.slice(1));
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0);
  header.write(octal('mode' in entry ? entry.mode : 0o777, 7), 100);
  header.write(octal(entry.uid, 7), 108);
  header.write(octal(entry.gid, 7), 116);
  header.write(octal(sizeBytes, 11), 124);
  header.write(octal(Math.floor(Date.now() / 1000), 11), 136);
  header.write(' '.repeat(8), 148);
  header.write(TYPE_FLAGS[entry.kind], 156);
  if (entry.kind === 'link') header.write(entry.target, 157, 100);
  header.write('ustar\x0000', 257);
  header.write(octal(0, 7), 329);
  header.write(octal(0, 7), 337);
  header.write(prefix, 345);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 6)} `, 148);
  return header;
}

function splitPath(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { prefix, name };
  }
  throw new Error(`Cannot archive "/${path}": ${path.length} characters, expected at most 255 in ustar form`);
}
