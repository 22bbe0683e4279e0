/** So many different ones are told apart. */
const MOST_BUGS = 50;
/** An error may carry a whole answer in its message. */
const MOST_CHARACTERS = 4000;

/**
 * Says an error of our own once, with its stack, and then only each time that there are ten times as many from the same
 * place: what goes wrong in a timer must not fill the log.
 */
export function makeBugs(say: (sentence: string) => void): (error: unknown) => void {
  const counts = new Map<string, number>();
  let isFull = false;
  return error => {
    const text = renderBug(error);
    const place = findPlace(text);
    const count = (counts.get(place) ?? 0) + 1;
    if (count === 1 && counts.size >= MOST_BUGS) {
      if (!isFull) say('Bug in Lintel: there are more of them, which are not told any more');
      isFull = true;
      return;
    }
    counts.set(place, count);
    if (count === 1) say(text);
    else if (Number.isInteger(Math.log10(count)))
      say(`${text.split('\n', 1)[0]} (${count} times from the same place)`);
  };
}

/** "Bug in Lintel: Error: …" with the stack. */
export function renderBug(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Bug in Lintel: ${text.slice(0, MOST_CHARACTERS)}`;
}

/** Its stack; without one all that is known. The message may differ each time. */
function findPlace(text: string): string {
  const at = text.search(/^ {4}at /m);
  return at === -1 ? text : text.slice(at);
}
