/** Cuts a stream of bytes into whole lines. Bytes are latin1 characters: nothing is decoded, so nothing is lost. */
export interface LineCutter {
  /** Whole lines, each ending in a newline, or "" when none is complete yet. */
  push(data: Buffer): string;
  /** What was left without a newline, with one added; "" when nothing was. */
  end(): string;
}

/** A line longer than this is passed on in pieces, each a line of its own. */
const LINE_LIMIT = 256 * 1024;

export function makeLineCutter(): LineCutter {
  let rest = '';
  let isCut = false;
  return {
    push(data) {
      let text = rest + data.toString('latin1');
      // The newline of a line that was cut just before it has been written already.
      if (isCut && text !== '') {
        if (text.startsWith('\n')) text = text.slice(1);
        isCut = false;
      }
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      if (rest.length < LINE_LIMIT) return text.slice(0, end);
      rest = '';
      isCut = true;
      return `${text}\n`;
    },
    end() {
      const last = rest === '' ? '' : `${rest}\n`;
      rest = '';
      return last;
    },
  };
}
