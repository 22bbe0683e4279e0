import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';

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
 * Reads the origin from the copy of the shell that launcher.sh left behind, and ends it. Without one (Node was
 * started by hand) the process's own variables have to do.
 */
export function readOrigin(own: NodeJS.ProcessEnv): Origin {
  const holder = Number(own['LINTEL_HOLDER']);
  if (!isOurHolder(holder)) {
    const { LINTEL_HOLDER: _, ...environment } = own;
    return { environment: environment as Environment, notUtf8: [], openFilesSoft: undefined };
  }
  const environ = readFileSync(`/proc/${holder}/environ`);
  const limits = readFileSync(`/proc/${holder}/limits`, 'latin1');
  process.kill(holder, 'SIGKILL');
  return { ...parseEnviron(environ), openFilesSoft: parseOpenFilesSoft(limits) };
}

/** A variable can be forged, a parent can't: only a child of this very process is its holder. */
function isOurHolder(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === process.pid;
  } catch {
    return false;
  }
}

/** `bytes` are NAME=value strings, each ended by NUL, as in /proc/PID/environ. */
export function parseEnviron(bytes: Buffer): Omit<Origin, 'openFilesSoft'> {
  const environment: Record<string, string> = {};
  for (const entry of bytes.toString('utf8').split('\0')) {
    const equals = entry.indexOf('=');
    if (equals > 0) environment[entry.slice(0, equals)] ??= entry.slice(equals + 1);
  }
  return { environment, notUtf8: isUtf8(bytes) ? [] : namesNotUtf8(bytes) };
}

function namesNotUtf8(bytes: Buffer): string[] {
  const entries = bytes.toString('latin1').split('\0');
  return entries
    .filter(entry => !isUtf8(Buffer.from(entry, 'latin1')))
    .map(entry => entry.slice(0, entry.indexOf('=')));
}

/** The soft column of "Max open files" in /proc/PID/limits. */
export function parseOpenFilesSoft(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
