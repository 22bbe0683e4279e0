import { renderCause } from '../errors.ts';
import { isDirectory, readLinkStat, readNames, readText } from './files.ts';
import { findObstacle } from './scripts.ts';

/** A folder in services.d, as it lies there. */
export interface ServiceFact {
  readonly name: string;
  readonly folder: string;
  readonly origin: 'image' | 'shipped';
  /** Path of `run`; why it can't be run when it can't; undefined when there is none. */
  readonly run: Runnable | undefined;
  readonly finish: Runnable | undefined;
  /** Text of service.json; undefined when there is none. */
  readonly json: { readonly text: string } | { readonly trouble: string } | undefined;
}

/** A service.json is a page or two; whatever is larger is none. */
const MAX_JSON_BYTES = 1024 * 1024;

export interface Runnable {
  readonly path: string;
  readonly obstacle: string | undefined;
}

/** The services of the image and the shipped ones; a folder under /etc replaces a shipped one of the same name. */
export function readServices(root: string): ServiceFact[] {
  const byName = new Map<string, ServiceFact>();
  for (const [origin, place] of [
    ['shipped', `${root}/usr/local/lib/lintel/services.d`],
    ['image', `${root}/etc/services.d`],
  ] as const) {
    for (const name of readNames(place)) {
      const folder = `${place}/${name}`;
      if (isDirectory(folder)) byName.set(name, readService({ name, folder, origin }));
    }
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readService(place: Pick<ServiceFact, 'name' | 'folder' | 'origin'>): ServiceFact {
  return {
    ...place,
    run: readRunnable(`${place.folder}/run`),
    finish: readRunnable(`${place.folder}/finish`),
    json: readJson(`${place.folder}/service.json`),
  };
}

function readRunnable(path: string): Runnable | undefined {
  if (readLinkStat(path) === undefined) return undefined;
  return { path, obstacle: findObstacle(path) };
}

function readJson(path: string): ServiceFact['json'] {
  try {
    const text = readText(path, MAX_JSON_BYTES);
    return text === undefined ? undefined : { text };
  } catch (error) {
    return { trouble: renderCause(error) };
  }
}
