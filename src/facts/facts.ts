import { realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { type AccountChange, changeAccounts } from '../accounts/change.ts';
import { findRefit } from '../accounts/refit.ts';
import { type Definition, type FaultyService, parseDefinition } from '../definitions/definitions.ts';
import type { Problem } from '../errors.ts';
import type { Environment } from '../launch/environ.ts';
import type { Settings } from '../settings/settings.ts';
import { withoutLastSlashes } from '../slashes.ts';
import type { Accounts } from '../user.ts';
import { type FoundUser, findWorkbenchAccount, findWorkbenchUser, type UserSources } from '../user.ts';
import { mayWritePasswd, readAccounts } from './accounts.ts';
import { type CertificateFacts, readCertificates } from './certificates.ts';
import { type CgroupFacts, readCgroup } from './cgroup.ts';
import { type Configs, readConfigs } from './configs.ts';
import { readDuckdb, type SecretFolder } from './duckdb.ts';
import { findFolderTrouble, isExecutableFile, readLinkStat, readRealPath, readStat } from './files.ts';
import { type GpuFact, readGpus } from './gpu.ts';
import { type HomeFact, readHomeFact } from './home.ts';
import { type Hooks, readHooks } from './hooks.ts';
import { type ForeignFile, readForeignFiles } from './installation.ts';
import { type KubernetesFacts, readKubernetes } from './kubernetes.ts';
import { readLeftOut } from './left-out.ts';
import { type LinuxFacts, readLinux } from './linux.ts';
import { type Mentions, readMentions } from './mentions.ts';
import { readMountPoints } from './mounts.ts';
import { findStartWrapper } from './pangeo.ts';
import { type PreferenceFacts, readPreferences } from './preferences.ts';
import { type ProcessFacts, readProcess } from './process.ts';
import { findProgram, findSystemProgram, type Programs, readPrograms } from './programs.ts';
import { findRuntimeDir } from './runtime.ts';
import { readScripts, type ScriptFact } from './scripts.ts';
import { readServices } from './services.ts';
import { readShells, type ShellFacts } from './shells.ts';

/** What the machine is like. Read once, changed by nobody, JSON-serialisable. */
export interface Facts {
  /** LINTEL_ROOT without its last slash: "" for /. */
  readonly root: string;
  readonly process: ProcessFacts;
  /** As they are, with `accountChange` made. */
  readonly accounts: Accounts;
  /** What of them is yet to be made. */
  readonly accountChange: AccountChange | undefined;
  readonly givenHome: UserSources['givenHome'];
  /** The workbench user's home, or where it lies until it has its new name; undefined where there is none. */
  readonly home: HomeFact | undefined;
  readonly workbench: FoundUser;
  readonly runtimeDir: string;
  readonly cgroup: CgroupFacts;
  /** The one that wins first; empty where there is none. */
  readonly gpus: readonly GpuFact[];
  readonly programs: Programs;
  /** Path of a setpriv that can keep supplementary groups; undefined where there is none (BusyBox's can't). */
  readonly setpriv: string | undefined;
  readonly linux: LinuxFacts;
  readonly configs: Configs;
  readonly shells: ShellFacts;
  readonly hooks: Hooks;
  /** Path of /srv/start or the like, which the CMD and shipped services are started through. */
  readonly startWrapper: string | undefined;
  readonly certificates: CertificateFacts;
  readonly duckdb: readonly SecretFolder[];
  readonly kubernetes: KubernetesFacts;
  readonly preferences: PreferenceFacts;
  readonly initScripts: readonly ScriptFact[];
  readonly finishScripts: readonly ScriptFact[];
  readonly services: readonly Definition[];
  /** Those that are there and can't be used, as `problems` says. */
  readonly faultyServices: readonly FaultyService[];
  readonly mentions: Mentions;
  /** Parts of Lintel's installation that others may change and root runs; only where root is told from others. */
  readonly foreignFiles: readonly ForeignFile[];
  /** Paths of what the image holds for other supervisors. */
  readonly leftOut: readonly string[];
  /** Those of the files that services name in `when.file` that exist. */
  readonly presentFiles: readonly string[];
  readonly problems: readonly Problem[];
}

/** Looks at the machine. Changes nothing and starts no process. */
export function readFacts(given: {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly openFilesSoft: number | undefined;
  /** Where an earlier plan of this boot keeps its state. */
  readonly runtimeDir: string | undefined;
}): Facts {
  const { settings, environment } = given;
  const root = withoutLastSlashes(settings.root ?? '');
  const self = readProcess(given.openFilesSoft);
  const present = readAccounts(root);
  const refit = findRefit({
    settings,
    accounts: present,
    identity: self,
    isPasswdWritable: mayWritePasswd(root),
  });
  const { change } = refit;
  const accounts = change === undefined ? present : changeAccounts(present, change);
  const givenHome = readHome(environment['HOME']);
  const accountHome = readHome(findWorkbenchAccount({ settings, accounts })?.home);
  const found = findWorkbenchUser({
    settings,
    environment,
    accounts,
    identity: self,
    givenHome,
    accountHome,
    givenShell: readShell(environment['SHELL']),
  });
  const workbench = { ...found, warnings: [...refit.warnings, ...found.warnings] };
  const presentHome = findPresentHome(workbench.user.home, change);
  const home = { path: workbench.user.home, present: presentHome };
  const folders = readServices(root);
  const parsed = folders.map(fact =>
    parseDefinition(fact, SIGNAL_NAMES, fact.origin === 'image' ? settings.s6ServicesGraceMs : undefined),
  );
  const services = parsed.flatMap(({ definition }) => definition ?? []);
  const faultyServices = parsed.flatMap(({ faulty }) => faulty ?? []);
  const conditions = [...services, ...faultyServices.map(({ definition }) => definition)].map(
    ({ when }) => when,
  );
  const programs = readPrograms(
    environment,
    conditions.flatMap(({ command }) => command),
  );
  const place = { root, mountPoints: readMountPoints() };
  const certificates = readCertificates(root, settings, environment);
  return {
    root,
    process: self,
    accounts,
    accountChange: change,
    givenHome,
    home: readHomeFact(presentHome, settings.homeTemplate !== undefined),
    workbench,
    runtimeDir: given.runtimeDir ?? findRuntimeDir({ root, environment, uid: self.uid }),
    cgroup: readCgroup(root),
    gpus: readGpus(root, settings),
    programs,
    setpriv: findSetpriv(self.uid, environment),
    linux: readLinux(root),
    configs: readConfigs({
      ...place,
      environment,
      programs,
      user: { uid: workbench.user.uid, home: presentHome },
    }),
    shells: readShells(place, presentHome),
    hooks: readHooks(root),
    startWrapper: findStartWrapper(root),
    certificates,
    duckdb: readDuckdb(environment, home),
    kubernetes: readKubernetes(root),
    preferences: readPreferences({ place, environment, home, uid: workbench.user.uid }),
    initScripts: readScripts(root, 'cont-init.d'),
    finishScripts: readScripts(root, 'cont-finish.d'),
    services,
    faultyServices,
    mentions: readMentions(services, Object.keys(programs)),
    foreignFiles:
      root === '' && self.uid === 0 && self.canSwitchUser ? readForeignFiles('', workbench.user) : [],
    leftOut: readLeftOut(
      root,
      folders.flatMap(({ folder, hasLogger }) => (hasLogger ? [folder] : [])),
    ),
    presentFiles: conditions.flatMap(({ file }) => file).filter(path => readStat(root + path) !== undefined),
    problems: [
      ...workbench.problems,
      ...refit.problems,
      ...certificates.problems,
      ...findHiddenFolders(root),
      ...parsed.flatMap(({ problems }) => problems),
    ],
  };
}

/** Folders of the image's in which nothing is found because this process may not look. */
function findHiddenFolders(root: string): Problem[] {
  const expected = 'a folder that Lintel may look into';
  return ['cont-init.d', 'cont-finish.d', 'services.d'].flatMap(name => {
    const what = `${root}/etc/${name}`;
    const seen = findFolderTrouble(what);
    return seen === undefined ? [] : { what, seen, expected, fatal: false };
  });
}

const SIGNAL_NAMES: ReadonlySet<string> = new Set(Object.keys(constants.signals));

/**
 * Where what is in the home lies before anything is changed: a home under a new name is a link to the old one. Through
 * a link that root made, so that nothing below is taken for a link of the user's; through no other.
 */
function findPresentHome(home: string, change: AccountChange | undefined): string {
  const link = readLinkStat(home);
  if (link === undefined) return change?.from?.home ?? home;
  return link.isSymbolicLink() && link.uid === 0 ? (readRealPath(home) ?? home) : home;
}

function readHome(home: string | undefined): UserSources['givenHome'] {
  const stat = home?.startsWith('/') ? readStat(home) : undefined;
  return stat?.isDirectory() ? { uid: stat.uid, gid: stat.gid, mode: stat.mode } : undefined;
}

/** An image's own choice. Nobody can work in those two, whoever set them. */
function readShell(shell: string | undefined): string | undefined {
  if (!shell?.startsWith('/') || /\/(false|nologin)$/.test(shell)) return undefined;
  return isExecutableFile(shell) ? shell : undefined;
}

/** BusyBox's setpriv lacks --reuid; it is a link to a program of that name. */
function findSetpriv(uid: number, environment: Environment): string | undefined {
  const path = uid === 0 ? findSystemProgram('setpriv') : findProgram('setpriv', environment);
  return path === undefined || realpathSync(path).endsWith('busybox') ? undefined : path;
}
