import { constants } from 'node:os';
import { type Definition, parseDefinition } from '../../definitions/definitions.ts';
import { type FileText, S6_FILES, type ServiceFact } from '../../definitions/folder.ts';
import { parseShebang } from '../../definitions/shebang.ts';
import { parseSettings, type Settings } from '../../settings/settings.ts';
import type { Accounts, FoundUser } from '../../user.ts';
import { findWorkbenchUser } from '../../user.ts';
import { parseGroup, parsePasswd } from '../accounts.ts';
import { type Mentions, readMentions } from '../mentions.ts';
import { findProgram, type Programs, readPrograms } from '../programs.ts';
import { type Installed, readInstalled } from './installed.ts';
import { type Owned, readOwned } from './owners.ts';
import { type HasProgram, type ProgramFile, readProgramFile } from './program-files.ts';
import { readSecretPlaces, type SecretPlace } from './secret-places.ts';
import { type LeftOver, readLeftOvers } from './supervisors.ts';
import { type Found, openTree, type Tree, type Trouble } from './tree.ts';
import { joinVariables, readVariableFiles, type VariableSource } from './variables.ts';

/** What an image is like, as far as it can be told without starting anything of it. */
export interface ImageFacts {
  /** The files of defaults, in the order of their precedence, and the image's own variables where they are known. */
  readonly variables: readonly VariableSource[];
  /** All of them as one. */
  readonly environment: Readonly<Record<string, string>>;
  /** The image's own are among them. */
  readonly knowsEnvironment: boolean;
  /** A container of it runs: its variables are its platform's too. */
  readonly isRunning: boolean;
  readonly settings: Settings;
  readonly accounts: Accounts;
  readonly workbench: FoundUser;
  /** Whether owners are the image's: what an ordinary user has unpacked is all that user's. */
  readonly hasOwners: boolean;
  /** The workbench user's home; undefined where there is none. */
  readonly home: Owned | undefined;
  /** Folders in it that programs want to write to. */
  readonly homeFolders: readonly Owned[];
  readonly files: readonly ProgramFile[];
  /** Names in folders of scripts and services that no boot looks at. */
  readonly oddNames: readonly OddName[];
  readonly services: readonly ServiceFact[];
  /** Of those that have no fault. */
  readonly definitions: readonly Definition[];
  /** For each program that a service names, in whatever place: whether it is there. */
  readonly hasPrograms: Readonly<Record<string, boolean>>;
  readonly programs: Programs;
  readonly mentions: Mentions;
  readonly presentFiles: readonly string[];
  readonly secrets: readonly SecretPlace[];
  readonly leftOvers: readonly LeftOver[];
  /** undefined where Lintel runs from elsewhere. */
  readonly installed: Installed | undefined;
  /** What could not be read. */
  readonly troubles: readonly Trouble[];
  /** Names of signals that the system knows. */
  readonly signals: ReadonlySet<string>;
}

export interface OddName {
  readonly path: string;
  readonly kind: 'hidden' | 'no folder';
}

export interface Given {
  /** Where the image is: "" for the machine itself. */
  readonly root: string;
  /** Where its programs and homes are: as `root`, but below LINTEL_ROOT, which is for files alone. */
  readonly programsRoot: string;
  /** The image's own variables; undefined where they are not known. */
  readonly variables: VariableSource | undefined;
  /** Lintel runs in it. */
  readonly isRunning: boolean;
  /** Lintel is to be in it. */
  readonly isInstalled: boolean;
}

const SIGNALS: ReadonlySet<string> = new Set(Object.keys(constants.signals));

/** Looks at the image. Changes nothing, starts nothing, and reads nothing outside of it. */
export function readImage({ root, programsRoot, variables, isRunning, isInstalled }: Given): ImageFacts {
  const tree = openTree(root);
  const world = programsRoot === root ? tree : openTree(programsRoot);
  const all = [...readVariableFiles(tree), ...(variables === undefined ? [] : [variables])];
  const environment = joinVariables(all);
  const path = environment['PATH'] || listProgramFolders(world).join(':');
  const isProgram = (file: string) => isUsable(world.find(file));
  const find = (name: string) => findProgram(name, { PATH: path }, isProgram);
  const reader = { tree, hasProgram: (name: string) => find(name) !== undefined };
  const { settings } = parseSettings(environment);
  const accounts = readAccounts(tree);
  const workbench = findUserOf({ settings, environment, accounts, world });
  const services = readServices(tree);
  const definitions = services.flatMap(fact => parseDefinition(fact, SIGNALS).definition ?? []);
  const programs = readPrograms(
    { PATH: path },
    definitions.flatMap(({ when }) => when.command),
    isProgram,
  );
  const home = workbench.user.home;
  return {
    variables: all,
    environment,
    knowsEnvironment: variables !== undefined,
    isRunning,
    settings,
    accounts,
    workbench,
    hasOwners: tree.find('/')?.stat.uid === 0 && tree.find('/etc')?.stat.uid === 0,
    home: readOwned(world, home),
    homeFolders: HOME_FOLDERS.flatMap(name => readOwned(world, `${home}/${name}`) ?? []),
    files: readFiles(reader, services, definitions),
    oddNames: readOddNames(tree),
    services,
    definitions,
    hasPrograms: Object.fromEntries(
      definitions.flatMap(listPrograms).map(name => [name, find(name) !== undefined]),
    ),
    programs,
    mentions: readMentions(definitions, Object.keys(programs), (file, bytes) =>
      tree.readPart(file, { offset: 0, bytes })?.toString('latin1'),
    ),
    presentFiles: definitions.flatMap(({ when }) => when.file).filter(file => tree.find(file) !== undefined),
    secrets: readSecretPlaces(tree, [...new Set([home, '/root'])]),
    leftOvers: readLeftOvers(
      tree,
      services.map(({ folder }) => folder),
    ),
    installed: isInstalled ? readInstalled(tree, { user: workbench.user, findProgram: find }) : undefined,
    troubles: [...new Map([...tree.troubles(), ...world.troubles()].map(one => [one.path, one])).values()],
    signals: SIGNALS,
  };
}

