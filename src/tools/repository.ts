/** GIT_REPOSITORY, with what it says of credentials taken out of it. */
export interface Repository {
  /** What git is given: no credentials. */
  readonly url: string;
  /** Name of the folder, as git itself would choose it; undefined where the URL has none. */
  readonly name: string | undefined;
  /** "https://git.example:8443", for http and https alone: what the credentials are for. */
  readonly server: string | undefined;
  readonly credential: Credential | undefined;
}

export interface Credential {
  readonly username: string;
  /** undefined: git asks for it. */
  readonly password: string | undefined;
}

/** Servers that want another user name beside a token than any. */
const USERNAMES: Readonly<Record<string, string>> = { 'bitbucket.org': 'x-token-auth' };
/** GitLab wants this one, GitHub, Gitea and the others take any. */
const USERNAME = 'oauth2';
/** A lone user name of that length is a token: https://TOKEN@host/…; no token is shorter. */
const LEAST_TOKEN_LENGTH = 20;

/** `text` is a value that the setting GIT_REPOSITORY takes. */
export function parseRepository(text: string, token: string | undefined): Repository {
  const [, scheme = '', userinfo = '', rest = ''] = /^([a-z]+:\/\/)(?:([^/?#]*)@)?(.*)$/is.exec(text) ?? [];
  const lower = scheme.toLowerCase();
  const name = readName(text);
  if (lower !== 'http://' && lower !== 'https://') {
    // ssh takes a user, and reads no password of a URL.
    const user = userinfo.split(':', 1)[0] ?? '';
    const isSsh = lower === 'ssh://' && user !== '';
    const url = scheme === '' ? text : `${lower}${isSsh ? `${user}@` : ''}${rest}`;
    return { url, name, server: undefined, credential: undefined };
  }
  const { protocol, host, hostname, username, password } = new URL(text);
  const given = { user: decode(username), password: decode(password), token };
  return {
    url: lower + rest,
    name,
    server: `${protocol}//${host}`,
    credential: makeCredential(given, USERNAMES[hostname] ?? USERNAME),
  };
}

/** What the URL itself says is about this repository, so it wins over the token. */
function makeCredential(
  given: { readonly user: string; readonly password: string; readonly token: string | undefined },
  usual: string,
): Credential | undefined {
  const { user, password, token } = given;
  if (password !== '') return { username: user || usual, password };
  if (user.length >= LEAST_TOKEN_LENGTH) return { username: usual, password: user };
  if (token !== undefined) return { username: user || usual, password: token };
  return user === '' ? undefined : { username: user, password: undefined };
}

function readName(text: string): string | undefined {
  const path = text.replace(/^[a-z]+:\/\//i, '').replace(/(?<!\/)\/+(\.git\/*)?$/, '');
  const name = /[^/:]*$/.exec(path)?.[0].replace(/\.git$/, '') ?? '';
  const isBare = !path.includes('/') && !path.includes(':');
  return isBare || name === '' || name === '.' || name === '..' ? undefined : name;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
