/** Words of a server whose certificates were seen, and not trusted. */
const DISTRUST = /certificate|PKIX|UnknownIssuer/i;
/** Of one that nobody was connected to, or that never answered. */
const UNREACHED =
  /refused|timed? ?out|no answer within|resol[vu]|not known|UnknownHost|unreachable|no route|connect to|ECONN|ENOTFOUND|EAI_AGAIN|dns error|(?<!SSL |TLS )connect error|from proxy|tunnel connection|ProxyError/i;
/** What a client says of a cause, after a long word about what it was doing. */
const CAUSE = /^.*(?:\(Caused by|\breason:) (?=\S)/;
const CONNECTION = new RegExp(`\\bSSL|\\bTLS|handshake|connect|${UNREACHED.source}`, 'i');
/** The plainest first. */
const TROUBLE = [DISTRUST, CAUSE, CONNECTION, /\S/];
const TELLING = new RegExp(`${DISTRUST.source}|${CONNECTION.source}`, 'gi');
/** What is indented is mostly that: lines of a program in a traceback, fields of an error. npm begins every line of its own. */
const DETAIL = /^(?:npm \S+ )?\s/;

const MOST_CHARACTERS = 200;
/** Shown after the last word that tells. */
const REST_CHARACTERS = 40;

/** Of what a client wrote, the line that says why it got no answer. */
export function findComplaint(text: string, url: URL): string {
  const lines = text
    .split('\n')
    .filter(line => !/^[^\S\n]*(Picked up |at |File "|WARNING: pip index)/.test(line))
    .reverse();
  const isDetail = (line: string) => DETAIL.test(line);
  const inOrder = [...lines.filter(line => !isDetail(line)), ...lines.filter(isDetail)];
  for (const words of TROUBLE) {
    const line = inOrder.find(one => words.test(leaveOutUrl(one, url)))?.trim();
    if (line !== undefined) return cut(findCause(line));
  }
  return 'it says nothing';
}

/** Whether a complaint is of a server that was not reached: that says nothing of trust. */
export function isUnreached(complaint: string, url: URL): boolean {
  const bare = leaveOutUrl(complaint, url);
  return !DISTRUST.test(bare) && UNREACHED.test(bare);
}

/** A name is no complaint: the host may be called ssl.example. */
function leaveOutUrl(line: string, url: URL): string {
  return line.replaceAll(url.href, '').replaceAll(url.hostname, '');
}

/** Python's clients and npm say where it happened, and at the end of a long line why. */
function findCause(line: string): string {
  const cause = line.replace(CAUSE, '').replace(/<[^\s<]+ object at 0x[0-9a-f]+>: /, '');
  return line.includes('(Caused by ') ? cause.replace(/\)(?: - skipping)?$/, '') : cause;
}

/** Of a long line the part that ends with what tells, and no word of it in halves. */
function cut(line: string): string {
  if (line.length <= MOST_CHARACTERS) return line;
  const last = [...line.matchAll(TELLING)].at(-1);
  const wanted = last === undefined ? MOST_CHARACTERS : last.index + last[0].length + REST_CHARACTERS;
  const end = Math.max(wanted, MOST_CHARACTERS);
  const isWhole = end >= line.length;
  const words = isWhole ? line : withoutLastWord(line.slice(0, end));
  const from = words.length - MOST_CHARACTERS;
  const shown = from <= 0 ? words : `… ${words.slice(from).replace(/^\S*\s(?=.*\S)/, '')}`;
  return isWhole ? shown : `${shown} …`;
}

/** Half of it is missing, or may be. A single word stays. */
function withoutLastWord(text: string): string {
  const at = text.search(/\s\S*$/);
  return at > 0 ? text.slice(0, at) : text;
}
