import { writeFileSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { writeTerminationLog } from './apply/termination.ts';
import { parseArguments } from './arguments.ts';
import { boot } from './boot/boot.ts';
import { renderParagraph } from './boot/paragraph.ts';
import { COMMANDS, runCommand } from './commands/list.ts';
import { readTerminal } from './commands/terminal.ts';
import { LintelError, renderCause } from './errors.ts';
import { findProgram } from './facts/programs.ts';
import type { CacheUse } from './launch/cache.ts';
import { type Origin, readOrigin } from './launch/environ.ts';
import { renderBug } from './log/bugs.ts';
import type { Log } from './log/log.ts';
import { openLibc } from './pid1/libc.ts';
import { catchSignals, releaseSignals } from './pid1/signals.ts';

/** Handed over by the loader; absent when the program runs from its source. */
declare const LINTEL_CACHE_USE: CacheUse | undefined;
declare const LINTEL_MAKE_CACHE: (() => Buffer) | undefined;

/** A hidden subcommand of the build: boots, and writes what V8 compiled for it. */
const MAKE_CACHE = 'make-cache';

/** The bundle speaks the language of this Node; an older one would fail somewhere in the middle. */
const OLDEST_NODE = 24;

/** It boots a workbench, whose last word is this process's to write. */
let isWorkbench = false;
catchSignals();
checkNode();
main().then(
  code => process.exit(code),
  error => fail(error),
);

function checkNode(): void {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) return;
  const seen = `Node ${process.version} (${process.execPath})`;
  fail(
    new LintelError(
      `Cannot start with ${seen}, expected Node ${OLDEST_NODE} or later: put the build's node beside lintel.cjs`,
      126,
    ),
  );
}

async function main(): Promise<number> {
  const origin = readOrigin(process.env);
  const [, program = '', ...args] = process.argv;
  const invocation = parseArguments(program, args, {
    subcommands: new Set([...COMMANDS.map(({ name }) => name), MAKE_CACHE]),
    ...(process.pid === 1 || origin.environment['LINTEL_ROOT'] ? {} : { isProgram: isOnPath(origin) }),
  });
  if (invocation.type === 'boot') {
    if (process.pid !== 1) refuseMachine(program, origin);
    isWorkbench = true;
    const code = await boot(origin, invocation.command, outliveBugs());
    const libc = openLibc();
    if (!('missing' in libc)) libc.exitNow(code);
    return code;
  }
  if (invocation.name === MAKE_CACHE) return makeCache(invocation.args[0] ?? '', origin);
  releaseSignals();
  if (process.pid === 1) endOnSignals();
  const cacheUse = typeof LINTEL_CACHE_USE === 'string' ? LINTEL_CACHE_USE : 'absent';
  const terminal = readTerminal(origin.environment);
  const context = { origin, cacheUse, terminal, write: writeAll };
  const { text, exitCode } = await runCommand(invocation.name, invocation.args, context);
  await writeAll(text);
  return exitCode;
}

/**
 * A workbench outlives a bug of its init, be it thrown or a rejection that nobody waits for: say it, go on. Returns who
 * is to be told of the log, which waits for no slow reader.
 */
function outliveBugs(): (log: Log) => void {
  let sayBug: (error: unknown) => void = sayPlainly;
  process.on('uncaughtException', error => {
    try {
      sayBug(error);
    } catch (another) {
      sayPlainly(another);
    }
  });
  return log => {
    sayBug = log.bug;
  };
}

/** A developer's root shell: a boot there would write to the machine's own /etc, which nobody means to. */
function refuseMachine(program: string, { environment }: Origin): void {
  const isBuild = basename(program) === 'lintel.cjs' && basename(dirname(program)) === 'dist';
  if (!isBuild || process.geteuid?.() !== 0 || environment['LINTEL_ROOT']) return;
  throw new LintelError(
    `Cannot boot by ${program}: as root, outside a container of its own, it would configure this machine, expected LINTEL_ROOT=FOLDER or an installed name such as /init`,
    2,
  );
}

function isOnPath({ environment }: Origin): (name: string) => boolean {
  return name => findProgram(name, environment) !== undefined;
}

/** The kernel spares a PID 1 the signals that it does not handle: `docker run IMAGE lintel …` would not end on Ctrl-C. */
function endOnSignals(): void {
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
}

async function makeCache(path: string, origin: Origin): Promise<number> {
  if (typeof LINTEL_MAKE_CACHE !== 'function')
    throw new LintelError('Cannot make a code cache: this is no bundle', 2);
  const exitCode = await boot(origin, [], () => undefined);
  writeFileSync(path, LINTEL_MAKE_CACHE());
  return exitCode;
}

/** What a shell says of a program whose reader has gone. */
const READER_GONE = 141;
const RETRY_MS = 5;

/** process.stdout would leave a slow pipe unfinished at process.exit. Nobody reads any more: that is no error. */
async function writeAll(text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(READER_GONE);
      if (code !== 'EAGAIN') throw new LintelError(`Cannot write to stdout: ${renderCause(error)}`, 1);
      await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** The last catch: what stopped a command says so in a sentence, anything else is a bug with its stack. */
function fail(error: unknown): never {
  sayPlainly(error);
  const code = error instanceof LintelError ? error.exitCode : 1;
  // Whoever asks a running workbench something must not write over its last word.
  if (isWorkbench || process.pid === 1)
    writeTerminationLog(process.env['LINTEL_ROOT'] ?? '', renderLast(error, code));
  process.exit(code);
}

/** Nobody may be reading, or too slowly: a bug must not become a second one. */
function sayPlainly(error: unknown): void {
  try {
    writeSync(2, `lintel: error: ${renderFailure(error)}\n`);
  } catch {}
}

function renderFailure(error: unknown): string {
  if (error instanceof LintelError) return error.message;
  return renderBug(error);
}

function renderLast(error: unknown, code: number): string {
  if (error instanceof LintelError)
    return renderParagraph({ code, reason: error.message, particulars: error.particulars });
  const [reason = '', ...stack] = renderFailure(error).split('\n');
  const advice =
    'report this with the container’s variables and the version of Lintel; starting again may help';
  return renderParagraph({ code, reason, particulars: { facts: stack, advice } });
}
