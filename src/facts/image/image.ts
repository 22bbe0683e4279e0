import type { Definition, FaultyService } from '../../definitions/definitions.ts';
import type { ServiceFact } from '../../definitions/folder.ts';
import { parseSettings, type Settings } from '../../settings/settings.ts';
import type { Accounts, FoundUser } from '../../user.ts';
import type { Mentions } from '../mentions.ts';
import type { Programs } from '../programs.ts';
import { type Installed, OWN_PROGRAMS, readInstalled } from './installed.ts';
import type { Owned } from './owners.ts';
import type { ProgramFile } from './program-files.ts';
import { makeProgramFinder } from './program-finder.ts';
import { type OddName, readOddNames, readRunnables } from './runnables.ts';
import { readSecretPlaces, type SecretPlace } from './secret-places.ts';
import { readServices } from './services.ts';
import { type LeftOver, readLeftOvers } from './supervisors.ts';
import { openTree, type Trouble } from './tree.ts';
import { readUsers } from './users.ts';
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
  /** Of those that have no fault, and the others. */
  readonly definitions: readonly Definition[];
  readonly faultyServices: readonly FaultyService[];
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

export interface Given {
  /** Where the image is: "" for the machine itself. */
  readonly root: string;
  /** Where its programs are, and homes that are not below `root`: as `root`, but below LINTEL_ROOT, which is for files alone. */
  readonly programsRoot: string;
  /** The image's own variables; undefined where they are not known. */
  readonly variables: VariableSource | undefined;
  /** Lintel runs in it. */
  readonly isRunning: boolean;
  /** Lintel is to be in it. */
  readonly isInstalled: boolean;
}

/** Looks at the image. Changes nothing, starts nothing, and reads nothing outside of it. */
export function readImage({ root, programsRoot, variables, isRunning, isInstalled }: Given): ImageFacts {
  const tree = openTree(root);
  const world = programsRoot === root ? tree : openTree(programsRoot);
  const all = [...readVariableFiles(tree), ...(variables === undefined ? [] : [variables])];
  const environment = joinVariables(all);
  const { settings } = parseSettings(environment);
  const finder = makeProgramFinder(world, environment['PATH'], isInstalled ? new Set() : OWN_PROGRAMS);
  const users = readUsers({ tree, world, settings, environment });
  const { user } = users.workbench;
  const services = readServices(tree, finder);
  const folders = services.services.map(({ folder }) => folder);
  return {
    variables: all,
    environment,
    knowsEnvironment: variables !== undefined,
    isRunning,
    settings,
    ...users,
    ...services,
    files: readRunnables({ tree, finder, ...services }),
    oddNames: readOddNames(tree),
    secrets: readSecretPlaces(tree, [...new Set([user.home, '/root'])]),
    leftOvers: readLeftOvers(tree, folders),
    installed: isInstalled ? readInstalled(tree, { user, findProgram: finder.find }) : undefined,
    troubles: [...new Map([...tree.troubles(), ...world.troubles()].map(one => [one.path, one])).values()],
  };
}
