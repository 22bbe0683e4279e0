import { moveFolder } from '../apply/folders.ts';
import { readClockMs } from '../clock.ts';
import { makeEnvironment } from '../environment.ts';
import { renderCause } from '../errors.ts';
import { isDirectory, readLinkStat, readNames, readStat } from '../facts/files.ts';
import type { Environment } from '../launch/environ.ts';
import { type RunOutcome, runToEnd } from '../processes/run.ts';
import { maskUrl, maskUrls } from '../settings/url.ts';
import { withoutLastSlashes } from '../slashes.ts';
import { parseRepository } from '../tools/repository.ts';
import { refuseIfStrict } from './complaint.ts';
import { unlessSilent } from './silence.ts';
import type { Step, StepContext, StepSubject } from './step.ts';

/** A server that is yet to come up is asked again for this long. */
const RETRY_MS = 30_000;
const RETRY_PAUSE_MS = 1000;
/** Large repositories over slow lines; git itself gives up a transfer that stands still. */
const CLONE_LIMIT_MS = 30 * 60_000;
const STALLED_S = 60;
/** For an address that drops packets or never begins with TLS git waits two to five minutes, and has no setting for it. */
const ASK_AFTER_MS = 15_000;
const ANSWER_LIMIT_MS = 45_000;
const REMOVE_LIMIT_MS = 60_000;
const STILL_CLONING_MS = 10_000;
/** What a filesystem keeps for itself is no file of anybody's. */
const LOST_AND_FOUND = 'lost+found';

