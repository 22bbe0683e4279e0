/**
 * What a request asks for, below the prefix or without it: a proxy may take the prefix away or leave it, and who asks
 * the workbench itself has none. Slashes may be doubled, and names be percent-encoded in any way.
 */
export type Asked =
  /** "/healthz", and "/" for the place itself. */
  | { readonly path: string }
  /** The place itself without its last slash, from where relative links would lead elsewhere. */
  | { readonly redirect: string };

/** `target` is that of the request, `prefix` as `LINTEL_HTTP_PREFIX` says it: "" or "/a/b". Never throws. */
export function readTarget(target: string, prefix: string): Asked {
  // Not by new URL, which takes "//x" for a host; from a proxy's request the host is taken away.
  const [path = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  const names = split(path);
  const before = split(prefix);
  const isBelow = before.length > 0 && before.every((name, index) => names[index] === name);
  if (!isBelow) return { path: join(names) };
  if (names.length > before.length || path.endsWith('/')) return { path: join(names.slice(before.length)) };
  // Relative: what a proxy puts before the prefix is not known here. "./" as "a:b/" would be another protocol.
  return { redirect: `./${encodeURIComponent(before.at(-1) ?? '')}/` };
}

function split(path: string): string[] {
  return path
    .split('/')
    .filter(name => name !== '')
    .map(decode);
}

/** One that can't be decoded means itself. */
function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function join(names: readonly string[]): string {
  return `/${names.join('/')}`;
}
