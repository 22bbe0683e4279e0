import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { type Definition, parseDefinition } from '../src/definitions/definitions.ts';
import type { ServiceFact } from '../src/definitions/folder.ts';
import type { CertificateFacts } from '../src/facts/certificates.ts';
import type { ConfigFile, Configs } from '../src/facts/configs.ts';
import type { Facts } from '../src/facts/facts.ts';
import type { PreferenceFacts } from '../src/facts/preferences.ts';
import type { ProcessFacts } from '../src/facts/process.ts';
import type { Environment } from '../src/launch/environ.ts';
import { parseSettings, type Settings } from '../src/settings/settings.ts';
import type { User } from '../src/user.ts';

/** Names of signals that the system knows, as `parseDefinition` wants them. */
export const SIGNAL_NAMES: ReadonlySet<string> = new Set(Object.keys(constants.signals));

export const ADA: User = {
  uid: 1000,
  gid: 1000,
  groups: [],
  name: 'ada',
  home: '/home/ada',
  shell: '/bin/bash',
};

const ROOT_PROCESS: ProcessFacts = {
  isPid1: true,
  deafPid1: undefined,
  uid: 0,
  gid: 0,
  groups: [0],
  canSwitchUser: true,
  capabilities: ['chown', 'setgid', 'setuid', 'kill'],
  mayGainChown: true,
  noNewPrivs: false,
  hasTerminal: false,
  openFiles: { soft: 1024, hard: 524_288 },
};

/** Facts that differ from those of `makeFacts()`. */
export interface Difference extends Partial<Omit<Facts, 'process' | 'configs' | 'certificates'>> {
  readonly process?: Partial<ProcessFacts>;
  readonly configs?: Partial<Configs>;
  readonly certificates?: Partial<CertificateFacts>;
}

/** A container of an imaginary image: started as root, ada is uid 1000, R is installed, nothing is configured. */
export function makeFacts(difference: Difference = {}): Facts {
  return {
    root: '',
    accounts: {
      users: [
        { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/bash' },
        { name: 'ada', uid: 1000, gid: 1000, home: '/home/ada', shell: '/bin/bash' },
      ],
      groups: [
        { name: 'root', gid: 0, members: [] },
        { name: 'ada', gid: 1000, members: [] },
      ],
    },
    accountChange: undefined,
    givenHome: undefined,
    home: { uid: 1000, gid: 1000, mode: 0o40755, isMount: false, isReadOnly: false, isEmpty: false },
    workbench: { user: ADA, problems: [], warnings: [] },
    runtimeDir: '/run/lintel',
    linux: { distribution: 'bookworm' },
    cgroup: { memoryLimitBytes: undefined, cpuLimit: undefined, oomCounter: undefined, isOomGroup: false },
    gpus: [],
    programs: {},
    setpriv: '/usr/bin/setpriv',
    initScripts: [],
    finishScripts: [],
    services: [],
    faultyServices: [],
    mentions: {},
    leftOut: [],
    foreignFiles: [],
    presentFiles: [],
    duckdb: [],
    kubernetes: { namespace: undefined, serviceAccount: undefined },
    preferences: NO_PREFERENCES,
    problems: [],
    startWrapper: undefined,
    hooks: { startNotebook: undefined, beforeNotebook: undefined, starters: ['start.sh'] },
    shells: { profile: undefined, bashrc: undefined, userBashrc: undefined },
    ...difference,
    process: { ...ROOT_PROCESS, ...difference.process },
    configs: { ...NO_CONFIGS, ...difference.configs },
    certificates: { ...NO_CERTIFICATES, ...difference.certificates },
  };
}

/** A file that can be read and replaced; without a text one that does not exist yet. */
export function makeConfig(
  path: string,
  text?: string,
  difference: Partial<Omit<ConfigFile, 'path' | 'text'>> = {},
): ConfigFile {
  return {
    path,
    text,
    isPrivate: false,
    isWritable: true,
    owner: 'lintel',
    trouble: undefined,
    ...difference,
  };
}

const NO_CONFIGS: Configs = {
  pip: makeConfig('/etc/pip.conf'),
  uv: makeConfig('/etc/uv/uv.toml'),
  conda: makeConfig('/opt/conda/.condarc'),
  firstConda: makeConfig('/etc/conda/.condarc'),
  git: makeConfig('/etc/gitconfig'),
  sudoers: makeConfig('/etc/sudoers.d/lintel'),
  r: [makeConfig('/etc/R/Rprofile.site')],
  npm: undefined,
  wget: undefined,
  apt: undefined,
  userPip: [makeConfig('/home/ada/.config/pip/pip.conf')],
  userUv: [makeConfig('/home/ada/.config/uv/uv.toml')],
  userConda: [makeConfig('/home/ada/.condarc')],
  userNpm: [],
  userCurl: [],
  userWget: [],
  userR: [],
  userGit: [makeConfig('/home/ada/.gitconfig')],
};

const NO_PREFERENCES: PreferenceFacts = {
  codeServer: undefined,
  rstudio: undefined,
  jupyter: makeConfig('/etc/jupyter/labconfig/default_setting_overrides.d/lintel.json'),
  record: { path: '/home/ada/.local/state/lintel/appearance.json', text: undefined, trouble: undefined },
};

const NO_CERTIFICATES: CertificateFacts = {
  extra: [],
  lacking: [],
  source: '/usr/local/share/ca-certificates',
  system: undefined,
  store: {
    folder: '/usr/local/share/ca-certificates',
    program: 'update-ca-certificates',
    add: [],
    remove: [],
    holdsOurs: false,
    hasAll: true,
  },
  broken: {},
  warnings: [],
  problems: [],
};

const OURS = '-----BEGIN CERTIFICATE-----\nOURS\n-----END CERTIFICATE-----\n';

/** One private authority besides the system's. The texts are no real certificates: no tool looks into them. */
export const ONE_CERTIFICATE: CertificateFacts = {
  ...NO_CERTIFICATES,
  extra: [OURS],
  lacking: [OURS],
  source: '/mnt/ca.pem',
  system: {
    path: '/etc/ssl/certs/ca-certificates.crt',
    text: '-----BEGIN CERTIFICATE-----\nSYSTEM\n-----END CERTIFICATE-----\n',
  },
};

/** Settings as the program itself reads them; the variables have to be right. */
export function makeSettings(environment: Environment = {}): Settings {
  const { settings, problems } = parseSettings(environment);
  assert.deepEqual(problems, []);
  return settings;
}

/** A service's folder with an executable `run`. */
export function makeServiceFact(name: string, difference: Partial<ServiceFact> = {}): ServiceFact {
  const folder = difference.folder ?? `/etc/services.d/${name}`;
  return {
    name,
    folder,
    origin: 'image',
    run: { path: `${folder}/run`, obstacle: undefined, interpreter: 'sh' },
    finish: undefined,
    json: undefined,
    s6: {},
    hasLogger: false,
    ...difference,
  };
}

/** A service as the program itself reads it from that service.json, which has to be right. */
export function makeDefinition(
  name: string,
  json: Readonly<Record<string, unknown>> = {},
  difference: Partial<ServiceFact> = {},
): Definition {
  const fact = makeServiceFact(name, { ...difference, json: { text: JSON.stringify(json) } });
  const { definition, problems } = parseDefinition(fact, SIGNAL_NAMES);
  assert.deepEqual(problems, []);
  assert.ok(definition !== undefined);
  return definition;
}
