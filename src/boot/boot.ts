import { writeTerminationLog } from '../apply/termination.ts';
import type { Origin } from '../launch/environ.ts';
import { makeHistory } from '../log/history.ts';
import { type Log, makeLog } from '../log/log.ts';
import { makeGate } from '../processes/gate.ts';
import type { Supervisor } from '../services/supervisor.ts';
import { makeDraft } from './draft.ts';
import { type Ending, withExitCode } from './ending.ts';
import { makeFurniture } from './furniture.ts';
import { live } from './live.ts';
import { renderEnd, renderParagraph } from './paragraph.ts';
import { makeTimeline } from './timeline.ts';

/**
 * From the container's variables and arguments to its exit code. `onLog` is told of the log as soon as there is one.
 * Never rejects but for a bug.
 */
export async function boot(
  origin: Origin,
  command: readonly string[],
  onLog: (log: Log) => void,
): Promise<number> {
  const timeline = makeTimeline();
  const endDraft = timeline.begin('stage', 'settings and facts');
  const draft = makeDraft(origin, command);
  endDraft();
  let supervisor: Supervisor | undefined;
  const gate = makeGate();
  const log = await makeLog({
    format: draft.settings.logFormat ?? 'text',
    history: makeHistory(),
    isStdoutTaken: command.length > 0,
    onFull: isFull => gate.setReading(!isFull),
  });
  onLog(log);
  const leave = (ending: Ending) => {
    if (ending.isGuest !== true) writeTerminationLog(draft.facts.root, renderParagraph(ending));
  };
  const keepSupervisor = (made: Supervisor) => {
    supervisor = made;
  };
  const furniture = makeFurniture(draft, log);
  // Children of libc's are nothing that Node knows to wait for.
  const alive = setInterval(() => undefined, LONGEST_TIMER_MS);
  const lived = await live({
    draft,
    timeline,
    origin,
    log,
    gate,
    furniture,
    onReaped: () => supervisor?.onChildEnded(),
    keepSupervisor,
    leave,
  });
  const ending = withExitCode(lived, furniture.places, log);
  await gate.drain(DRAIN_MS);
  sayEnd(ending, log);
  leave(ending);
  await log.flush(FLUSH_MS);
  clearInterval(alive);
  return ending.code;
}

/** The last thing that is said. */
function sayEnd(ending: Ending, log: Log): void {
  if (ending.isSilent === true) return;
  const say = ending.particulars === undefined ? log.info : log.error;
  say(renderEnd(ending), { exitCode: ending.code });
}

/** What is left in the pipes of ended services; a process that can't be killed may hold one open. */
const DRAIN_MS = 200;
/** A reader that has stalled at the very end is not waited for longer than this. */
const FLUSH_MS = 1000;
/** 24 days: the most that a timer of Node's can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
