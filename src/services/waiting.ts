import type { Entries, Entry } from './entry.ts';
import { askToStart, type FindService, type Permission } from './order.ts';

/** What a waiting service waits for; nothing for any other. */
export function permissionOf(entry: Entry, entries: Entries): Permission | undefined {
  if (entry.service.state.name !== 'waiting') return undefined;
  const permission = askToStart(entry.planned.definition, findIn(entries));
  if (!entry.isHeld || permission.type === 'blocked') return permission;
  const names = permission.type === 'waits' ? permission.names : [];
  return { type: 'waits', names: [...names, PASSWORD] };
}

/** As people are told of it. No service can be called so. */
export const PASSWORD = 'the password';

export function findIn(entries: Entries): FindService {
  return name => entries.get(name)?.service;
}

/**
 * One line that says what everybody waits for: "waiting for xvfb (starting for 12 s: connection refused; needed by
 * openbox, x11vnc)". undefined when nobody waits.
 */
export function renderWaiting(entries: Entries, nowMs: number): string | undefined {
  const needed = new Map<string, string[]>();
  for (const entry of entries.values()) {
    const permission = permissionOf(entry, entries);
    if (permission?.type !== 'waits') continue;
    for (const name of permission.names) needed.set(name, [...(needed.get(name) ?? []), entry.name]);
  }
  const forPassword = needed.get(PASSWORD);
  const awaited = [...entries.values()].filter(entry => needed.has(entry.name) || isAwaited(entry));
  if (awaited.length === 0 && forPassword === undefined) return undefined;
  const parts = [
    ...awaited
      .filter(({ service }) => service.state.name !== 'waiting')
      .map(entry => renderOne(entry, needed.get(entry.name) ?? [], nowMs)),
    ...(forPassword === undefined ? [] : [`${PASSWORD} (needed by ${forPassword.join(', ')})`]),
  ];
  return `waiting for ${parts.join(', ')}`;
}

/** A service with a probe of its own is awaited until it is ready, or late and named. */
export function isAwaited({ service }: Entry): boolean {
  const { state, policy } = service;
  return state.name === 'starting' && !state.isLate && policy.readyTimeoutMs !== undefined;
}

function renderOne(entry: Entry, needing: readonly string[], nowMs: number): string {
  const { service, illness } = entry;
  const { state } = service;
  const seconds = Math.round((nowMs - entry.sinceMs) / 1000);
  const why = state.name === 'starting' && illness !== undefined ? `: ${illness}` : '';
  const by = needing.length === 0 ? '' : `; needed by ${needing.join(', ')}`;
  return `${entry.name} (${service.isFailing ? 'failing, ' : ''}${state.name} for ${seconds} s${why}${by})`;
}
