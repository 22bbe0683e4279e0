import pino from 'pino';
import { type Level, type Renderer, toLatin1 } from './renderer.ts';

/** One JSON object a line: time, level, msg, and service and stream for a line of a service. */
export function makeJsonRenderer(): Renderer {
  let rendered = '';
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    { write: line => (rendered += line) },
  );
  const take = () => {
    const text = toLatin1(rendered);
    rendered = '';
    return text;
  };
  return {
    event(level: Level, sentence, fields) {
      logger[level](fields, sentence);
      return take();
    },
    lines(source, stream, lines) {
      const child = logger.child({ service: source, stream });
      for (const line of Buffer.from(lines, 'latin1').toString('utf8').slice(0, -1).split('\n'))
        child.info(line);
      return take();
    },
  };
}
