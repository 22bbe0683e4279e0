import { makeLineCutter } from '../lines.ts';
import type { Log } from '../log.ts';
import type { OutputReader } from './child.ts';

/** Passes a process's output on to the log, line by line, under the name of its service or script. */
export function makeLineReader(name: string, log: Log): OutputReader {
  const cutters = { stdout: makeLineCutter(), stderr: makeLineCutter() };
  return {
    onData: (stream, data) => log.lines(name, stream, cutters[stream].push(data)),
    onEnd: stream => log.lines(name, stream, cutters[stream].end()),
  };
}
