import { type Probe, parseAddress } from '../definitions/probe-schema.ts';
import { fillTemplate } from '../definitions/template.ts';
import type { Environment } from '../launch/environ.ts';
import { maskUrl } from '../settings/url.ts';
import { askProgram, type Complaint, type StartProgram, type Starved } from './probe-exec.ts';
import { askFile, askHttp, askSocket, askUnixSocket } from './probe-net.ts';

export type ProbeOutcome =
  | { readonly isOk: true }
  /** `isStarved`: nothing was left to ask with, which says nothing about the service. */
  | {
      readonly isOk: false;
      /** All of it: who was asked, and what a program said last. */
      readonly why: string;
      /** Only what went wrong: no address, and no word of a program's. */
      readonly symptom: string;
      readonly isStarved?: true;
    };

export interface ProbeContext {
  /** The service's, for the variables in a probe's texts. */
  readonly environment: Environment;
  /** Ends the look, whatever it waits for. */
  readonly signal: AbortSignal;
  /** Starts a program as the service: its user, variables and working directory. */
  readonly start: StartProgram;
}

/** One look takes no longer than this. Milliseconds. */
export const PROBE_LIMIT_MS = 2000;

/** A question without its subject: undefined for yes, else why not. Ends soon after the signal; may reject. */
type Ask = (signal: AbortSignal) => Promise<string | Complaint | Starved | undefined>;

/** One look at a service. Never rejects; ends within PROBE_LIMIT_MS or when the signal aborts, with nothing left of it. */
export function askProbe(probe: Probe, context: ProbeContext): Promise<ProbeOutcome> {
  const { promise, resolve } = Promise.withResolvers<ProbeOutcome>();
  const over = new AbortController();
  const { subject, ask } = makeQuestion(probe, context);
  const end = (why: string | Complaint | Starved | undefined) => {
    clearTimeout(timer);
    context.signal.removeEventListener('abort', stop);
    resolve(judge(subject, why));
    over.abort();
  };
  const stop = () => end('nobody asks any more');
  const timer = setTimeout(end, PROBE_LIMIT_MS, `no answer within ${PROBE_LIMIT_MS / 1000} s`);
  context.signal.addEventListener('abort', stop);
  if (context.signal.aborted) stop();
  else
    ask(over.signal).then(end, (error: unknown) =>
      end({ how: 'could not be asked', said: error instanceof Error ? error.message : String(error) }),
    );
  return promise;
}

function judge(subject: string, why: string | Complaint | Starved | undefined): ProbeOutcome {
  if (why === undefined) return { isOk: true };
  if (typeof why === 'string') return { isOk: false, why: subject + why, symptom: why };
  if ('said' in why) return { isOk: false, why: `${subject}${why.how}: ${why.said}`, symptom: why.how };
  return { isOk: false, why: subject + why.starvedOf, symptom: why.starvedOf, isStarved: true };
}

function makeQuestion(
  probe: Probe,
  { environment, start }: ProbeContext,
): { readonly subject: string; readonly ask: Ask } {
  const fill = (text: string) => fillTemplate(text, environment);
  if ('http' in probe) {
    const url = fill(probe.http);
    return { subject: `${maskUrl(url)}: `, ask: signal => askHttp(url, signal) };
  }
  if ('tcp' in probe) return makeAddressQuestion(fill(String(probe.tcp)));
  if ('socket' in probe) {
    const path = fill(probe.socket);
    return { subject: `${path}: `, ask: signal => askUnixSocket(path, signal) };
  }
  if ('file' in probe) {
    const path = fill(probe.file);
    return { subject: `${path}: `, ask: () => askFile(path) };
  }
  const [program = '', ...args] = probe.exec.map(fill);
  return { subject: '', ask: signal => askProgram([program, ...args], start, signal) };
}

function makeAddressQuestion(text: string): { readonly subject: string; readonly ask: Ask } {
  const address = parseAddress(text);
  if (address === undefined) return { subject: `${text}: `, ask: async () => 'no "host:port" or port' };
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return { subject: `${host}:${address.port}: `, ask: signal => askSocket(address, signal) };
}
