import type { PlannedService } from '../definitions/definitions.ts';
import { renderProblem } from '../errors.ts';
import { isShipped } from '../facts/scripts.ts';
import type { Log } from '../log/log.ts';
import type { Note, Plan } from '../plan.ts';
import { escapeLine } from '../printable.ts';
import { renderDisabled } from '../services/disabled.ts';
import type { BootRecord } from '../timing/record.ts';
import { renderSentence } from '../timing/sentence.ts';
import { LINTEL_VERSION } from '../version.ts';
import { makeRefusal } from './causes.ts';
import type { Draft } from './draft.ts';

type Checked = Pick<Draft, 'settings'> & { readonly plan: Pick<Plan, 'problems'> };

/** Throws a LintelError with all problems where one of them stops the boot. */
export function refuseFatal({ plan, settings }: Checked): void {
  if (plan.problems.some(({ fatal }) => fatal)) throw makeRefusal(plan.problems, settings.strict === true);
}

/** Throws as `refuseFatal`; what stops no boot is said. */
export function sayProblems(checked: Checked, log: Log): void {
  refuseFatal(checked);
  for (const problem of checked.plan.problems) log.error(escapeLine(renderProblem(problem)));
}

/** A plain `docker run IMAGE COMMAND`, where nothing is applied, is as silent as without Lintel. */
function isSilent({ plan }: Draft): boolean {
  const { command, services, notes, initScripts, problems, warnings } = plan;
  const scripts = initScripts.filter(script => !isShipped(script));
  const count = services.length + notes.length + scripts.length + problems.length + warnings.length;
  return command.length > 0 && count === 0;
}

export function sayHeader(draft: Draft, log: Log): void {
  if (isSilent(draft)) return;
  const { user } = draft.plan;
  log.info(`Lintel ${LINTEL_VERSION} boots`, {
    pid: process.pid,
    uid: draft.facts.process.uid,
    workbench: `${user.name} ${user.uid}:${user.gid}`,
    home: user.home,
  });
}

export function saySummary(draft: Draft, log: Log): void {
  const { plan } = draft;
  for (const warning of plan.warnings) log.warn(escapeLine(warning));
  if (isSilent(draft)) return;
  for (const note of renderNotes(plan)) log.info(escapeLine(note));
  const names = plan.services.map(renderName).join(' ');
  const disabled = renderDisabled(plan.disabledServices);
  log.info(escapeLine(`services: ${names || 'none'}${disabled === '' ? '' : `; not: ${disabled}`}`));
}

function renderName({ definition: { name, isDownAtStart } }: PlannedService): string {
  return isDownAtStart ? `${name} (down)` : name;
}

/** Where the time went, who is not ready, and what was reduced, once nothing of that changes any more. */
export function saySettled(draft: Draft, record: BootRecord, log: Log): void {
  if (isSilent(draft)) return;
  const sentence = escapeLine(renderSentence(record));
  if (record.outcome === 'ready' && isBehindPrompt(draft)) return;
  if (record.outcome === 'ready') log.info(sentence);
  else log.warn(sentence);
}

/** Somebody types into the CMD when services are ready at last: good news is no reason to write behind their prompt. */
function isBehindPrompt({ plan, facts }: Draft): boolean {
  return plan.command.length > 0 && plan.services.length > 0 && facts.process.hasTerminal;
}

/** What is new in a plan that was made again. Throws as `sayProblems` does. */
export function sayChanges({ plan: before }: Draft, { plan: after, settings }: Draft, log: Log): void {
  const said = new Set(before.problems.map(renderProblem));
  const problems = after.problems.filter(problem => !said.has(renderProblem(problem)));
  sayProblems({ plan: { problems }, settings }, log);
  for (const warning of after.warnings) if (!before.warnings.includes(warning)) log.warn(escapeLine(warning));
  const noted = new Set(renderNotes(before));
  for (const note of renderNotes(after))
    if (!noted.has(note)) log.info(escapeLine(`${note} (settings changed by scripts)`));
}

/** Tools that got nothing but the certificates share a line, since every boot with certificates has half a dozen of them. */
function renderNotes({ notes }: Plan): string[] {
  const isShared = ({ text }: Note) => text.startsWith(SHARED);
  const shared = notes.filter(isShared);
  if (shared.length < 2) return notes.map(renderNote);
  const tools = shared.map(({ tool, text }) => `${tool} ${text.slice(SHARED.length - 1)}`).join(', ');
  const line = `certificates: ${tools}`;
  return [...notes.filter(note => !isShared(note)).map(renderNote), line];
}

const SHARED = 'certificates (';

function renderNote({ tool, text }: Note): string {
  return `${tool}: ${text}`;
}
