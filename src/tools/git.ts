import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { caBundle } from './ca.ts';
import { appendMarked, hasIniKey, removeMarked } from './marked.ts';
import { findUserFile, removeOurPart } from './placement.ts';
import { type Credential, parseRepository } from './repository.ts';
import { type Contribution, type FileWrite, NOTHING, type Tool } from './tool.ts';

/**
 * git: certificates, identity, credentials. All in the system's file, so that a user's own file wins by itself: in
 * /etc/gitconfig, else in a file of ours that includes it. GIT_SSL_CAINFO would win, so it is set only where the user
 * has no http.sslCAInfo; it and GIT_CONFIG_SYSTEM reach a git from conda, which reads another system file.
 */
export const git: Tool = {
  name: 'git',
  configure(settings, facts) {
    const { git: config } = facts.configs;
    const certificates = makeCertificates(settings, facts);
    const own = makeOwn(settings, facts);
    const sections = [...certificates.sections, ...own.sections];
    if (sections.length === 0) return { ...removeOurPart(config), warnings: own.warnings };
    if (config.trouble !== undefined)
      return { ...NOTHING, warnings: [`${config.path} can't be read (${config.trouble}): left alone`] };
    const placed = place({ sections, needsFile: own.sections.length > 0 }, facts);
    const where = placed.variable ?? config.path;
    return {
      files: [...placed.files, ...own.files],
      env: { ...certificates.env, ...own.env, ...placed.env },
      ...(own.rivals === undefined ? {} : { rivals: own.rivals }),
      notes: [...certificates.notes, ...own.notes.map(note => `${note} (${where})`)],
      warnings: [...certificates.warnings, ...own.warnings],
    };
  },
};

/** Path of the file with the credentials, in the words of git's credential helpers. */
export function credentialFile(facts: Pick<Facts, 'runtimeDir'>): string {
  return `${facts.runtimeDir}/secrets/git-credential`;
}

interface Part extends Contribution {
  /** Lines of sections. */
  readonly sections: readonly string[];
}

function makeCertificates(settings: Settings, facts: Facts): Part {
  const bundle = caBundle(facts);
  if (bundle === undefined) return { ...NOTHING, sections: [] };
  const userFile = findUserFile(facts.configs.userGit, text => hasIniKey(text, 'http', 'sslCAInfo'));
  const userWins = userFile !== undefined && settings.enforce !== true;
  const { git: config } = facts.configs;
  return {
    ...NOTHING,
    sections: ['[http]', `sslCAInfo = ${renderValue(bundle)}`],
    env: userWins ? {} : { GIT_SSL_CAINFO: bundle },
    notes: [`certificates (${config.isWritable ? config.path : 'GIT_SSL_CAINFO'})`],
    warnings: userWins ? [`${userFile} has http.sslCAInfo of its own, which wins`] : [],
  };
}

/** What the GIT_ variables say. */
function makeOwn(settings: Settings, facts: Facts): Part {
  const parts = [
    makeIdentity(settings, facts),
    makeCache(settings.gitCredentialsCacheDuration),
    makeCredentials(settings, facts),
  ];
  const sections = parts.flatMap(part => part.sections);
  // Without it, git refuses to pull what has diverged; Onyxia's users are used to a merge.
  const isAny = sections.length > 0 || settings.gitRepository !== undefined;
  return {
    sections: isAny ? [...sections, '[pull]', 'rebase = false'] : [],
    files: parts.flatMap(part => part.files),
    env: Object.assign({}, ...parts.map(part => part.env)),
    ...(parts[0]?.rivals === undefined ? {} : { rivals: parts[0].rivals }),
    notes: parts.flatMap(part => part.notes),
    warnings: parts.flatMap(part => part.warnings),
  };
}

