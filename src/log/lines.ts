/** Cuts a stream of bytes into whole lines. Nothing is decoded, so nothing is lost. */
export interface LineCutter {
  /** Emits the lines that are whole now. They may lie in `data`: whoever keeps them copies them. */
  push(data: Buffer, emit: (lines: Buffer) => void): void;
  /** Emits what was left without a newline, with one added. */
  end(emit: (lines: Buffer) => void): void;
}

/** A line longer than this is passed on in pieces, each a line of its own. Bytes. */
const LINE_LIMIT = 256 * 1024;
/** What most lines fit into. */
const FIRST_BYTES = 1024;
const NEWLINE = 10;

export function makeLineCutter(): LineCutter {
  /** The beginning of a line whose end has not come yet: `used` bytes of `rest`. */
  let rest = Buffer.alloc(0);
  let used = 0;
  let isCut = false;

  /** Buffers are made anew for longer lines only: a flood leaves no garbage here. */
  function keep(begin: Buffer): void {
    if (used + begin.length + 1 > rest.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * (used + begin.length)));
      rest.copy(larger, 0, 0, used);
      rest = larger;
    }
    begin.copy(rest, used);
    used += begin.length;
  }

  function emitRest(emit: (lines: Buffer) => void): void {
    rest[used] = NEWLINE;
    emit(rest.subarray(0, used + 1));
    used = 0;
    if (rest.length > LINE_LIMIT) rest = Buffer.alloc(0);
  }

  /** A character whose end has not come yet goes with the next piece: who decodes lines could not join it again. */
  function emitPiece(emit: (lines: Buffer) => void): void {
    const begun = Buffer.from(rest.subarray(used - countBegun(rest, used), used));
    used -= begun.length;
    emitRest(emit);
    isCut = begun.length === 0;
    if (!isCut) keep(begun);
  }

  return {
    push(data, emit) {
      if (data.length === 0) return;
      // The newline of a line that was cut just before it has been written already.
      let from = isCut && data[0] === NEWLINE ? 1 : 0;
      isCut = false;
      const end = data.lastIndexOf(NEWLINE) + 1;
      if (used > 0 && end > from) {
        const first = data.indexOf(NEWLINE, from);
        keep(data.subarray(from, first));
        emitRest(emit);
        from = first + 1;
      }
      if (end > from) emit(data.subarray(from, end));
      if (end < data.length) keep(data.subarray(Math.max(from, end)));
      if (used >= LINE_LIMIT) emitPiece(emit);
    },
    end(emit) {
      if (used > 0) emitRest(emit);
    },
  };
}

/** How many of the last bytes before `end`, 0 to 3, are the beginning of a UTF-8 character that goes on behind it. */
function countBegun(bytes: Buffer, end: number): number {
  for (let count = 1; count <= 3; count++) {
    const byte = bytes[end - count] ?? 0;
    const isContinued = (byte & 0xc0) === 0x80;
    if (isContinued) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > count ? count : 0;
  }
  return 0;
}
