import { readTextIfAny } from '../facts/files.ts';
import type { Environment } from '../launch/environ.ts';
import type { Client, Source } from './clients.ts';

/** The setting that decides what a client trusts: "CURL_CA_BUNDLE=/run/lintel/ca-bundle.pem". */
export function findFollowed({ follows, otherwise }: Client, environment: Environment): string {
  for (const source of follows) {
    const found = readSource(source, environment);
    if (found !== undefined) return found;
  }
  return otherwise;
}

function readSource(source: Source, environment: Environment): string | undefined {
  if (typeof source !== 'string') {
    const path = typeof source.path === 'string' ? source.path : source.path(environment);
    const file = path === undefined ? undefined : source.key.exec(readTextIfAny(path) ?? '')?.[1];
    return file === undefined ? undefined : `${file} (${path})`;
  }
  const value = environment[source] ?? '';
  if (value === '') return undefined;
  if (source !== 'JAVA_TOOL_OPTIONS') return `${source}=${value}`;
  // Of Java's options only the one that decides this; the last one counts.
  const store = [...value.matchAll(/-Djavax\.net\.ssl\.trustStore=([^\s"']+)/g)].at(-1)?.[1];
  return store === undefined ? undefined : `${source}: trustStore=${store}`;
}
