/** Something an operator or an image author wrote that can't be used. */
export interface Problem {
  /** The variable or file, for example "PIP_REPOSITORY". */
  readonly what: string;
  /** What stands there, with every secret masked. */
  readonly seen: string;
  /** What could stand there instead. */
  readonly expected: string;
  /** Stops the boot with exit code 2; the others cost one error line. */
  readonly fatal: boolean;
}

/** "Cannot use PIP_REPOSITORY: "ftp://x", expected an http or https URL". */
export function renderProblem(problem: Problem): string {
  return `Cannot use ${problem.what}: ${problem.seen}, expected ${problem.expected}`;
}

/**
 * What explains an end to somebody who sees nothing else of the container: neither its image nor its log. Operators read
 * it, so a program's words may stand in it; secrets are masked as everywhere.
 */
export interface Particulars {
  /** A sentence each: whose command it was, what was seen and expected, how often it was started. */
  readonly facts?: readonly string[];
  readonly lastWords?: readonly LastWords[];
  /** What to do next. */
  readonly advice?: string | undefined;
}

/** What a service or a script said last. */
export interface LastWords {
  /** "its", where the end's one sentence names whom; else "jupyter’s". */
  readonly whose: string;
  readonly lines: readonly string[];
}

/** Stops a command. Everything else that is thrown is a bug. */
export class LintelError extends Error {
  readonly exitCode: number;
  readonly particulars: Particulars;
  constructor(message: string, exitCode: number, particulars: Particulars = {}) {
    super(message);
    this.exitCode = exitCode;
    this.particulars = particulars;
  }
}

export function unreachable(value: never): never {
  throw new Error(`Bug: no case for ${JSON.stringify(value)}`);
}

/** The sentence of anything that was thrown; for a system error without the path that the caller names anyway. */
export function renderCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  if (code) return SYSTEM_ERRORS[code] ?? code;
  // Node's rm has no code for some of the system's errors: ", Unknown error: Device or resource busy '/path'".
  return error.message.replace(/^, Unknown error: /, '');
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine has no addresses of that kind',
  EAI_AGAIN: 'no name server answers',
  EBUSY: 'it is a mount point or in use',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed without an answer',
  EEXIST: 'something else stands in its place',
  EHOSTUNREACH: 'the host can’t be reached',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links',
  EMFILE: 'no file descriptor is left',
  ENETUNREACH: 'the network can’t be reached',
  ENFILE: 'no file descriptor is left on this machine',
  ENOENT: 'no such file',
  ENOMEM: 'there is not enough memory',
  ENOSPC: 'no space left',
  ENOTDIR: 'a part of the path is no directory',
  ENOTFOUND: 'no such host',
  EPERM: 'not permitted',
  EROFS: 'read-only file system',
};
