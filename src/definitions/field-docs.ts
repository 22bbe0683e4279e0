import type { ServiceJson } from './service-json.ts';

/** What a field of service.json is for, in Markdown, and what holds where it is not given. */
export interface FieldDoc {
  readonly usual?: string;
  readonly doc: string;
}

/**
 * What docs/services.md and the JSON Schema say of each field, in the order of that page. In a file of its own, so that
 * it is no part of the program.
 */
export const FIELD_DOCS: Readonly<Record<Exclude<keyof ServiceJson, '$schema'>, FieldDoc>> = {
  description: { doc: 'for people: `lintel status --json`, the status page' },
  command: {
    usual: '`run`',
    doc: 'the program and its arguments, instead of `run`; `"./name"` is a file of this folder',
  },
  user: {
    usual: 'the workbench user',
    doc: 'whom it runs as: a name, a uid or uid:gid; `"root"` has to be spelled out',
  },
  cwd: { usual: 'HOME', doc: 'the folder it starts in: an absolute path' },
  env: { doc: 'variables for this service alone' },
  exports: {
    doc: 'variables that it gives to everybody: other services, the CMD, terminals, kernels ([below](#variables-for-everybody))',
  },
  when: {
    doc: '`command`, `file`, `env`: the service runs only where they are there; of several in a list one is enough',
  },
  auto: {
    doc: '`{"with": …, "without": …}`: where nobody names it, it runs only with one of these services, and then always; a shipped one not beside a service of the image that runs one of these programs',
  },
  requires: {
    usual: '`[]`',
    doc: 'names: it starts when all of them are ready, and fails when one of them has failed for good',
  },
  after: { usual: '`[]`', doc: 'names: it starts after these have been started, whatever becomes of them' },
  ready: {
    usual: '200 ms up',
    doc: 'when it is ready: one probe, `intervalMs` (250, after 30 s 2000), `timeoutMs` (300000)',
  },
  health: { doc: 'whether it still works: one probe, `intervalMs` (10000), `failures` (3)' },
  restart: { usual: '`"always"`', doc: 'whether it comes back when it ends; `"on-failure"`, `"never"`' },
  backoffMs: {
    usual: '`{"min": 250, "max": 30000}`',
    doc: 'after 10 s up the first restart is immediate, then the wait doubles, less up to a quarter by chance',
  },
  maxRestarts: { doc: '`{"count": 5, "windowMs": 60000}`: one more and the service has failed' },
  critical: { usual: '`false`', doc: 'its final end stops the container with its exit code' },
  stopSignal: { usual: '`"SIGTERM"`', doc: 'what asks it to stop: the name of a signal' },
  stopTimeoutMs: { usual: '`5000`', doc: 'so long it has for its stop; then SIGKILL' },
  kill: {
    usual: '`"tree"`',
    doc: `\`"group"\`: a _restart_ leaves alone what was started in sessions of its own, such as a user's tmux`,
  },
  successCodes: { usual: '`[0]`', doc: 'exit codes and signal names that count as success' },
  needsPassword: {
    usual: '`false`',
    doc: `it lets people in by the workbench user's password, and starts once that has been set; \`"if-possible"\`: it can tell by itself where that can't be ([users.md](users.md))`,
  },
  noNewPrivs: {
    usual: '`false`',
    doc: 'no sudo, no setuid programs; needs setpriv (util-linux) in the image',
  },
  limits: {
    usual: "the container's",
    doc: '`{"nofile": 4096}`: soft limit of open files, at most the hard one',
  },
  oomScoreAdj: {
    usual: "the container's",
    doc: "-1000 to 1000: how readily the kernel kills it when memory is short; less than the container's own needs CAP_SYS_RESOURCE",
  },
};
