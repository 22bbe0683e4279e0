import type { Facts } from './facts/facts.ts';
import type { Environment } from './launch/environ.ts';
import { mayWriteHome } from './user.ts';

interface Sources {
  readonly facts: Facts;
  readonly environment: Environment;
  readonly command: readonly string[];
}

/**
 * What the container as it was started keeps from the workbench, or risks with it: a sentence each, with what would
 * mend it. Where no services run, nobody misses a home.
 */
export function findReductions(
  sources: Sources,
  { hasServices }: { readonly hasServices: boolean },
): string[] {
  const { facts } = sources;
  return [
    ...sayLeftOut(facts),
    ...sayForeignFiles(facts),
    ...sayDeafPid1(facts),
    ...facts.workbench.warnings,
    ...(isStdioKept(sources) ? [STDIO_KEPT] : []),
    ...(hasServices ? sayClosedFolders(sources) : []),
  ];
}

function sayLeftOut({ leftOut }: Facts): string[] {
  if (leftOut.length === 0) return [];
  return [`the image holds what Lintel does not run: ${leftOut.join(', ')}; see docs/s6.md`];
}

/** One line for all of it: it has one cause, a chown over the image's folders after Lintel came into it. */
function sayForeignFiles({ foreignFiles }: Facts): string[] {
  if (foreignFiles.length === 0) return [];
  const writers = [...new Set(foreignFiles.map(({ who }) => who))].join(', ');
  const paths = foreignFiles.map(({ path }) => path).join(', ');
  return [
    `root runs what others may change (${writers}): ${paths}; expected root’s own: let COPY --from=lintel / / be the image’s last layer`,
  ];
}

function sayDeafPid1(facts: Facts): string[] {
  const { deafPid1 } = facts.process;
  if (deafPid1 === undefined) return [];
  return [
    `PID 1 is ${deafPid1}, which keeps a stop to itself: at its end the container is killed when the time is over, without an ordered stop; expected Lintel as PID 1: in "sh -c", write exec before its name`,
  ];
}

/** What a read-only root or a missing volume keeps from services, which say it less plainly. */
function sayClosedFolders({ facts, environment }: Sources): string[] {
  const { user } = facts.workbench;
  // Runtime state goes there only where neither /run nor /tmp can be written.
  const isTmpOpen = !facts.runtimeDir.startsWith(`${facts.root}/dev/shm/`) || Boolean(environment['TMPDIR']);
  return [
    ...(mayWriteHome(user, facts.home)
      ? []
      : [
          `${user.name} has no home to write to (${user.home}): programs that keep files there fail; expected a volume there`,
        ]),
    ...(isTmpOpen
      ? []
      : ['/tmp can’t be written: programs that need a temporary folder fail; expected a tmpfs there']),
  ];
}

const STDIO_KEPT =
  'Root here may not give anything away (no CAP_CHOWN): the CMD has its stdout and stderr, but may not open them again as /dev/stdout and /dev/stderr';

/** Whether the CMD is another user's, and Lintel's stdio can't be made theirs. */
function isStdioKept({ facts, command }: Sources): boolean {
  const { uid, capabilities } = facts.process;
  return uid === 0 && facts.workbench.user.uid !== 0 && command.length > 0 && !capabilities.includes('chown');
}
