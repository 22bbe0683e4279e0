import type { Source } from '../log/fields.ts';
import type { Stream } from '../log/history.ts';
import { makeLineCutter } from '../log/lines.ts';
import type { Log } from '../log/log.ts';
import type { OutputReader } from './pipes.ts';

/** Passes a process's output on to the log, line by line, under the name of its service or script. */
export function makeLineReader(source: Source, log: Log): OutputReader {
  const make = (stream: Stream) => {
    const cutter = makeLineCutter();
    const emit = (lines: Buffer) => log.lines(source, stream, lines);
    return { push: (data: Buffer) => cutter.push(data, emit), end: () => cutter.end(emit) };
  };
  const streams = { stdout: make('stdout'), stderr: make('stderr') };
  return {
    onData: (stream, data) => streams[stream].push(data),
    onEnd: stream => streams[stream].end(),
  };
}
