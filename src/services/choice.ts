import type { Problem } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import type { Environment } from '../launch/environ.ts';
import type { Settings } from '../settings/settings.ts';
import type { Definition } from './definitions.ts';

export interface Disabled {
  readonly name: string;
  readonly why: string;
}

interface Sources {
  readonly settings: Settings;
  readonly facts: Facts;
  readonly environment: Environment;
  readonly command: readonly string[];
}

/**
 * Which services run. Automatically: every service of the image; a shipped one only when there is no CMD and no
 * service of the image runs the same program. LINTEL_SERVICES and LINTEL_SERVICES_DISABLED decide otherwise.
 * A service whose `when` does not hold never runs.
 */
export function chooseServices(sources: Sources): {
  readonly enabled: readonly Definition[];
  readonly disabled: readonly Disabled[];
  readonly problems: readonly Problem[];
} {
  const enabled: Definition[] = [];
  const disabled: Disabled[] = [];
  for (const service of sources.facts.services) {
    const why = findReasonAgainst(service, sources);
    if (why === undefined) enabled.push(service);
    else disabled.push({ name: service.name, why });
  }
  return { enabled, disabled, problems: findUnknownNames(sources) };
}

function findReasonAgainst(service: Definition, sources: Sources): string | undefined {
  const { settings } = sources;
  if (matchesAny(service.name, settings.servicesDisabled ?? [])) return 'LINTEL_SERVICES_DISABLED names it';
  const wanted = settings.services ?? ['auto'];
  if (!matchesAny(service.name, wanted)) {
    if (!wanted.includes('auto')) return 'LINTEL_SERVICES does not name it';
    const why = findAutomaticReason(service, sources);
    if (why !== undefined) return why;
  }
  return findUnmetCondition(service, sources);
}

function findAutomaticReason(service: Definition, { facts, command }: Sources): string | undefined {
  if (service.origin === 'image') return undefined;
  if (command.length > 0) return 'there is a CMD';
  const own = programsOf(service);
  const rival = facts.services.find(
    other => other.origin === 'image' && programsOf(other).some(program => own.includes(program)),
  );
  return rival === undefined ? undefined : `the image's service ${rival.name} runs the same program`;
}

/** The programs that a service is about: those that it waits for, and the one that its command names. */
function programsOf({ when, command }: Definition): string[] {
  return [...when.command, ...command.slice(0, 1)].map(baseName).filter(name => name !== 'run');
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function findUnmetCondition(service: Definition, { facts, environment }: Sources): string | undefined {
  const { command, file, env } = service.when;
  if (command.length > 0 && !command.some(program => facts.programs[program] !== undefined))
    return `${command.join(' or ')} is not installed`;
  if (file.length > 0 && !file.some(path => facts.presentFiles.includes(path)))
    return `there is no ${file.join(' or ')}`;
  if (env.length > 0 && !env.some(name => (environment[name] ?? '') !== ''))
    return `${env.join(' or ')} is not set`;
  return undefined;
}

/** A name that fits no service would silently start nothing. */
function findUnknownNames({ settings, facts }: Sources): Problem[] {
  const known = facts.services.map(service => service.name);
  const lists = [
    ['LINTEL_SERVICES', settings.services ?? []],
    ['LINTEL_SERVICES_DISABLED', settings.servicesDisabled ?? []],
  ] as const;
  return lists.flatMap(([what, names]) =>
    names
      .filter(name => name !== 'auto' && name !== 'none' && !/[*?]/.test(name) && !known.includes(name))
      .map(name => ({
        what,
        seen: JSON.stringify(name),
        expected: `one of ${['auto', 'none', ...known].join(', ')}, or a pattern`,
        fatal: true,
      })),
  );
}

function matchesAny(name: string, patterns: readonly string[]): boolean {
  return patterns.some(pattern => toRegExp(pattern).test(name));
}

/** `*` and `?` as in a shell; everything else stands for itself. */
function toRegExp(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}
