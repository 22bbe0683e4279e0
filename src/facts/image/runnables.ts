import type { Definition, FaultyService } from '../../definitions/definitions.ts';
import type { ServiceFact } from '../../definitions/folder.ts';
import { type ProgramFile, readProgramFile } from './program-files.ts';
import type { ProgramFinder } from './program-finder.ts';
import { listPrograms } from './services.ts';
import type { Tree } from './tree.ts';

interface Sources {
  readonly tree: Tree;
  readonly finder: ProgramFinder;
  readonly services: readonly ServiceFact[];
  readonly definitions: readonly Definition[];
  readonly faultyServices: readonly FaultyService[];
}

type Place = Pick<ProgramFile, 'path' | 'role' | 'service' | 'replacesShipped'>;

/** All that a boot runs of the image's folders: scripts, and what services have beside their service.json. */
export function readRunnables({
  tree,
  finder,
  services,
  definitions,
  faultyServices,
}: Sources): ProgramFile[] {
  const all = [...definitions, ...faultyServices.map(({ definition }) => definition)];
  const hasProgram = (name: string) => finder.find(name) !== undefined;
  const places = [
    ...listScripts(tree),
    ...services.flatMap(service => {
      const definition = all.find(({ name }) => name === service.name);
      return listOwnPrograms(tree, service, definition);
    }),
  ];
  return places.map(place => readProgramFile(place, { tree, hasProgram }));
}

const SHIPPED = '/usr/local/lib/lintel';
const SCRIPT_FOLDERS = ['cont-init.d', 'cont-finish.d'] as const;

/** Of both places, one under /etc in place of a shipped one. */
function listScripts(tree: Tree): Place[] {
  return SCRIPT_FOLDERS.flatMap(role => {
    const shipped = tree.visibleNames(`${SHIPPED}/${role}`);
    const own = tree.visibleNames(`/etc/${role}`);
    const place = (folder: string, name: string, replacesShipped: boolean) => ({
      path: `${folder}/${name}`,
      role,
      service: undefined,
      replacesShipped,
    });
    return [
      ...shipped.filter(name => !own.includes(name)).map(name => place(`${SHIPPED}/${role}`, name, false)),
      ...own.map(name => place(`/etc/${role}`, name, shipped.includes(name))),
    ];
  });
}

function listOwnPrograms(
  tree: Tree,
  { name, folder, run, finish }: ServiceFact,
  definition: Definition | undefined,
): Place[] {
  const named = definition === undefined ? [] : listPrograms(definition);
  const beside = named.filter(path => path.startsWith(`${folder}/`));
  const paths = new Set([run?.path, finish?.path, ...beside].flatMap(path => path ?? []));
  return [...paths]
    .filter(path => tree.findLink(path) !== undefined)
    .map(path => ({ path, role: 'service', service: name, replacesShipped: false }));
}

export interface OddName {
  readonly path: string;
  readonly kind: 'hidden' | 'no folder';
}

/** What keeps a folder in a repository, and is meant to be passed over. */
const PLACEHOLDER = /^\.(gitkeep|gitignore|keep|empty|placeholder|dockerignore|wh\..*)$/;

/** Names in folders of scripts and services that no boot looks at. */
export function readOddNames(tree: Tree): OddName[] {
  const folders = [...SCRIPT_FOLDERS.map(name => `/etc/${name}`), '/etc/services.d'];
  return folders.flatMap(folder =>
    tree.names(folder).flatMap((name): OddName[] => {
      const path = `${folder}/${name}`;
      if (name.startsWith('.')) return PLACEHOLDER.test(name) ? [] : [{ path, kind: 'hidden' }];
      const isFolder = tree.find(path)?.stat.isDirectory() === true;
      return folder.endsWith('services.d') && !isFolder ? [{ path, kind: 'no folder' }] : [];
    }),
  );
}
