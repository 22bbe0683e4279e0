import { constants } from 'node:os';
import { type Definition, parseDefinition } from '../../definitions/definitions.ts';
import { type FileText, S6_FILES, type ServiceFact } from '../../definitions/folder.ts';
import { parseShebang } from '../../definitions/shebang.ts';
import { readMentions } from '../mentions.ts';
import { readPrograms } from '../programs.ts';
import type { ProgramFinder } from './program-finder.ts';
import type { Tree } from './tree.ts';

const SIGNALS: ReadonlySet<string> = new Set(Object.keys(constants.signals));

/** The image's services and those that Lintel ships, and all that decides which of them run. */
export function readServices(tree: Tree, finder: ProgramFinder) {
  const services = readFolders(tree);
  const parsed = services.map(fact => parseDefinition(fact, SIGNALS));
  const definitions = parsed.flatMap(({ definition }) => definition ?? []);
  const faultyServices = parsed.flatMap(({ faulty }) => faulty ?? []);
  const all = [...definitions, ...faultyServices.map(({ definition }) => definition)];
  const wanted = all.flatMap(({ when }) => when.command);
  const programs = readPrograms({ PATH: finder.path }, wanted, finder.isProgram);
  return {
    services,
    definitions,
    faultyServices,
    hasPrograms: Object.fromEntries(
      all.flatMap(listPrograms).map(name => [name, finder.find(name) !== undefined]),
    ),
    programs,
    mentions: readMentions(definitions, Object.keys(programs), (file, bytes) =>
      tree.readPart(file, { offset: 0, bytes })?.toString('latin1'),
    ),
    presentFiles: all.flatMap(({ when }) => when.file).filter(file => tree.find(file) !== undefined),
    signals: SIGNALS,
  };
}

/** What it starts: by itself, or to be asked whether it is well. */
export function listPrograms({ command, ready, health }: Definition): string[] {
  const probes = [ready?.probe, health?.probe].flatMap(probe =>
    probe !== undefined && 'exec' in probe ? [probe.exec[0] ?? ''] : [],
  );
  return [command[0] ?? '', ...probes].filter(name => name !== '');
}

const MOST_JSON_BYTES = 1024 * 1024;
const MOST_S6_BYTES = 4096;
const HEAD_BYTES = 256;

/** As a boot does (facts/services.ts), whatever stands there. */
function readFolders(tree: Tree): ServiceFact[] {
  const byName = new Map<string, ServiceFact>();
  for (const [origin, place] of [
    ['shipped', '/usr/local/lib/lintel/services.d'],
    ['image', '/etc/services.d'],
  ] as const) {
    for (const name of tree.visibleNames(place)) {
      const folder = `${place}/${name}`;
      if (tree.find(folder)?.stat.isDirectory() === true)
        byName.set(name, readService(tree, { name, folder, origin }));
    }
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readService(tree: Tree, place: Pick<ServiceFact, 'name' | 'folder' | 'origin'>): ServiceFact {
  const names = new Set(tree.names(place.folder));
  const runnable = (name: string) => {
    const path = `${place.folder}/${name}`;
    const head = tree.readPart(path, { offset: 0, bytes: HEAD_BYTES })?.toString('latin1') ?? '';
    // What keeps it from running is judged file by file.
    return names.has(name)
      ? { path, obstacle: undefined, interpreter: parseShebang(head)?.interpreter }
      : undefined;
  };
  const text = (name: string, most: number): FileText => {
    const path = `${place.folder}/${name}`;
    const stat = tree.find(path)?.stat;
    const bytes = tree.read(path, most);
    if (bytes !== undefined) return { text: bytes.toString('utf8') };
    if (stat === undefined) return { trouble: 'it is a link to nothing' };
    if (!stat.isFile())
      return { trouble: stat.isDirectory() ? 'it is a directory' : 'it is no regular file' };
    return {
      trouble: stat.size > most ? `it has ${stat.size} bytes, more than ${most}` : 'permission denied',
    };
  };
  return {
    ...place,
    run: runnable('run'),
    finish: runnable('finish'),
    json: names.has('service.json') ? text('service.json', MOST_JSON_BYTES) : undefined,
    hasLogger: names.has('log'),
    s6: Object.fromEntries(
      S6_FILES.filter(name => names.has(name)).map(name => [name, text(name, MOST_S6_BYTES)]),
    ),
  };
}
