import { readClockMs } from '../clock.ts';
import { OWN_NAME } from '../log/log.ts';
import type { ServiceStatus } from '../services/status.ts';
import { expectService } from '../settings/suggest.ts';
import { LINTEL_VERSION } from '../version.ts';
import { findNotReady, findTroubles, judgeAction, renderStage, renderTroubles } from './judgements.ts';
import { explainVariable, listVariables } from './provenance.ts';
import { type LineStream, pumpLogs, pumpStatus } from './pumps.ts';
import type { CheckedRequestOf, ResponseOf, RouteName } from './routes.ts';
import type { Subject } from './subject.ts';
import { waitFor } from './wait.ts';

/** What becomes of a request: data, never thrown. What is thrown is a bug. */
export type Outcome<T> =
  | { readonly value: T }
  | { readonly status: 404 | 409; readonly error: string }
  /** Writes until it is told to stop by what it returns. */
  | { readonly begin: (stream: LineStream<T>) => () => void };

export interface Context {
  readonly subject: Subject;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

type Handler<Name extends RouteName> = (
  request: CheckedRequestOf<Name>,
  context: Context,
) => Outcome<ResponseOf<Name>> | Promise<Outcome<ResponseOf<Name>>>;

/** One for each route. */
export const HANDLERS: { readonly [Name in RouteName]: Handler<Name> } = {
  status: ({ watch }, { subject }) =>
    watch === undefined
      ? { value: lookAt(subject) }
      : { begin: stream => pumpStatus(subject, stream, () => lookAt(subject)) },
  services: act,
  logs: (request, { subject }) => {
    const unknown = findUnknown(request.name ?? [], subject, listSources(subject));
    if (unknown !== undefined) return { status: 404, error: `Cannot show logs of ${unknown}` };
    return { begin: stream => pumpLogs(subject.history, stream, request) };
  },
  ready: async ({ waitMs = 0 }, { subject, signal }) => {
    const isReady = await waitFor(subject, () => isAllReady(subject), { waitMs, signal });
    const notReady = findNotReady(servicesOf(subject));
    return { value: { isReady: isReady === true, stage: subject.stage(), notReady } };
  },
  health: (_request, { subject }) => {
    const troubles = findTroubles(servicesOf(subject));
    return { value: { isHealthy: troubles.length === 0, stage: subject.stage(), troubles } };
  },
  boot: (_request, { subject }) => ({ value: subject.record() }),
  environment: ({ reveal }, { subject }) => {
    const { layers, user } = subject.environment();
    return { value: { variables: listVariables(layers, reveal !== undefined), user } };
  },
  explanation: ({ variable }, { subject }) => ({ value: explainVariable(subject.environment(), variable) }),
  findings: (_request, { subject }) => ({ value: subject.findings() }),
  shutdown: ({ code }, { subject }) => {
    subject.shutdown(code);
    return { value: { stage: subject.stage() } };
  },
};

function lookAt(subject: Subject): ResponseOf<'status'> {
  return {
    version: LINTEL_VERSION,
    pid: process.pid,
    upMs: Math.round(readClockMs() - subject.startedMs),
    stage: subject.stage(),
    services: servicesOf(subject),
  };
}

function servicesOf(subject: Subject): readonly ServiceStatus[] {
  return subject.supervisor()?.look() ?? [];
}

function isAllReady(subject: Subject): true | undefined {
  return (subject.stage().name === 'running' && findNotReady(servicesOf(subject)).length === 0) || undefined;
}

/** Services, and the scripts that have said something. */
function listSources(subject: Subject): string[] {
  const names = servicesOf(subject).map(({ name }) => name);
  return [...new Set([...names, ...subject.history.sources(), OWN_NAME])];
}

/** The first name that is none of `known`, with what may have been meant. */
function findUnknown(
  names: readonly string[],
  subject: Subject,
  known: readonly string[],
): string | undefined {
  // Before the services are there nobody knows who will have something to say.
  if (subject.supervisor() === undefined) return undefined;
  const name = names.find(candidate => !known.includes(candidate));
  if (name === undefined) return undefined;
  return `${JSON.stringify(name)}: no such service${expectService(name, known)}`;
}

async function act(
  { names, action, waitMs, withDependents = false }: CheckedRequestOf<'services'>,
  { subject, signal }: Context,
): Promise<Outcome<ResponseOf<'services'>>> {
  const supervisor = subject.supervisor();
  const stage = subject.stage();
  if (supervisor === undefined || stage.name !== 'running')
    return { status: 409, error: `Cannot ${action} ${names.join(', ')}: ${renderStage(stage)}` };
  const known = supervisor.look().map(({ name }) => name);
  const unknown = findUnknown(names, subject, known);
  if (unknown !== undefined) return { status: 404, error: `Cannot ${action} ${unknown}` };

  const dependents = withDependents ? names.flatMap(name => supervisor.findDependents(name)) : [];
  const requirements = action === 'start' ? names.flatMap(name => supervisor.findRequired(name)) : [];
  const asked = [...new Set([...requirements, ...names, ...dependents])];
  const before = new Map(supervisor.look().map(({ name, spawn }) => [name, spawn]));
  for (const name of asked) supervisor.request(name, action);

  const look = () => supervisor.look().filter(({ name }) => asked.includes(name));
  if (waitMs === undefined) return { value: { services: look() } };
  const judge = () => {
    const judged = look().map(service => judgeAction(action, service, before.get(service.name) ?? 0));
    const failed = judged.find(one => typeof one === 'object');
    return failed ?? (judged.includes(undefined) ? undefined : 'done');
  };
  const end = await waitFor(subject, judge, { waitMs, signal });
  if (end === 'done') return { value: { services: look() } };
  return { status: 409, error: end === undefined ? renderLate(action, look(), waitMs) : end.why };
}

function renderLate(
  action: 'start' | 'stop' | 'restart',
  services: readonly ServiceStatus[],
  waitMs: number,
): string {
  const late = `after ${waitMs / 1000} s`;
  if (action !== 'stop') return `Not ready ${late}: ${renderTroubles(findNotReady(services))}`;
  const left = services.filter(({ state }) => state !== 'down' && state !== 'failed');
  return `Not down ${late}: ${left.map(({ name, state }) => `${name} (${state})`).join(', ')}`;
}
