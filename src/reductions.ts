import type { PlannedService } from './definitions/definitions.ts';
import type { Facts } from './facts/facts.ts';
import type { Environment } from './launch/environ.ts';
import { mayWriteHome } from './user.ts';

interface Sources {
  readonly facts: Facts;
  readonly environment: Environment;
  readonly command: readonly string[];
}

/** Something that the workbench goes without. */
export interface Reduction {
  /** In a few words without values, for the line at the end of the boot and for strangers: "no home to write to". */
  readonly what: string;
  /** What it means, and what would mend it. */
  readonly sentence: string;
}

/**
 * What the container as it was started keeps from the workbench, or risks with it. Where no services run, nobody misses
 * a home.
 */
export function findReductions(
  sources: Sources,
  runs: { readonly services: readonly PlannedService[]; readonly noNewPrivs: boolean },
): Reduction[] {
  const { facts } = sources;
  return [
    ...sayLeftOut(facts),
    ...sayForeignFiles(facts),
    ...sayDeafPid1(facts),
    ...facts.workbench.warnings.map(sentence => ({ what: 'the workbench user’s account', sentence })),
    ...(isStdioKept(sources) ? [STDIO_KEPT] : []),
    ...sayNoSetpriv(sources, runs),
    ...(runs.services.length > 0 ? sayClosedFolders(sources) : []),
  ];
}

function sayLeftOut({ leftOut }: Facts): Reduction[] {
  if (leftOut.length === 0) return [];
  const sentence = `the image holds what Lintel does not run: ${leftOut.join(', ')}; see docs/s6.md`;
  return [{ what: `not run: ${leftOut.join(', ')}`, sentence }];
}

/** One line for all of it: it has one cause, a chown over the image's folders after Lintel came into it. */
function sayForeignFiles({ foreignFiles }: Facts): Reduction[] {
  if (foreignFiles.length === 0) return [];
  const writers = [...new Set(foreignFiles.map(({ who }) => who))].join(', ');
  const paths = foreignFiles.map(({ path }) => path).join(', ');
  return [
    {
      what: 'root runs what others may change',
      sentence: `root runs what others may change (${writers}): ${paths}; expected root’s own: let COPY --from=lintel / / be the image’s last layer`,
    },
  ];
}

function sayDeafPid1(facts: Facts): Reduction[] {
  const { deafPid1 } = facts.process;
  if (deafPid1 === undefined) return [];
  return [
    {
      what: 'no ordered stop',
      sentence: `PID 1 is ${deafPid1}, which keeps a stop to itself: at its end the container is killed when the time is over, without an ordered stop; expected Lintel as PID 1: in "sh -c", write exec before its name`,
    },
  ];
}

/** Without that helper, what asks for no_new_privs is not started at all. */
function sayNoSetpriv(
  { facts, command }: Sources,
  { services, noNewPrivs }: Parameters<typeof findReductions>[1],
): Reduction[] {
  if (facts.setpriv !== undefined) return [];
  const closed = services.filter(({ definition }) => noNewPrivs || definition.noNewPrivs);
  const names = [
    ...closed.map(({ definition }) => definition.name),
    ...(noNewPrivs && command.length > 0 ? ['the CMD'] : []),
  ];
  if (names.length === 0) return [];
  const who = names.join(', ');
  const wish = noNewPrivs ? 'LINTEL_NO_NEW_PRIVS' : '"noNewPrivs"';
  return [
    {
      what: `not started, for want of setpriv: ${who}`,
      sentence: `${who} can’t be started: ${wish} needs setpriv, which is not there (BusyBox’s can’t do it); expected util-linux in the image`,
    },
  ];
}

/** What a read-only root or a missing volume keeps from services, which say it less plainly. */
function sayClosedFolders({ facts, environment }: Sources): Reduction[] {
  const { user } = facts.workbench;
  // Runtime state goes there only where neither /run nor /tmp can be written.
  const isTmpOpen = !facts.runtimeDir.startsWith(`${facts.root}/dev/shm/`) || Boolean(environment['TMPDIR']);
  return [
    ...(mayWriteHome(user, facts.home)
      ? []
      : [
          {
            what: 'no home to write to',
            sentence: `${user.name} has no home to write to (${user.home}): programs that keep files there fail; expected a volume there`,
          },
        ]),
    ...(isTmpOpen
      ? []
      : [
          {
            what: 'no /tmp to write to',
            sentence:
              '/tmp can’t be written: programs that need a temporary folder fail; expected a tmpfs there',
          },
        ]),
  ];
}

const STDIO_KEPT: Reduction = {
  what: 'the CMD’s /dev/stdout',
  sentence:
    'Root here may not give anything away (no CAP_CHOWN): the CMD has its stdout and stderr, but may not open them again as /dev/stdout and /dev/stderr',
};

/** Whether the CMD is another user's, and Lintel's stdio can't be made theirs. */
function isStdioKept({ facts, command }: Sources): boolean {
  const { uid, capabilities } = facts.process;
  return uid === 0 && facts.workbench.user.uid !== 0 && command.length > 0 && !capabilities.includes('chown');
}
