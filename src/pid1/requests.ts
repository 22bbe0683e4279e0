import { readClockMs } from '../clock.ts';
import { routeSignal } from './routing.ts';
import { type CaughtSignal, receiveSignals } from './signals.ts';

/** What signals ask of the workbench, and where the rest of them goes. */
export interface Requests {
  /** Aborted when somebody asks for an orderly stop; `reason` is the signal's name, or SHUTDOWN. */
  readonly stop: AbortSignal;
  /** Aborted when somebody asks a second time: end everything now. */
  readonly kill: AbortSignal;
  /** Signals are forwarded to the CMD while it runs; undefined when it has ended. */
  setCommand(command: { signal(signal: NodeJS.Signals): void } | undefined): void;
  setHasServices(hasServices: boolean): void;
  /** The workbench ends for a reason of its own: from now on a second TERM means "at once". */
  beginStop(): void;
  /** As a TERM that is never forwarded. A code given here is the container's, whatever the CMD ends with. */
  shutdown(code: number | undefined): void;
  /** The code that `shutdown` was last given. */
  wantedCode(): number | undefined;
}

/** Who asked for a stop, where it was no signal. */
export const SHUTDOWN = 'lintel shutdown';

export function receiveRequests(hasTerminal: boolean): Requests {
  const stop = new AbortController();
  const kill = new AbortController();
  let command: { signal(signal: NodeJS.Signals): void } | undefined;
  let hasServices = false;
  let stopAskedMs: number | undefined;
  let wantedCode: number | undefined;

  receiveSignals((signal: CaughtSignal) => {
    const nowMs = readClockMs();
    switch (
      routeSignal(signal, {
        isCommandRunning: command !== undefined,
        hasTerminal,
        hasServices,
        stopAskedMs,
        nowMs,
      })
    ) {
      case 'stop':
        stopAskedMs = nowMs;
        return stop.abort(signal);
      case 'kill':
        return kill.abort(signal);
      case 'forward':
        return command?.signal(signal);
      case 'ignore':
        return;
    }
  });

  return {
    stop: stop.signal,
    kill: kill.signal,
    setCommand: running => {
      command = running;
    },
    setHasServices: now => {
      hasServices = now;
    },
    beginStop: () => {
      stopAskedMs ??= readClockMs();
    },
    shutdown: code => {
      wantedCode = code ?? wantedCode;
      stopAskedMs ??= readClockMs();
      stop.abort(SHUTDOWN);
    },
    wantedCode: () => wantedCode,
  };
}
