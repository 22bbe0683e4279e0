import { type FileText, S6_FILES, type ServiceFact } from '../definitions/folder.ts';
import { renderCause } from '../errors.ts';
import { findFolderTrouble, isDirectory, readNames, readText } from './files.ts';
import { readRunnable } from './scripts.ts';

/** A service.json is a page or two; whatever is larger is none. */
const MAX_JSON_BYTES = 1024 * 1024;
/** They hold a number or a name. */
const MAX_S6_BYTES = 4096;

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

/** One look at the names: asking for each file that a folder might hold costs more. */
function readService(place: Pick<ServiceFact, 'name' | 'folder' | 'origin'>): ServiceFact {
  const trouble = findFolderTrouble(place.folder);
  const names = new Set(readNames(place.folder));
  const at = <T>(name: string, read: (path: string) => T) =>
    names.has(name) ? read(`${place.folder}/${name}`) : undefined;
  return {
    ...place,
    ...(trouble !== undefined && { trouble }),
    run: at('run', readRunnable),
    finish: at('finish', readRunnable),
    json: at('service.json', path => readFile(path, MAX_JSON_BYTES)),
    hasLogger: names.has('log'),
    s6: Object.fromEntries(
      S6_FILES.filter(name => names.has(name)).map(name => [
        name,
        readFile(`${place.folder}/${name}`, MAX_S6_BYTES),
      ]),
    ),
  };
}

function readFile(path: string, maxBytes: number): FileText {
  try {
    return { text: readText(path, maxBytes) ?? '' };
  } catch (error) {
    return { trouble: renderCause(error) };
  }
}
