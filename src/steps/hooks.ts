import { removeFile } from '../apply/files.ts';
import { runScript } from '../apply/scripts.ts';
import { findUnusable, type Growth } from '../environment.ts';
import { readBytes } from '../facts/files.ts';
import type { Hooks } from '../facts/hooks.ts';
import { readWorkingDirectory } from '../facts/process.ts';
import { findProgram, findSystemProgram } from '../facts/programs.ts';
import { type Environment, parseEnviron } from '../launch/environ.ts';
import type { Plan } from '../plan.ts';
import { renderExit } from '../processes/exit.ts';
import type { Step, StepContext, StepSubject } from './step.ts';

/**
 * The hooks of Jupyter's docker-stacks: files that end in .sh are sourced by one bash, in byte order, others are run;
 * what they make of the environment is everybody's from then on. As Lintel's own user, in the container's working
 * directory, as start.sh does it.
 */
export const startNotebookHooks: Step = {
  name: 'start-notebook.d',
  isWanted: subject => isOurs(subject) && subject.facts.hooks.startNotebook !== undefined,
  async run(context) {
    const growth = await runHooks('start-notebook.d', context.facts.hooks.startNotebook ?? '', context);
    return { ...growth, source: 'hooks start-notebook.d' };
  },
};

export const beforeNotebookHooks: Step = {
  name: 'before-notebook.d',
  isWanted: subject => {
    const { startNotebook, beforeNotebook } = subject.facts.hooks;
    return isOurs(subject) && (startNotebook !== undefined || beforeNotebook !== undefined);
  },
  async run(context) {
    const folder = context.facts.hooks.beforeNotebook;
    const growth = folder === undefined ? NOTHING : await runHooks('before-notebook.d', folder, context);
    // Whoever calls start.sh later does not run them again.
    const set = { ...growth.set, _START_SH_EXECUTED: '1' };
    return { set, unset: growth.unset, source: 'hooks before-notebook.d' };
  },
};

/** Not where start.sh, or somebody before us, does it. */
function isOurs({ settings, plan, facts }: StepSubject): boolean {
  return settings.startShExecuted !== true && !startsByStacks(plan, facts.hooks);
}

/** Whether the CMD is docker-stacks' start.sh or one of its scripts that end in that, behind tini, conda or nothing. */
export function startsByStacks(
  { command }: Pick<Plan, 'command'>,
  { starters }: Pick<Hooks, 'starters'>,
): boolean {
  return command
    .slice(0, MOST_WRAPPER_WORDS + 1)
    .some(word => starters.includes(word.replace(/^\/usr\/local\/bin\//, '')));
}

/** "conda run --no-capture-output -n ENV --cwd FOLDER start-notebook.sh" */
const MOST_WRAPPER_WORDS = 7;
const NOTHING: Growth = { set: {}, unset: [] };
const MOST_BYTES = 4 * 1024 * 1024;
/** The driver's word for what failed; no variable of theirs. */
const FAILED = 'lintel__failed';
/** The last that it writes: on a full disk what is missing was not taken away by a hook. */
const WHOLE = 'lintel__whole';
/** A shell's own, what one process has, and the driver's, should a hook have made all variables exported ones. */
const NOT_THEIRS = /^(_|SHLVL|PWD|OLDPWD|LINTEL_SERVICE|lintel__.*)$/;

/**
 * Sources what ends in .sh, runs what is executable, and at its end, whoever ends it, writes down what failed and its
 * environment. A hook's own `set -e` ends the shell, as it says.
 */
const DRIVER = `
lintel__result=$1 lintel__folder=$2 lintel__failed= lintel__now=
set --
lintel__end() {
  lintel__code=$?
  if [ -n "$lintel__now" ]; then
    lintel__failed="$lintel__failed $lintel__now (ended the shell with $lintel__code, those after it were not run)"
  fi
  umask 077
  { printf 'lintel__failed=%s\\0' "$lintel__failed" && /usr/bin/env -0 && printf 'lintel__whole=1\\0'; } >"$lintel__result"
}
trap lintel__end EXIT
for lintel__hook in "$lintel__folder"/*; do
  lintel__now=\${lintel__hook##*/} lintel__code=0
  if [ "$lintel__hook" != "\${lintel__hook%.sh}" ] && [ -f "$lintel__hook" ]; then
    source "$lintel__hook"
    lintel__code=$?
    set +eu
  elif [ -f "$lintel__hook" ] && [ -x "$lintel__hook" ]; then
    "$lintel__hook"
    lintel__code=$?
  elif [ -e "$lintel__hook" ]; then
    lintel__failed="$lintel__failed $lintel__now (neither a .sh file nor executable)"
  fi
  if [ "$lintel__code" -ne 0 ]; then
    lintel__failed="$lintel__failed $lintel__now (exit code $lintel__code)"
  fi
done
lintel__now=
`;

async function runHooks(name: string, folder: string, context: StepContext): Promise<Growth> {
  const { environment, log, plan, stop } = context;
  const bash = findSystemProgram('bash') ?? findProgram('bash', environment);
  if (bash === undefined) {
    log.warn(`the hooks of ${folder} are not run: bash is not installed`);
    context.giveUp();
    return NOTHING;
  }
  const result = `${plan.runtimeDir}/hooks.env`;
  const { exit, isTimedOut } = await runScript({
    script: { name, path: folder },
    argv: [bash, '-c', DRIVER, 'bash', result, folder],
    cwd: readWorkingDirectory(),
    spawner: context.spawner,
    user: context.self,
    environment,
    log,
    timeoutMs: plan.initTimeoutMs,
    signal: stop,
    kill: context.kill,
  });
  const bytes = readResult(result);
  const { environment: made, notUtf8 } = parseEnviron(bytes);
  if (!Object.hasOwn(made, WHOLE)) {
    const how = isTimedOut ? 'took too long' : renderExit(exit);
    if (stop.aborted) return NOTHING;
    log.warn(`the hooks of ${folder} left no environment (${how}): what they set is not taken over`);
    context.giveUp();
    return NOTHING;
  }
  const failed = made[FAILED] ?? '';
  if (failed === '') log.info(`hooks of ${folder} done`);
  else {
    log.warn(`hooks of ${folder} have failed:${failed}`);
    context.giveUp();
  }
  for (const odd of notUtf8) log.warn(`${folder}: variable ${odd} is not valid UTF-8: passed over`);
  const isTheirs = (name: string) => !NOT_THEIRS.test(name) && !notUtf8.includes(name);
  return compare(environment, made, isTheirs);
}

/** Nothing where it can't be read. */
function readResult(path: string): Buffer {
  try {
    return readBytes(path, MOST_BYTES) ?? Buffer.alloc(0);
  } catch {
    return Buffer.alloc(0);
  } finally {
    removeFile(path);
  }
}

function compare(before: Environment, after: Environment, isTheirs: (name: string) => boolean): Growth {
  const set = Object.entries(after).filter(
    ([name, value]) => before[name] !== value && isTheirs(name) && findUnusable(name, value) === undefined,
  );
  // A shell drops what is no name of its own.
  const unset = Object.keys(before).filter(
    name => !Object.hasOwn(after, name) && isTheirs(name) && /^[A-Za-z_]\w*$/.test(name),
  );
  return { set: Object.fromEntries(set), unset };
}