/** What code-server, JupyterLab and their like write to. */
const HOME_FOLDERS = ['.cache', '.config', '.ipython', '.jupyter', '.local', '.local/share', '.ssh'];
const USUAL_FOLDERS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'.split(':');
/** Conda, virtual environments and the like are put there. */
const MOST_OPTIONAL = 50;

/** Of an image whose PATH is not known: where images have their programs. */
function listProgramFolders(tree: Tree): string[] {
  const optional = tree.names('/opt').slice(0, MOST_OPTIONAL);
  return [...USUAL_FOLDERS, '/command', ...optional.map(name => `/opt/${name}/bin`)];
}

const ANY_EXECUTE = 0o111;

/** By its mode: who may really run it is a question of its own. */
function isUsable(found: Found | undefined): boolean {
  return found?.stat.isFile() === true && (found.stat.mode & ANY_EXECUTE) !== 0;
}

/** Accounts of a large site are a page for each user. */
const MOST_ACCOUNT_BYTES = 4 * 1024 * 1024;

function readAccounts(tree: Tree): Accounts {
  const read = (path: string) => tree.read(path, MOST_ACCOUNT_BYTES)?.toString('utf8') ?? '';
  return { users: parsePasswd(read('/etc/passwd')), groups: parseGroup(read('/etc/group')) };
}

/** As a container that is started as root would find it. */
function findUserOf({
  world,
  ...sources
}: Pick<ImageFacts, 'settings' | 'environment' | 'accounts'> & { readonly world: Tree }): FoundUser {
  const { HOME: home } = sources.environment;
  return findWorkbenchUser({
    ...sources,
    identity: { uid: 0, gid: 0, groups: [0], canSwitchUser: true },
    givenHome: home?.startsWith('/') === true ? readOwned(world, home) : undefined,
  });
}

const SHIPPED = '/usr/local/lib/lintel';
const MOST_JSON_BYTES = 1024 * 1024;
const MOST_S6_BYTES = 4096;
const HEAD_BYTES = 256;

/** As a boot does (facts/services.ts), whatever stands there. */
function readServices(tree: Tree): ServiceFact[] {
  const byName = new Map<string, ServiceFact>();
  for (const [origin, place] of [
    ['shipped', `${SHIPPED}/services.d`],
    ['image', '/etc/services.d'],
  ] as const) {
    for (const name of listVisible(tree, place)) {
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

function listVisible(tree: Tree, folder: string): string[] {
  return tree.names(folder).filter(name => !name.startsWith('.'));
}

const SCRIPT_FOLDERS = ['cont-init.d', 'cont-finish.d'] as const;

/** Scripts of both places, one under /etc in place of a shipped one, and all that services run of their own folders. */
function readFiles(
  reader: { readonly tree: Tree; readonly hasProgram: HasProgram },
  services: readonly ServiceFact[],
  definitions: readonly Definition[],
): ProgramFile[] {
  const scripts = SCRIPT_FOLDERS.flatMap(role => {
    const shipped = listVisible(reader.tree, `${SHIPPED}/${role}`);
    const own = listVisible(reader.tree, `/etc/${role}`);
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
  const own = services.flatMap(({ name, folder, run, finish }) => {
    const definition = definitions.find(known => known.name === name);
    const beside = definition === undefined ? [] : listPrograms(definition);
    const paths = [run?.path, finish?.path, ...beside.filter(path => path.startsWith(`${folder}/`))];
    const there = paths.filter(path => path !== undefined && reader.tree.findLink(path) !== undefined);
    return [...new Set(there.flatMap(path => path ?? []))].map(path => ({
      path,
      role: 'service' as const,
      service: name,
      replacesShipped: false,
    }));
  });
  return [...scripts, ...own].map(place => readProgramFile(place, reader));
}

/** What it starts: by itself, or to be asked whether it is well. */
function listPrograms({ command, ready, health }: Definition): string[] {
  const probes = [ready?.probe, health?.probe].flatMap(probe =>
    probe !== undefined && 'exec' in probe ? [probe.exec[0] ?? ''] : [],
  );
  return [command[0] ?? '', ...probes].filter(name => name !== '');
}

/** What keeps a folder in a repository, and is meant to be passed over. */
const PLACEHOLDER = /^\.(gitkeep|gitignore|keep|empty|placeholder|dockerignore|wh\..*)$/;

function readOddNames(tree: Tree): OddName[] {
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
