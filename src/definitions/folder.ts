/** Whether and how a file can be run as a program. */
export interface Runnable {
  readonly path: string;
  /** Why it can't be run; undefined when it can. */
  readonly obstacle: string | undefined;
  /** What its first line names, without folders; undefined for what is no script. */
  readonly interpreter: string | undefined;
}

/** The files beside `run` and `finish` by which s6 is told about a service. */
export const S6_FILES = [
  'down',
  'down-signal',
  'max-death-tally',
  'notification-fd',
  'timeout-finish',
  'timeout-kill',
] as const;

export type S6File = (typeof S6_FILES)[number];

export type FileText = { readonly text: string } | { readonly trouble: string };

/** A folder in services.d, as it lies there. */
export interface ServiceFact {
  readonly name: string;
  readonly folder: string;
  readonly origin: 'image' | 'shipped';
  /** Why it can't be looked into. */
  readonly trouble?: string | undefined;
  readonly run: Runnable | undefined;
  readonly finish: Runnable | undefined;
  /** undefined when there is none. */
  readonly json: FileText | undefined;
  /** Those that are there. */
  readonly s6: Readonly<Partial<Record<S6File, FileText>>>;
  /** There is a `log`, as s6 has it for a service's own logger. */
  readonly hasLogger: boolean;
}
