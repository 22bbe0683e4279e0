import * as z from 'zod/mini';
import { isHttpUrl } from './url.ts';

/** How the text of a variable becomes a value. Each says what it expects, for error messages and the docs. */
export interface Value<T> {
  readonly expected: string;
  readonly schema: z.ZodMiniType<T>;
  /** Texts that say as little as an empty one. */
  readonly nothing?: RegExp;
}

const text = z.string();

export const flag: Value<boolean> = {
  expected: '1 or 0 (also true, false, yes, no)',
  schema: z.pipe(
    z.pipe(
      z.pipe(
        text,
        z.transform(value => value.toLowerCase()),
      ),
      z.enum(['1', '0', 'true', 'false', 'yes', 'no']),
    ),
    z.transform(value => value === '1' || value === 'true' || value === 'yes'),
  ),
};

export const anyText: Value<string> = { expected: 'text', schema: text };

/** PAM takes no more. */
const MAX_PASSWORD = 500;

/** What is asked and typed: programs read it up to the end of the line. */
export const passwordText: Value<string> = {
  expected: `one line of at most ${MAX_PASSWORD} characters, none of them a control character`,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  schema: text.check(z.regex(/^[^\x00-\x1f\x7f]+$/), z.maxLength(MAX_PASSWORD)),
};

export const absolutePath: Value<string> = {
  expected: 'an absolute path',
  schema: text.check(z.startsWith('/')),
};

/** What every server takes as an address to listen on; names would have to be looked up. */
export const bindAddress: Value<string> = {
  expected: 'an IP address, such as 0.0.0.0, 127.0.0.1 or ::',
  schema: text.check(z.refine(value => IPV4.test(value) || isIpv6(value))),
};

const IPV4 = /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$/;

function isIpv6(value: string): boolean {
  const isLikeOne = value.includes(':') && /^[\da-fA-F:.]+$/.test(value);
  const url = isLikeOne && URL.parse(`http://[${value}]/`);
  // An IPv4 address in disguise: to most servers nothing to listen on.
  return url !== false && url !== null && !url.hostname.startsWith('[::ffff:');
}

