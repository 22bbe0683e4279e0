import { isUtf8 } from 'node:buffer';
import { closeSync, readFileSync } from 'node:fs';

/** Variables in the order and spelling of the container. Keys are unique; the first of two wins, as in getenv(3). */
export type Environment = Readonly<Record<string, string>>;

/** What the container gave to this process before any program of ours could change it. */
export interface Origin {
  readonly environment: Environment;
  /** Names whose value is not valid UTF-8: Node hands them on with U+FFFD in place of the odd bytes. */
  readonly notUtf8: readonly string[];
  /** The soft limit of open files that the container set; undefined when no launcher kept it. */
  readonly openFilesSoft: number | undefined;
}

/**
 * Reads the origin from the pipe that launcher.sh filled: the soft limit of open files in the first line, then the
 * environment in base64. Without one (Node was started by hand) the process's own variables have to do.
 */
export function readOrigin(own: NodeJS.ProcessEnv): Origin {
  // The launcher's own: where Node finds its library.
  const { LINTEL_ORIGIN_FD: fd, LD_LIBRARY_PATH: _, ...environment } = own;
  const handed = Number(fd) > 2 ? readPipe(Number(fd)) : undefined;
  if (handed === undefined) {
    return { environment: environment as Environment, notUtf8: [], openFilesSoft: undefined };
  }
  const end = handed.indexOf('\n');
  const openFilesSoft = Number(handed.slice(0, end));
  return {
    ...parseEnviron(Buffer.from(handed.slice(end), 'base64')),
    openFilesSoft: openFilesSoft > 0 ? openFilesSoft : undefined,
  };
}

/** Everything in it, and closes it; undefined for a descriptor that is not there or empty. */
function readPipe(fd: number): string | undefined {
  try {
    const text = readFileSync(fd, 'latin1');
    closeSync(fd);
    // Without base64 (a strange image) only the first line comes.
    return text.trim().includes('\n') ? text : undefined;
  } catch {
    return undefined;
  }
}

/** `bytes` are NAME=value strings, each ended by NUL, as in /proc/PID/environ. */
export function parseEnviron(bytes: Buffer): Omit<Origin, 'openFilesSoft'> {
  // A map first, because a variable may be called "constructor" or "__proto__".
  const variables = new Map<string, string>();
  for (const entry of bytes.toString('utf8').split('\0')) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    if (equals > 0 && !variables.has(name)) variables.set(name, entry.slice(equals + 1));
  }
  const environment = Object.fromEntries(variables);
  return { environment, notUtf8: isUtf8(bytes) ? [] : namesNotUtf8(bytes) };
}

function namesNotUtf8(bytes: Buffer): string[] {
  const entries = bytes.toString('latin1').split('\0');
  return entries
    .filter(entry => !isUtf8(Buffer.from(entry, 'latin1')))
    .map(entry => entry.slice(0, entry.indexOf('=')));
}
