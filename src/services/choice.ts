import type { Definition } from '../definitions/definitions.ts';
import type { Problem } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import type { Environment } from '../launch/environ.ts';
import type { Settings } from '../settings/settings.ts';
import type { Disabled, Reason } from './disabled.ts';
import { findMistaken, findUnknownServices, listAll } from './mistakes.ts';
import { findCycle } from './order.ts';

interface Sources {
  readonly settings: Settings;
  readonly facts: Pick<Facts, 'services' | 'faultyServices' | 'mentions' | 'programs' | 'presentFiles'>;
  readonly environment: Environment;
  readonly command: readonly string[];
}

/**
 * Which services run. Automatically: every service of the image; a shipped one only when there is no CMD and no
 * service of the image runs the same program; one that goes with others where and only where one of those runs.
 * LINTEL_SERVICES and LINTEL_SERVICES_DISABLED decide otherwise. A service whose `when` does not hold never runs.
 */
export function chooseServices(sources: Sources): {
  readonly enabled: readonly Definition[];
  /** Those, and who would be among them but for a mistake that stops the boot: they may have others. */
  readonly wanted: readonly Definition[];
  readonly disabled: readonly Disabled[];
  readonly problems: readonly Problem[];
} {
  const services = listAll(sources.facts);
  const reasons = new Map(services.map(service => [service.name, findReasonAgainst(service, sources)]));
  pullInRequired(sources, reasons);
  joinOthers(sources, reasons);
  pullInRequired(sources, reasons);
  const isLeft = ({ name }: Definition) => reasons.get(name) === undefined;
  const wanted = services.filter(isLeft);
  for (const [name, reason] of findMistaken(wanted, sources.facts)) reasons.set(name, reason);
  return {
    enabled: wanted.filter(isLeft),
    wanted,
    disabled: services.flatMap(({ name, origin }): Disabled[] => {
      const reason = reasons.get(name);
      if (reason === undefined) return [];
      const { why, isMistake } = reason;
      if (isMistake === true) return [{ name, why, brief: 'can’t be used', isMistake }];
      const isUsual = reason.isUninstalled === true && origin === 'shipped';
      return [{ name, why, ...(isUsual && { brief: 'not installed' }) }];
    }),
    problems: [...findUnknownNames(sources), ...findUnknownServices(sources.facts), ...findCircle(wanted)],
  };
}

type Reasons = Map<string, Reason | undefined>;

/**
 * What an enabled service requires is enabled too, though nobody asked for it; unless it can't run, or must not: then
 * neither can the one that requires it.
 */
function pullInRequired(sources: Sources, reasons: Reasons): void {
  const services = listAll(sources.facts);
  const byName = new Map(services.map(service => [service.name, service]));
  // Each round decides at least one service, or is the last.
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false;
    for (const { name, origin, requires } of services) {
      if (reasons.get(name) !== undefined) continue;
      for (const required of requires.flatMap(other => byName.get(other) ?? [])) {
        const reason = reasons.get(required.name);
        if (reason === undefined) continue;
        const obstacle =
          findObstacle(required, sources) ??
          // An image that requires it by name wants it beside its own.
          (origin === 'shipped' ? findRival(required, sources) : undefined) ??
          (reason.isRequirement ? reason : undefined);
        if (obstacle === undefined) reasons.set(required.name, undefined);
        else {
          const why = `it requires ${required.name}: ${obstacle.why}`;
          reasons.set(name, { ...obstacle, why, isRequirement: true });
        }
        hasChanged = true;
        if (obstacle !== undefined) break;
      }
    }
  }
}

/** A service that goes with others runs where one of them does, and comes after all is decided about those. */
function joinOthers(sources: Sources, reasons: Reasons): void {
  for (const service of listAll(sources.facts)) {
    const { name, auto } = service;
    if (reasons.get(name) !== GOES_WITH) continue;
    const isWanted = auto.with.some(other => reasons.has(other) && reasons.get(other) === undefined);
    const reason = isWanted
      ? (findObstacle(service, sources) ?? findRival(service, sources))
      : { why: `only with ${auto.with.join(', ')}` };
    reasons.set(name, reason);
  }
}

const NOT_WANTED: Reason = { why: 'LINTEL_SERVICES_DISABLED names it' };
/** Of a service about which others decide, until they have. */
const GOES_WITH: Reason = { why: 'it goes with others' };

/** Why a service can't run or must not, even when another one requires it. */
function findObstacle(service: Definition, sources: Sources): Reason | undefined {
  if (matchesAny(service.name, sources.settings.servicesDisabled ?? [])) return NOT_WANTED;
  return findInability(service, sources);
}

function findCircle(services: readonly Definition[]): Problem[] {
  const cycle = findCycle(services);
  if (cycle === undefined) return [];
  return [
    {
      what: 'requires and after of the services',
      seen: `a circle: ${cycle.join(' -> ')}`,
      expected: 'an order in which each can start',
      fatal: true,
    },
  ];
}