/** Where to listen. */
export interface HttpAddress {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';
const MOST_PORT = 65_535;

/** "9180", "0.0.0.0:9180", "[::]:9180". */
export const httpAddress: Value<HttpAddress> = {
  expected: 'PORT or HOST:PORT, such as 9180, 0.0.0.0:9180 or [::]:9180; HOST is an IP address',
  schema: z.pipe(
    text.check(z.refine(value => splitAddress(value) !== undefined)),
    z.transform(value => splitAddress(value) ?? { host: LOOPBACK, port: 0 }),
  ),
};

function splitAddress(value: string): HttpAddress | undefined {
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain ?? LOOPBACK;
  const isHost = bracketed === undefined ? IPV4.test(host) : isIpv6(bracketed);
  return isHost && port >= 1 && port <= MOST_PORT ? { host, port } : undefined;
}

export const names: Value<readonly string[]> = {
  expected: 'names or patterns (* and ?), separated by commas or blanks',
  schema: z.pipe(
    text,
    z.transform(value => value.split(/[\s,]+/).filter(name => name !== '')),
  ),
};

const SCREEN = { least: 64, most: 16_384 } as const;

/** "1920x1080" or "1920x1080x24", as X servers have it; becomes the latter. 32 bits a pixel are a depth of 24. */
export const screen: Value<string> = {
  expected: `WIDTHxHEIGHT or WIDTHxHEIGHTxDEPTH, such as 1920x1080: from ${SCREEN.least} to ${SCREEN.most} pixels each, a depth of 16, 24 or 32`,
  schema: z.pipe(
    text.check(
      z.regex(/^\d{2,5}x\d{2,5}(x(16|24|32))?$/),
      z.refine(value =>
        value
          .split('x', 2)
          .map(Number)
          .every(pixels => pixels >= SCREEN.least && pixels <= SCREEN.most),
      ),
    ),
    z.transform(value => {
      const [width, height, depth] = value.split('x').map(Number);
      return `${width}x${height}x${depth === 16 ? depth : 24}`;
    }),
  ),
};

/** Some of a few words. */
export function someOf<const T extends readonly [string, ...string[]]>(
  options: T,
): Value<readonly T[number][]> {
  return {
    expected: `some of ${options.join(', ')}, separated by commas or blanks`,
    schema: z.pipe(
      z.pipe(
        text,
        z.transform(value => value.split(/[\s,]+/).filter(name => name !== '')),
      ),
      z.array(z.enum(options) as z.ZodMiniType<T[number], string>),
    ),
  };
}

export const httpUrl: Value<string> = {
  expected: 'an http or https URL',
  schema: text.check(z.refine(isHttpUrl)),
};

/** Channels are URLs or, as conda allows, names such as "conda-forge" and "org/label/dev". */
export const channels: Value<readonly string[]> = {
  expected: 'http or https URLs or channel names, separated by commas',
  schema: z.pipe(
    z.pipe(
      text,
      z.transform(value =>
        value
          .split(',')
          .map(channel => channel.trim())
          .filter(channel => channel !== ''),
      ),
    ),
    z
      .array(text.check(z.refine(channel => isHttpUrl(channel) || /^[\w.-]+(\/[\w.-]+)*$/.test(channel))))
      .check(z.minLength(1)),
  ),
};

export function integer(range: {
  readonly from: number;
  readonly to: number;
  readonly unit: string;
}): Value<number> {
  return {
    expected: `a whole number from ${range.from} to ${range.to} (${range.unit})`,
    schema: z.pipe(
      z.pipe(text.check(z.regex(/^\d{1,12}$/)), z.transform(Number)),
      z.number().check(z.gte(range.from), z.lte(range.to)),
    ),
  };
}

export function oneOf<const T extends readonly [string, ...string[]]>(options: T): Value<T[number]> {
  return { expected: options.join(', '), schema: z.enum(options) as z.ZodMiniType<T[number]> };
}

/** A server as clients of object storage have it: host, host:port or a URL without a path. Becomes a URL. */
export const endpoint: Value<string> = {
  expected: 'host, host:port or an http or https URL without a path',
  // What Onyxia's charts put around a server that nobody filled in.
  nothing: /^https?:\/\/\/?$/i,
  schema: z.pipe(
    text.check(
      z.regex(/^(https?:\/\/)?[^\s/\\?#@]+\/?$/i),
      z.refine(server => URL.canParse(withScheme(server))),
    ),
    z.transform(server => new URL(withScheme(server)).origin),
  ),
};

function withScheme(server: string): string {
  return /^https?:\/\//i.test(server) ? server : `https://${server}`;
}

/** curl and its like take a proxy without a scheme too: http is meant. */
export const proxyUrl: Value<string> = {
  expected: 'an http, https or socks URL, or host:port',
  schema: text.check(z.regex(/^((https?|socks(4a?|5h?)?):\/\/)?[^\s/\\]+\/?$/i)),
};

/** Folder and file names between slashes, as they stand in a URL. */
export const pathInUrl: Value<string> = {
  expected: 'a path: names between slashes, none of them ".."',
  schema: z.pipe(
    text.check(
      z.regex(/^[^\s?#\\]+$/),
      z.refine(path => !path.split('/').includes('..')),
    ),
    z.transform(path => path.replace(/^\/+|(?<!\/)\/+$/g, '')),
  ),
};

/** Where a server's own pages begin. */
export const basePath: Value<string> = {
  expected: 'a path that begins with a slash, such as /notebook/namespace/name',
  schema: text.check(z.regex(/^\/[^\s?#\\]*$/)),
};

/** The same, for a proxy that leaves it there; becomes "/a/b", and "" for "/". */
export const pathPrefix: Value<string> = {
  expected:
    'a path that begins with a slash, such as /proxy/9180, and has no "." or ".." between its slashes',
  schema: z.pipe(
    text.check(
      z.regex(/^\/[^\s?#\\]*$/),
      z.refine(path => path.split('/').every(name => !/^(\.|%2e){1,2}$/i.test(name))),
    ),
    z.transform(path => path.replace(/\/{2,}/g, '/').replace(/\/$/, '')),
  ),
};

/** What git clones over https or ssh; "user@host:path" is ssh too. Never a transport that runs a program. */
export const gitUrl: Value<string> = {
  expected: 'an http, https, ssh or git URL, or user@host:path',
  schema: text.check(
    z.refine(url =>
      /^(https?|ssh|git):\/\//i.test(url)
        ? URL.canParse(url) && !/\s/.test(url)
        : /^[\w.-]+@[\w.-]+:[^\s:-][^\s:]*$/.test(url),
    ),
  ),
};

export const sha256: Value<string> = {
  expected: 'a SHA-256 as 64 hexadecimal digits',
  schema: z.pipe(
    text.check(z.regex(/^[0-9a-f]{64}$/i)),
    z.transform(value => value.toLowerCase()),
  ),
};

/** The number above means "no change" to the kernel. */
const MAX_ID = 2 ** 32 - 2;

export const uid = integer({ from: 1, to: MAX_ID, unit: 'a user’s number, not root’s' });
export const gid = integer({ from: 0, to: MAX_ID, unit: 'a group’s number' });

export const umask: Value<number> = {
  expected: 'three or four octal digits, as 022 or 0002',
  schema: z.pipe(
    text.check(z.regex(/^0?[0-7]{3}$/)),
    z.transform(value => Number.parseInt(value, 8)),
  ),
};

export const paths: Value<readonly string[]> = {
  expected: 'absolute paths, separated by commas or blanks',
  schema: z.pipe(
    z.pipe(
      text,
      z.transform(value => value.split(/[\s,]+/).filter(path => path !== '')),
    ),
    z.array(text.check(z.startsWith('/'))),
  ),
};
