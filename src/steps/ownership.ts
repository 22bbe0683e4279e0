import type { Given, Giving } from '../apply/ownership.ts';
import type { Log } from '../log/log.ts';
import type { Step, StepSubject } from './step.ts';

/**
 * CHOWN_HOME and CHOWN_EXTRA as in Jupyter's docker-stacks, but for what has the right owner already. And where the
 * workbench user's uid changes, what was theirs in the image's home stays theirs.
 */
export const ownership: Step = {
  name: 'ownership',
  isWanted: subject => findGivings(subject).length + findTroubles(subject).length > 0,
  async run(context) {
    const { log, plan, stop } = context;
    for (const trouble of findTroubles(context)) log.warn(trouble);
    const givings = findGivings(context);
    if (givings.length === 0) return undefined;
    const { giveOwnership } = await import('../apply/ownership.ts');
    for (const giving of givings) {
      const startMs = performance.now();
      const given = await giveOwnership(giving, stop);
      say(giving, given, { name: plan.user.name, ms: Math.round(performance.now() - startMs), log });
      if (given.failed > 0) context.giveUp();
    }
    return undefined;
  },
};

function isAble({ facts, plan }: StepSubject): boolean {
  return facts.process.uid === 0 && plan.user.uid !== 0;
}

function findGivings(subject: StepSubject): Giving[] {
  if (!isAble(subject)) return [];
  const { settings, plan, facts } = subject;
  const { user } = plan;
  const { home } = facts;
  const isHomeWrong = home !== undefined && (home.uid !== user.uid || home.gid !== user.gid);
  const isDeep = isRecursive(settings.chownHomeOptions);
  const givings: Giving[] = [];
  if (settings.chownHome === true) {
    if (isDeep || isHomeWrong) givings.push({ path: user.home, to: user, isRecursive: isDeep });
  }
  const from = facts.accountChange?.from;
  const isMoved =
    from !== undefined && home?.uid === from.uid && (from.uid !== user.uid || from.gid !== user.gid);
  // A volume has owners of its own: whoever mounts it says by CHOWN_HOME what shall become of them.
  if (isMoved && !home.isMount && !(settings.chownHome === true && isDeep))
    givings.unshift({ path: from.home, to: user, isRecursive: true, from });
  for (const path of settings.chownExtra ?? [])
    givings.push({ path, to: user, isRecursive: isRecursive(settings.chownExtraOptions) });
  return givings;
}

function findTroubles(subject: StepSubject): string[] {
  const { settings, facts } = subject;
  const { chownHome, chownExtra, chownHomeOptions, chownExtraOptions } = settings;
  const asked = [
    ...(chownHome === true ? ['CHOWN_HOME'] : []),
    ...(chownExtra === undefined ? [] : ['CHOWN_EXTRA']),
  ];
  if (asked.length === 0) return [];
  if (facts.process.uid !== 0)
    return [
      `${asked.join(' and ')} without effect: only a container that starts as root can give files away`,
    ];
  const options = [
    ['CHOWN_HOME_OPTS', chownHomeOptions] as const,
    ['CHOWN_EXTRA_OPTS', chownExtraOptions] as const,
  ];
  return options.flatMap(([name, text]) =>
    words(text)
      .filter(word => !KNOWN.has(word) && !HARMLESS.has(word))
      .map(word => `${name}: ${JSON.stringify(word.slice(0, 64))} has no effect, only -R has`),
  );
}

const KNOWN: ReadonlySet<string> = new Set(['-R', '--recursive']);
/** What they ask for is done, or said, anyway. */
const HARMLESS: ReadonlySet<string> = new Set(['-h', '--no-dereference', '-P', '-v', '-c', '-f']);

function isRecursive(options: string | undefined): boolean {
  return words(options).some(word => KNOWN.has(word));
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter(word => word !== '');
}

function say(
  { path, from }: Giving,
  { changed, seen, linkedElsewhere, failed, cause }: Given,
  by: { readonly name: string; readonly ms: number; readonly log: Log },
): void {
  const { name, ms, log } = by;
  if (changed > 0 || from === undefined)
    log.info(`ownership: ${changed} of ${seen} in ${path} given to ${name}`, { ms });
  if (linkedElsewhere > 0)
    log.warn(
      `ownership: ${linkedElsewhere} files in ${path} are left as they are: they have other names elsewhere (hard links), so they may be somebody else's`,
    );
  if (failed > 0) log.warn(`ownership: ${failed} in ${path} could not be given to ${name}: ${cause}`);
}
