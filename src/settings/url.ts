/** Whether `text` is an absolute http or https URL with a host and no blanks or control characters. */
export function isHttpUrl(text: string): boolean {
  // The parser forgives one slash, none or three; the clients that read our files don't.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return /^https?:\/\/[^/\\\s\x00-\x1f\x7f][^\s\x00-\x1f\x7f]*$/i.test(text) && URL.canParse(text);
}

/** Conda's private channels carry a token in the path: https://host/t/TOKEN/channel. */
const CONDA_TOKEN = /\/t\/[^/]+(?=\/)/;

/** Whether the URL carries a user name or a password: it must not stand in a file that others can read. */
export function hasCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== '' || url.password !== '' || CONDA_TOKEN.test(url.pathname));
}

/** The URL without its credentials, and these as they are meant. A URL without any comes back as it is. */
export function splitCredentials(text: string): { url: string; user: string; password: string } {
  const url = URL.parse(text);
  const user = url?.username ?? '';
  const password = url?.password ?? '';
  if (url === null || (user === '' && password === '')) return { url: text, user: '', password: '' };
  url.username = '';
  url.password = '';
  return { url: url.href, user: decode(user), password: decode(password) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The URL for people and logs: credentials, query and fragment replaced by ***. In a text that is no good URL, or holds
 * several, everything between the first beginning and the last @ goes: a password may hold any character.
 */
export function maskUrl(text: string): string {
  const url = isHttpUrl(text) ? URL.parse(text) : null;
  // Only in a good URL do these characters end what stands before them.
  const shown = url === null ? text : hideQuery(text);
  const at = shown.lastIndexOf('@');
  // An @ in the path of a good URL is no secret's end.
  if (at === -1 || (url !== null && url.username === '' && url.password === '')) return hideQuery(shown);
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(shown)?.[0] ?? '';
  const isInQuery = /[?#]/.test(shown.slice(0, at));
  return `${scheme}***${isInQuery ? '' : hideQuery(shown.slice(at))}`;
}

function hideQuery(text: string): string {
  return text.replace(/([?#]).*/s, '$1***').replace(CONDA_TOKEN, '/t/***');
}

/** Every URL in a longer text masked, line by line, as by `maskUrl`. */
export function maskUrls(text: string): string {
  return text
    .replaceAll(/:\/\/(?:(?!:\/\/)[^\n])*@/g, '://***@')
    .replaceAll(/(:\/\/(?:(?!:\/\/)[^\s?#"])*[?#])[^\s"]*/g, '$1***')
    .replaceAll(/(:\/\/(?:(?!:\/\/)[^\s"])*?)\/t\/[^/\s"]+(?=\/)/g, '$1/t/***');
}