/** What git and ssh say when nobody answered, or not now. */
const IS_CONNECTION_ERROR =
  /could ?n[o']t (resolve|connect)|could not resolve|failed to connect|connection (refused|reset|timed out)|timed out|no route to host|network is unreachable|temporary failure in name resolution|early EOF|remote end hung up|error: 50[234]\b/i;

/**
 * Clones GIT_REPOSITORY into the project folder as the workbench user, who also has the credentials (see git.ts). What
 * is there already is left alone: on a volume it holds the user's work.
 */
export const clone: Step = {
  name: 'clone',
  isWanted: ({ settings }) => settings.gitRepository !== undefined,
  async run(context) {
    const failure = await cloneRepository(context);
    if (failure === undefined || context.stop.aborted) return undefined;
    const shown = maskUrl(context.settings.gitRepository ?? '');
    const sentence = `Cannot clone ${shown}: ${failure}`;
    refuseIfStrict(context, sentence);
    context.log.warn(sentence);
    context.giveUp();
    return undefined;
  },
};

/** Returns why it could not be done, in git's own words where there are any. */
async function cloneRepository(context: StepContext): Promise<string | undefined> {
  const { settings, facts, log } = context;
  const { url, name } = parseRepository(settings.gitRepository ?? '', settings.gitToken);
  if (name === undefined) return 'the URL names no repository';
  if (facts.programs['git'] === undefined) return 'git is not installed';
  const folder = findProjectFolder(context);
  const target = `${folder}/${name}`;
  const found = look(target);
  if (found === 'clone') {
    log.info(`clone: ${target} is there already and left alone`);
    return undefined;
  }
  if (found === 'something else') return `${target} is there already and is no clone: left alone`;
  return cloneInto({ url, folder, name, isThere: found === 'empty' }, context);
}

/** ROOT_PROJECT_DIRECTORY or WORKSPACE_DIR, else ~/work where that is a folder, else HOME. */
function findProjectFolder({ settings, plan }: StepSubject): string {
  const work = `${plan.user.home}/work`;
  const folder = settings.projectDirectory ?? (isDirectory(work) ? work : plan.user.home);
  return withoutLastSlashes(folder);
}

function look(target: string): 'nothing' | 'empty' | 'clone' | 'something else' {
  if (readLinkStat(target) === undefined) return 'nothing';
  if (!isDirectory(target)) return 'something else';
  if (readStat(`${target}/.git`) !== undefined) return 'clone';
  return readNames(target).every(name => name === LOST_AND_FOUND) ? 'empty' : 'something else';
}

interface Target {
  readonly url: string;
  readonly folder: string;
  readonly name: string;
  /** An empty folder: perhaps a mount, which nothing can take the place of. */
  readonly isThere: boolean;
}

/**
 * Under another name first: what a killed boot leaves behind must not look like a clone to the next one.
 */
async function cloneInto(target: Target, context: StepContext): Promise<string | undefined> {
  const { plan, log } = context;
  const { url, folder, name, isThere } = target;
  const path = `${folder}/${name}`;
  const place = isThere ? path : `${folder}/.${name}.lintel-clone`;
  const startMs = readClockMs();
  if (!isThere && readLinkStat(place) !== undefined)
    await runAsUser(['rm', '-rf', '--', place], REMOVE_LIMIT_MS, context);
  const ticking = setInterval(() => log.info(`clone: waiting for ${maskUrl(url)}`), STILL_CLONING_MS);
  try {
    const failure = await cloneWithRetries({ url, place }, context);
    if (failure !== undefined) return failure;
    if (!isThere) moveFolder(place, path, plan.user);
  } catch (error) {
    return `${path}: ${renderCause(error)}`;
  } finally {
    clearInterval(ticking);
  }
  log.info(`clone: ${maskUrl(url)} is in ${path}`, { ms: Math.round(readClockMs() - startMs) });
  return undefined;
}

async function cloneWithRetries(
  { url, place }: { readonly url: string; readonly place: string },
  context: StepContext,
): Promise<string | undefined> {
  const { settings, stop, log } = context;
  const branch = settings.gitBranch;
  const argv = [
    ...GIT,
    'clone',
    ...(branch === undefined ? [] : [`--branch=${branch}`]),
    '--',
    url,
    place,
  ] as const;
  const deadlineMs = readClockMs() + RETRY_MS;
  let hasSaid = false;
  for (;;) {
    const outcome = await unlessSilent(silence => runAsUser(argv, CLONE_LIMIT_MS, context, silence), {
      hasArrived: () => hasObjects(place),
      ask: over => isAnswered(url, context, over),
      askAfterMs: ASK_AFTER_MS,
    });
    if (outcome === undefined) return `nobody answered within ${(ASK_AFTER_MS + ANSWER_LIMIT_MS) / 1000} s`;
    if ('code' in outcome.exit && outcome.exit.code === 0) return undefined;
    const words = readWords(outcome, context);
    if (stop.aborted || !IS_CONNECTION_ERROR.test(words) || readClockMs() + RETRY_PAUSE_MS > deadlineMs)
      return words;
    if (!hasSaid) log.warn(`clone: ${words}; it is tried again for ${RETRY_MS / 1000} s`);
    hasSaid = true;
    await pause(RETRY_PAUSE_MS, stop);
  }
}

const GIT = [
  'git',
  ...['protocol.ext.allow=never', `http.lowSpeedLimit=1`, `http.lowSpeedTime=${STALLED_S}`].flatMap(pair => [
    '-c',
    pair,
  ]),
] as const satisfies readonly [string, ...string[]];

/** Whether the repository's server answers git anything at all, by whatever way git goes to it: a refusal is an answer. */
async function isAnswered(url: string, context: StepContext, over: AbortSignal): Promise<boolean> {
  const argv = [...GIT, 'ls-remote', '--', url, 'HEAD'] as const;
  const { isTimedOut } = await runAsUser(argv, ANSWER_LIMIT_MS, context, over);
  return !isTimedOut;
}

/** Whether a clone in that place has got anything yet. */
function hasObjects(place: string): boolean {
  const objects = `${place}/.git/objects`;
  return (
    readNames(`${objects}/pack`).length > 0 ||
    readNames(objects).some(name => name !== 'info' && name !== 'pack')
  );
}

/** What git said, in one line, without what must not be read. */
function readWords({ stderr, exit, isTimedOut }: RunOutcome, { settings }: StepContext): string {
  if (isTimedOut) return `it took more than ${CLONE_LIMIT_MS / 60_000} minutes`;
  if ('error' in exit) return exit.error;
  const lines = stderr
    .split(/[\r\n]+/)
    .map(line => line.trim())
    .filter(line => line !== '' && !/^(Cloning into|hint:|warning: redirecting)/.test(line));
  const words = maskUrls(lines.join('; '));
  const { credential } = parseRepository(settings.gitRepository ?? '', settings.gitToken);
  // A server may send back what it was given.
  const secrets = [credential?.password, settings.gitToken].filter(
    secret => secret !== undefined && secret !== '',
  );
  const masked = secrets.reduce<string>((text, secret) => text.replaceAll(secret ?? '', '***'), words);
  return masked.slice(0, 1000) || `git ended without a word`;
}

function runAsUser(
  argv: readonly [string, ...string[]],
  timeoutMs: number,
  { spawner, plan, environment, stop }: StepContext,
  end?: AbortSignal,
): Promise<RunOutcome> {
  return runToEnd(spawner, {
    argv,
    user: plan.user,
    environment: makeGitEnvironment(makeEnvironment(environment, {}, plan.user)),
    timeoutMs,
    signal: end === undefined ? stop : AbortSignal.any([stop, end]),
  });
}

/**
 * Nobody is there to answer a prompt. A host that is met for the first time is believed, as a user would, and never
 * one whose key has changed; a GIT_SSH_COMMAND of the platform's decides otherwise.
 */
function makeGitEnvironment(environment: Environment): Environment {
  const isGiven = (environment['GIT_SSH_COMMAND'] ?? environment['GIT_SSH'] ?? '') !== '';
  return {
    ...environment,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS: '',
    LC_ALL: 'C.UTF-8',
    ...(isGiven
      ? {}
      : { GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=15' }),
  };
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stop.addEventListener('abort', end);
  });
}