function makeIdentity(settings: Settings, facts: Facts): Part {
  const wanted = [
    { key: 'name', value: settings.gitUserName, variable: 'NAME' },
    { key: 'email', value: settings.gitUserMail, variable: 'EMAIL' },
  ].flatMap(({ value, ...rest }) => (value === undefined ? [] : [{ value, ...rest }]));
  if (wanted.length === 0) return { ...NOTHING, sections: [] };
  // They win over every file.
  const variables = Object.fromEntries(
    wanted.flatMap(({ value, variable }) =>
      ['AUTHOR', 'COMMITTER'].map(role => [`GIT_${role}_${variable}`, value]),
    ),
  );
  const enforce = settings.enforce === true;
  return {
    ...NOTHING,
    sections: ['[user]', ...wanted.map(({ key, value }) => `${key} = ${renderValue(value)}`)],
    ...(enforce ? { env: variables } : { rivals: variables }),
    notes: [`identity ${wanted.map(({ value }) => value).join(', ')}`],
    warnings: wanted.flatMap(({ key }) => {
      const userFile = findUserFile(facts.configs.userGit, text => hasIniKey(text, 'user', key));
      return userFile === undefined || enforce ? [] : [`${userFile} has user.${key} of its own, which wins`];
    }),
  };
}

/** Helpers add up: git asks the cache as well as those of the image and the user. */
function makeCache(seconds: number | undefined): Part {
  if (seconds === undefined) return { ...NOTHING, sections: [] };
  return {
    ...NOTHING,
    sections: ['[credential]', `helper = cache --timeout=${seconds}`],
    notes: [`credentials that are typed are kept for ${seconds} s`],
  };
}

/**
 * The token goes into a file that only the workbench user reads, and git reads it by a helper that is asked for that
 * server alone: it stands in no argv, no URL and no .git/config, and `git push` has it too.
 */
function makeCredentials(settings: Settings, facts: Facts): Part {
  const { gitRepository, gitToken } = settings;
  if (gitRepository === undefined) return { ...NOTHING, sections: [] };
  const { server, credential } = parseRepository(gitRepository, gitToken);
  if (server === undefined) {
    const notes = gitToken === undefined ? [] : ['the token is not used: GIT_REPOSITORY is no https URL'];
    return { ...NOTHING, sections: [], warnings: notes };
  }
  if (credential === undefined) return { ...NOTHING, sections: [] };
  const text = renderCredential(credential);
  if (text === undefined)
    return { ...NOTHING, sections: [], warnings: ['the token has a line break: it is not used'] };
  const path = credentialFile(facts);
  const file: FileWrite = { path, text, mode: 0o600, owner: 'workbench' };
  const helper = `!f() { if test "$1" = get; then cat ${quoteForShell(path)}; fi; }; f`;
  return {
    ...NOTHING,
    sections: [`[credential "${server}"]`, `helper = ${renderValue(helper)}`],
    files: [file],
    notes: [`credentials for ${server}`],
    warnings: server.startsWith('http:')
      ? [`${server} is no https: whoever is on the way can read the credentials`]
      : [],
  };
}

function renderCredential({ username, password }: Credential): string | undefined {
  const lines = [`username=${username}`, ...(password === undefined ? [] : [`password=${password}`])];
  return lines.some(line => /[\r\n]/.test(line)) ? undefined : `${lines.join('\n')}\n`;
}

interface Placed {
  readonly files: readonly FileWrite[];
  readonly env: Readonly<Record<string, string>>;
  /** Where it stands, where that is not in the system's file. */
  readonly variable?: string;
}

function place(
  { sections, needsFile }: { readonly sections: readonly string[]; readonly needsFile: boolean },
  facts: Facts,
): Placed {
  const { git: config } = facts.configs;
  if (config.isWritable) {
    const text = appendMarked(removeMarked(config.text ?? ''), sections);
    const isChanged = text !== config.text;
    return {
      files: isChanged ? [{ path: config.path, text, mode: 0o644, owner: 'lintel' }] : [],
      env: needsFile ? { GIT_CONFIG_SYSTEM: config.path } : {},
    };
  }
  // The variable for certificates says enough.
  if (!needsFile) return { files: [], env: {} };
  const path = `${facts.runtimeDir}/gitconfig`;
  const text = `[include]\npath = ${renderValue(config.path)}\n${sections.join('\n')}\n`;
  return {
    files: [{ path, text, mode: 0o644, owner: 'lintel' }],
    env: { GIT_CONFIG_SYSTEM: path },
    variable: `GIT_CONFIG_SYSTEM=${path}`,
  };
}

/** As git-config(1) reads it back: outside quotes blanks, "#" and ";" have a meaning. */
function renderValue(text: string): string {
  if (/^[\w./:@+-]+$/.test(text)) return text;
  const escaped = text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
