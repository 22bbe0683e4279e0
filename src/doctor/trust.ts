import { makeScratchFile } from '../apply/scratch.ts';
import { readClockMs } from '../clock.ts';
import { renderCause } from '../errors.ts';
import { findProgram } from '../facts/programs.ts';
import type { Environment } from '../launch/environ.ts';
import type { Spawner } from '../processes/child.ts';
import { renderExit } from '../processes/exit.ts';
import { type RunOutcome, runToEnd } from '../processes/run.ts';
import type { User } from '../user.ts';
import { CLIENTS, type Client } from './clients.ts';
import { findComplaint, isUnreached } from './complaint.ts';
import { findFollowed } from './follows.ts';

/** What one client makes of a URL. */
export interface Opinion {
  readonly client: string;
  readonly program: string;
  readonly isTrusted: boolean;
  /** False where nobody answered: of trust that says nothing. */
  readonly isReached: boolean;
  readonly timeMs: number;
  readonly follows: string;
  /** Its complaint in one line; "" when it has none. */
  readonly says: string;
}

export interface NotTried {
  readonly client: string;
  readonly why: string;
}

export interface Asking {
  readonly url: URL;
  /** What the clients see. */
  readonly environment: Environment;
  readonly spawner: Spawner;
  readonly user: User;
  /** Called whenever another one is asked. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly asked: number;
  readonly all: number;
  /** Names of those that are being asked. */
  readonly now: readonly string[];
}

const TIMEOUT_MS = 10_000;
/** Each wants a processor for most of its time. */
const SIDE_BY_SIDE = 4;

/** Asks the URL by every client that is installed, in the order of the list. Never rejects. */
export async function askClients(
  asking: Asking,
): Promise<{ readonly opinions: Opinion[]; readonly notTried: NotTried[] }> {
  const { environment, onProgress } = asking;
  const isThere = (client: Client) => findProgram(client.programs[0], environment) !== undefined;
  const installed = CLIENTS.filter(isThere);
  const outcomes = new Map<Client, Opinion | NotTried>();
  const waiting = installed.values();
  const now = new Set<string>();
  const tell = () => onProgress?.({ asked: outcomes.size, all: installed.length, now: [...now] });
  const work = async () => {
    for (const client of waiting) {
      now.add(client.name);
      tell();
      outcomes.set(client, await askOne(client, asking));
      now.delete(client.name);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  const all = installed.flatMap(client => outcomes.get(client) ?? []);
  return {
    opinions: all.filter(outcome => 'isTrusted' in outcome),
    notTried: all.filter(outcome => 'why' in outcome),
  };
}

async function askOne(
  client: Client,
  { url, environment, spawner, user }: Asking,
): Promise<Opinion | NotTried> {
  const paths = client.programs.map(name => findProgram(name, environment));
  const [program = ''] = paths;
  const missing = client.programs.find((_, index) => paths[index] === undefined);
  if (missing !== undefined) return { client: client.name, why: `there is no ${missing}` };
  const scratch = makeSource(client);
  if ('why' in scratch) return { client: client.name, why: scratch.why };
  const startMs = readClockMs();
  const outcome = await runToEnd(spawner, {
    argv: [program, ...client.args(url.href, scratch.path)],
    user,
    environment: { ...environment, ...client.environment },
    timeoutMs: TIMEOUT_MS,
    ...(client.input === undefined ? {} : { input: client.input }),
  });
  const timeMs = Math.round(readClockMs() - startMs);
  scratch.remove();
  const text = `${outcome.stdout}\n${outcome.stderr}`;
  const isAnswered = gotAnswer(client, outcome, text);
  if (!isAnswered && client.cannot?.says.test(text) === true)
    return { client: client.name, why: client.cannot.why };
  const follows = findFollowed(client, environment);
  const says = isAnswered ? '' : complain(outcome, text, url);
  const isReached = isAnswered || !isUnreached(says, url);
  return { client: client.name, program, isTrusted: isAnswered, isReached, timeMs, follows, says };
}

/** Only what proves an answer is one. */
function gotAnswer({ answered }: Client, { exit, isTimedOut }: RunOutcome, text: string): boolean {
  if (isTimedOut || !('code' in exit) || 'error' in exit) return false;
  return (
    exit.code === 0 || (typeof answered === 'number' ? exit.code === answered : answered?.test(text) === true)
  );
}

function complain({ exit, isTimedOut }: RunOutcome, text: string, url: URL): string {
  if (isTimedOut) return `no answer within ${TIMEOUT_MS / 1000} s`;
  return 'code' in exit && !('error' in exit) ? findComplaint(text, url) : renderExit(exit);
}

function makeSource({
  source,
}: Client): { readonly path: string; readonly remove: () => void } | { readonly why: string } {
  if (source === undefined) return { path: '', remove: () => undefined };
  try {
    return makeScratchFile(source.name, source.text);
  } catch (error) {
    return { why: `there is no place for a file: ${renderCause(error)}` };
  }
}
