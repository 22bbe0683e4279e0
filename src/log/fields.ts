/** What a field of a JSON line is: docs/log.md is made of this. */
interface FieldDoc {
  readonly type: 'string' | 'number';
  readonly unit?: string;
  readonly meaning: string;
  /** The sentence says it already, so lines for people leave it out. */
  readonly isInSentence?: true;
}

/** What every line has, in the order in which it stands there. */
export const LINE_FIELDS = {
  level: {
    type: 'string',
    meaning: '`info`, `warn` (something is not as it should be) or `error` (something can’t be done)',
  },
  time: { type: 'string', meaning: 'when Lintel wrote or read the line: ISO 8601, UTC, milliseconds' },
  msg: {
    type: 'string',
    meaning:
      'a line of a program, without its newline (or CR and newline); or what Lintel says: a sentence, at the end perhaps several lines',
  },
} as const satisfies Record<string, FieldDoc>;

/** What some lines have besides. A name once published keeps its type and its meaning. */
export const FIELDS = {
  service: {
    type: 'string',
    meaning: 'the service that wrote the line, or that it is about',
    isInSentence: true,
  },
  script: {
    type: 'string',
    meaning: 'the script that wrote the line, or that it is about',
    isInSentence: true,
  },
  stream: {
    type: 'string',
    meaning: '`stdout` or `stderr`: a program wrote the line there; what Lintel itself says has none',
    isInSentence: true,
  },
  exitCode: {
    type: 'number',
    meaning: 'what a service, a script or, with neither of them, the container ended with',
    isInSentence: true,
  },
  signal: {
    type: 'string',
    meaning: 'the signal that ended a service or a script, such as `SIGKILL`',
    isInSentence: true,
  },
  spawn: { type: 'number', meaning: 'which start of the service it is, from the second on' },
  ms: { type: 'number', unit: 'milliseconds', meaning: 'how long it took' },
  processes: { type: 'string', meaning: 'processes that had to be killed: `name[pid]`, with blanks between' },
  lines: { type: 'number', meaning: 'how many lines of the log were dropped' },
  pid: { type: 'number', meaning: 'Lintel’s own process, or the one that was refused' },
  uid: { type: 'number', meaning: 'whom Lintel itself runs as' },
  workbench: { type: 'string', meaning: 'whom services and CMD run as: `name uid:gid`' },
  home: { type: 'string', meaning: 'that user’s HOME' },
} as const satisfies Record<string, FieldDoc>;

type TypeOf<Doc extends FieldDoc> = Doc['type'] extends 'string' ? string : number;

/** One that is undefined is left out. */
export type Fields = Readonly<{
  [Name in keyof typeof FIELDS]?: TypeOf<(typeof FIELDS)[Name]> | undefined;
}>;

/** Who writes lines: a name tells a service from a script to nobody. */
export interface Source {
  readonly kind: 'service' | 'script';
  readonly name: string;
}

/** "(key=value, key=value)" of what the sentence does not say, or nothing. */
export function renderFields(fields: Fields): string {
  const pairs = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined || 'isInSentence' in FIELDS[key as keyof typeof FIELDS] ? [] : `${key}=${value}`,
  );
  return pairs.length === 0 ? '' : `(${pairs.join(', ')})`;
}
