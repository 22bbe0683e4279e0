import { writeDrawing } from '../apply/drawing.ts';
import { ask, NOT_RUNNING } from '../control/client.ts';
import { LintelError, renderCause } from '../errors.ts';
import { readStdin, readText } from '../facts/files.ts';
import type { Environment } from '../launch/environ.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { makeCriticalPath } from '../timing/critical-path.ts';
import { renderDrawing } from '../timing/drawing.ts';
import { type BootRecord, makeRecordSchema, type Span } from '../timing/record.ts';
import { renderSentence } from '../timing/sentence.ts';
import { type Command, type CommandContext, jsonFlag } from './command.ts';
import { renderBoot } from './waterfall.ts';

/** Thousands of services; what is larger is another file. */
const MOST_FILE_BYTES = 4 * 1024 * 1024;

/** Says where the time of the boot went. */
export const analyze: Command = {
  name: 'analyze',
  summary: 'say where the time of the boot went',
  flags: [
    { name: '--svg', value: 'FILE', doc: 'draw it into this file instead, or with - print the drawing' },
    jsonFlag('{format, version, beganAt, outcome, tookMs, reason?, spans, reduced, criticalPath}'),
  ],
  operands: { usage: '[FILE]', atMost: 1 },
  details:
    'Of the running Lintel, also while it still boots; with FILE of a boot.json, which a boot leaves in the runtime folder (/run/lintel), with - of what stdin holds. A bar for each stage, step and script and for each service until it was ready for the first time; ▸ marks the critical path: without these the boot would have been shorter. With --json: the record, and the critical path in it.',
  examples: [
    { line: 'lintel analyze', does: 'a waterfall' },
    { line: 'lintel analyze --svg boot.svg', does: 'the same as a drawing, to paste into a ticket' },
    { line: 'lintel analyze boot.json', does: 'that of a container that has ended, by a copy of its file' },
  ],
  async run(context) {
    const { given } = context;
    const record = escapeRecord(await readRecord(context));
    const drawing = given.value('--svg');
    if (drawing === undefined || drawing === '-') return { text: renderText(record, context), exitCode: 0 };
    writeDrawing(drawing, renderDrawing(record));
    const text = given.has('--json')
      ? renderText(record, context)
      : `${renderSentence(record)}\ndrawn into ${escapeLine(drawing)}\n`;
    return { text, exitCode: 0 };
  },
};

function renderText(record: BootRecord, { given, terminal }: CommandContext): string {
  if (given.value('--svg') === '-') return renderDrawing(record);
  if (given.has('--json')) return `${renderJson({ ...record, criticalPath: makeCriticalPath(record) }, 2)}\n`;
  return `${renderBoot(record, terminal).join('\n')}\n`;
}

function readRecord({ given, origin }: CommandContext): Promise<BootRecord> | BootRecord {
  const [file] = given.operands;
  return file === undefined ? askForRecord(origin.environment) : readFile(file);
}

async function askForRecord(environment: Environment): Promise<BootRecord> {
  try {
    return await ask(environment, 'boot', { request: {} });
  } catch (error) {
    if (!(error instanceof LintelError) || error.exitCode !== NOT_RUNNING) throw error;
    const hint = 'of a boot that is over its boot.json tells: lintel analyze FILE';
    throw new LintelError(`${error.message}; ${hint}`, NOT_RUNNING);
  }
}

/** Throws a LintelError that says what is wrong with the file. */
function readFile(file: string): BootRecord {
  const name = file === '-' ? 'stdin' : JSON.stringify(file);
  const refuse = (seen: string) =>
    new LintelError(`Cannot read ${name}: ${seen}, expected the boot.json of a boot`, 1);
  const text = readOrRefuse(file, refuse);
  const value = parseJson(text);
  if (value === undefined) throw refuse('it is no JSON');
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (typeof format === 'number' && format !== 1)
    throw refuse(`it has format ${format}, which another version of Lintel has written`);
  const parsed = makeRecordSchema().safeParse(value);
  if (parsed.success) return parsed.data;
  const place = escapeLine(parsed.error.issues[0]?.path.join('.') ?? '');
  throw refuse(format === 1 ? `${place} is malformed` : 'it is another file');
}

function readOrRefuse(file: string, refuse: (seen: string) => LintelError): string {
  try {
    const text = file === '-' ? readStdin(MOST_FILE_BYTES) : readText(file, MOST_FILE_BYTES);
    if (text !== undefined) return text;
  } catch (error) {
    throw refuse(renderCause(error));
  }
  throw refuse('no such file');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names are as images wrote them, or whoever wrote the file. */
function escapeRecord(record: BootRecord): BootRecord {
  return {
    ...record,
    version: escapeLine(record.version),
    beganAt: escapeLine(record.beganAt),
    ...(record.reason === undefined ? {} : { reason: escapeLine(record.reason) }),
    spans: record.spans.map(escapeSpan),
    reduced: record.reduced.map(escapeLine),
  };
}

function escapeSpan(span: Span): Span {
  const { name, waitedFor } = span;
  return {
    ...span,
    name: escapeLine(name),
    ...(waitedFor === undefined ? {} : { waitedFor: waitedFor.map(escapeLine) }),
  };
}