function findReasonAgainst(service: Definition, sources: Sources): Reason | undefined {
  const { settings } = sources;
  if (matchesAny(service.name, settings.servicesDisabled ?? [])) return NOT_WANTED;
  const wanted = settings.services ?? ['auto'];
  if (!matchesAny(service.name, wanted)) {
    if (service.auto.with.length > 0) return GOES_WITH;
    if (wanted.includes('image') && service.origin === 'image') return findInability(service, sources);
    if (!wanted.includes('auto')) return { why: 'LINTEL_SERVICES does not name it' };
    const reason = findAutomaticReason(service, sources);
    if (reason !== undefined) return reason;
  }
  return findInability(service, sources);
}

function findAutomaticReason(service: Definition, sources: Sources): Reason | undefined {
  if (service.origin === 'image') return undefined;
  if (sources.command.length > 0) return { why: 'there is a CMD' };
  return findRival(service, sources);
}

/** A service of the image that does what a shipped one would do, unless the operator names that one. */
function findRival(service: Definition, { facts, settings }: Sources): Reason | undefined {
  if (service.origin === 'image' || matchesAny(service.name, settings.services ?? [])) return undefined;
  const own = [service.name, ...programsOf(service)];
  for (const other of facts.services) {
    if (other.origin !== 'image') continue;
    const programs = [...programsOf(other), ...(facts.mentions[other.name] ?? [])];
    if (programs.some(program => own.includes(program)))
      return { why: `the image's service ${other.name} runs the same program` };
    const instead = programs.find(program => service.auto.without.includes(program));
    if (instead !== undefined) return { why: `the image's service ${other.name} runs ${instead}` };
  }
  return undefined;
}

/** The programs that a service is about: those that it waits for, and the one that its command names. */
function programsOf({ when, command }: Definition): string[] {
  return [...when.command, ...command.slice(0, 1)].map(baseName).filter(name => name !== 'run');
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A mistake that stops the boot is none of this: there may be others to find in a service that would run but for it. */
function findInability(service: Definition, sources: Sources): Reason | undefined {
  const faulty = sources.facts.faultyServices.find(({ definition }) => definition.name === service.name);
  const isLeftOut = faulty !== undefined && !faulty.isFatal;
  return (
    findUnmetCondition(service, sources) ?? (isLeftOut ? { why: faulty.why, isMistake: true } : undefined)
  );
}

function findUnmetCondition(service: Definition, { facts, environment }: Sources): Reason | undefined {
  const { command, file, env } = service.when;
  if (command.length > 0 && !command.some(program => facts.programs[program] !== undefined))
    return { why: `${command.join(' or ')} is not installed`, isUninstalled: true };
  if (file.length > 0 && !file.some(path => facts.presentFiles.includes(path)))
    return { why: `there is no ${file.join(' or ')}` };
  if (env.length > 0 && !env.some(name => (environment[name] ?? '') !== ''))
    return { why: `${env.join(' or ')} is not set` };
  return undefined;
}

/** What LINTEL_SERVICES takes beside names and patterns: image is every service of the image and none that is shipped. */
const WORDS: readonly string[] = ['auto', 'image', 'none'];

/** A name that fits no service would silently start nothing. What can't be used has a problem of its own. */
function findUnknownNames({ settings, facts }: Sources): Problem[] {
  const known = listAll(facts).map(({ name }) => name);
  const lists = [
    ['LINTEL_SERVICES', settings.services ?? []],
    ['LINTEL_SERVICES_DISABLED', settings.servicesDisabled ?? []],
  ] as const;
  return lists.flatMap(([what, names]) =>
    names
      .filter(name => !WORDS.includes(name) && !/[*?]/.test(name) && !known.includes(name))
      .map(name => ({
        what,
        seen: JSON.stringify(name),
        expected: `one of ${[...WORDS, ...known].join(', ')}, or a pattern`,
        fatal: true,
      })),
  );
}

function matchesAny(name: string, patterns: readonly string[]): boolean {
  return patterns.some(pattern => isMatch(name, pattern));
}

/** `*` and `?` as in a shell; everything else stands for itself. Goes back to the last `*` alone, so it ends soon. */
function isMatch(name: string, pattern: string): boolean {
  let [at, inPattern, star, resume] = [0, 0, -1, 0];
  while (at < name.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') [star, resume, inPattern] = [inPattern, at, inPattern + 1];
    else if (wanted === '?' || wanted === name[at]) [at, inPattern] = [at + 1, inPattern + 1];
    else if (star === -1) return false;
    else [resume, at, inPattern] = [resume + 1, resume + 1, star + 1];
  }
  return /^\**$/.test(pattern.slice(inPattern));
}
