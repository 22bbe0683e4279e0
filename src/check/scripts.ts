import type { ImageFacts } from '../facts/image/image.ts';
import type { Owned } from '../facts/image/owners.ts';
import type { ProgramFile } from '../facts/image/program-files.ts';
import { findUser, findWriter, type User } from '../user.ts';
import { type Docs, type Finding, found, type Rules, type Topic } from './finding.ts';

const RULES = {
  'not-executable': 'error',
  'missing-interpreter': 'error',
  'line-ends': 'error',
  'no-shebang': 'error',
  'byte-order-mark': 'error',
  'empty-file': 'error',
  'broken-link': 'error',
  'no-script': 'warning',
  'skipped-name': 'warning',
  'backup-name': 'warning',
  'not-for-user': 'error',
  'writable-by-others': 'warning',
  's6-program': 'warning',
} as const satisfies Rules;

export const scripts: Topic = {
  title: 'Scripts, and what services run',
  rules: RULES,
  find: image => [
    ...image.files.flatMap(file => judgeFile(file, image)),
    ...image.oddNames.map(({ path, kind }) =>
      found(RULES, 'skipped-name', {
        path,
        what:
          kind === 'hidden'
            ? 'its name begins with a dot, so it is skipped'
            : 'it is no folder, so it is skipped',
        expected: kind === 'hidden' ? 'another name' : 'a folder with run or service.json',
      }),
    ),
  ],
};

function judgeFile(file: ProgramFile, image: ImageFacts): Finding[] {
  const { path, kind, bytes, role } = file;
  // The way to be rid of a script that Lintel ships.
  if (file.replacesShipped && (bytes === 0 || kind === 'something else')) return [];
  if (kind === 'nothing')
    return [found(RULES, 'broken-link', { path, what: 'it is a link to nothing', expected: 'a script' })];
  if (kind !== 'file') {
    const what = kind === 'folder' ? 'it is skipped: it is a folder' : 'it is skipped: it is no regular file';
    const severity = role === 'service' ? 'error' : 'warning';
    return [found(RULES, 'no-script', { path, what, expected: 'scripts only', severity })];
  }
  if (bytes === 0)
    return [found(RULES, 'empty-file', { path, what: 'it is empty', expected: 'a script or program' })];
  return [...judgeModes(file, image), ...judgeText(file, image), ...judgeName(file)];
}

const ANY_EXECUTE = 0o111;

function judgeModes(file: ProgramFile, image: ImageFacts): Finding[] {
  const { path, way, role, text = '#!' } = file;
  const mode = way.at(-1)?.mode ?? 0;
  if ((mode & ANY_EXECUTE) === 0) {
    if (role !== 'service' && !isProgram(text))
      return [
        found(RULES, 'no-script', {
          path,
          what: 'it is skipped: neither executable nor a script',
          expected: 'scripts only',
        }),
      ];
    return [found(RULES, 'not-executable', { path, what: 'it is not executable', expected: 'chmod +x' })];
  }
  if (!image.hasOwners) return [];
  const user = findRunner(file, image);
  return user === undefined ? judgeWriters(file, image) : judgeAccess(file, user);
}

/** Whoever runs it; undefined for root. */
function findRunner({ role, service }: ProgramFile, image: ImageFacts): User | undefined {
  const { settings, environment, accounts, workbench } = image;
  const definition = image.definitions.find(({ name }) => name === service);
  if (role !== 'service' || definition === undefined) return undefined;
  const isRoots =
    settings.serviceUser === 'root' || (definition.runsAsSelf && settings.serviceUser === undefined);
  const wanted = definition.user ?? (isRoots ? 'root' : undefined);
  const identity = { uid: 0, gid: 0, groups: [0], canSwitchUser: true };
  const user =
    wanted === undefined
      ? workbench.user
      : findUser(wanted, { settings, environment, accounts, identity, givenHome: undefined });
  return user?.uid === 0 ? undefined : user;
}

function judgeAccess({ path, way, text }: ProgramFile, user: User): Finding[] {
  const closed = way.find((owned, index) => {
    const isFile = index === way.length - 1;
    // A program's bytes are the kernel's to read; a script is read by its interpreter.
    const needed = isFile && text?.startsWith('#!') === true ? 0o5 : 0o1;
    return (rightsOf(owned, user) & needed) !== needed;
  });
  if (closed === undefined) return [];
  const who = `${user.name} (uid ${user.uid}) may not run it`;
  const what = closed === way.at(-1) ? who : `${who}: ${closed.path} is closed to them`;
  return [found(RULES, 'not-for-user', { path, what, expected: 'mode 755' })];
}

/** As the kernel decides: by the first of owner, group and others that fits. */
function rightsOf({ uid, gid, mode }: Owned, user: User): number {
  if (uid === user.uid) return (mode >> 6) & 0o7;
  const isMember = gid === user.gid || user.groups.includes(gid);
  return (isMember ? mode >> 3 : mode) & 0o7;
}

function judgeWriters({ path, way }: ProgramFile, { workbench }: ImageFacts): Finding[] {
  // Of what Lintel ships it is said once, as a part of the installation.
  if (workbench.user.uid === 0 || path.startsWith('/usr/local/lib/lintel/')) return [];
  for (const owned of way) {
    const who = findWriter(owned, workbench.user);
    if (who === undefined) continue;
    const isFile = owned === way.at(-1);
    return [
      found(RULES, 'writable-by-others', {
        path: isFile ? path : owned.path,
        what: `root runs ${isFile ? 'it' : 'scripts in it'} and ${who} may change it`,
        expected: 'root as its owner, and nobody else with w',
      }),
    ];
  }
  return [];
}

const MARK = '\xef\xbb\xbf';
/** Whose words a CR becomes a part of. */
const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'ksh', 'zsh', 'execlineb']);

function isProgram(text: string): boolean {
  return text.startsWith('#!') || text.startsWith('\x7fELF') || text.startsWith(`${MARK}#!`);
}

function judgeText(file: ProgramFile, image: ImageFacts): Finding[] {
  const { path, text, role, way } = file;
  if (text === undefined || text.startsWith('\x7fELF')) return [];
  if (text.startsWith(MARK))
    return [
      found(RULES, 'byte-order-mark', {
        path,
        line: 1,
        what: 'it begins with a byte order mark',
        expected: '"#!" as its first bytes',
      }),
    ];
  if (!text.startsWith('#!') || file.needs.length === 0) {
    if (role !== 'service' && ((way.at(-1)?.mode ?? 0) & ANY_EXECUTE) === 0) return [];
    return [
      found(RULES, 'no-shebang', {
        path,
        line: 1,
        what: 'its first line is no "#!" with an interpreter',
        expected: 'one such as #!/bin/sh',
      }),
    ];
  }
  const missing = judgeFirstLine(file, image);
  return [...judgeLineEnds(file), ...missing, ...(missing.length === 0 ? judgeS6(file) : [])];
}

function judgeLineEnds({ path, text = '', needs }: ProgramFile): Finding[] {
  const at = text.indexOf('\r\n');
  if (at === -1) return [];
  const line = text.slice(0, at).split('\n').length;
  const program = needs.at(-1)?.program ?? '';
  const isShells = SHELLS.has(program.slice(program.lastIndexOf('/') + 1).replace(/\r$/, ''));
  if (line > 1 && !isShells) return [];
  const what = line === 1 ? 'its lines end in CR LF' : 'this line ends in CR LF';
  return [found(RULES, 'line-ends', { path, line, what, expected: 'LF' })];
}

function judgeFirstLine({ path, needs, unsplit }: ProgramFile, image: ImageFacts): Finding[] {
  if (unsplit !== undefined)
    return [
      found(RULES, 'missing-interpreter', {
        path,
        line: 1,
        what: `env looks for one program of the name ${JSON.stringify(unsplit)}`,
        expected: `env -S ${unsplit}`,
      }),
    ];
  const missing = needs.find(({ isThere }) => !isThere)?.program;
  if (missing === undefined) return [];
  if (missing === needs[0]?.program && !missing.startsWith('/'))
    return [
      found(RULES, 'missing-interpreter', {
        path,
        line: 1,
        what: `its first line names ${missing} without its folder`,
        expected: `a path, or /usr/bin/env ${missing}`,
      }),
    ];
  const name = missing.slice(missing.lastIndexOf('/') + 1);
  return [
    found(RULES, 'missing-interpreter', {
      path,
      line: 1,
      what: `its first line needs ${missing}, which is not installed`,
      expected:
        name === 'execlineb'
          ? '#!/bin/sh and exec, or execline left in the image: docs/migrate.md'
          : 'an installed program',
      // Where PATH is not known, it may lie in a folder that only the image's PATH names.
      severity: missing.includes('/') || image.knowsEnvironment ? 'error' : 'warning',
    }),
  ];
}

/** As in docs/s6.md. */
const INSTEAD: Readonly<Record<string, string>> = {
  's6-svstat': 'lintel status NAME',
  's6-svc': 'lintel start, stop or restart NAME',
  's6-svwait': 'lintel ready',
  's6-svscanctl': 'lintel shutdown',
  's6-log': 'lines on stdout, which go to the container’s log',
  'logutil-service': 'lines on stdout, which go to the container’s log',
  's6-notifyoncheck': '"ready" in service.json',
};

function judgeS6({ path, s6Programs }: ProgramFile): Finding[] {
  return s6Programs.map(({ name, line }) =>
    found(RULES, 's6-program', {
      path,
      line,
      what: `it names ${name}, which is not installed`,
      expected: `${INSTEAD[name] ?? 'what a shell has for it'}, or s6 left in the image: docs/s6.md`,
    }),
  );
}

/** Of vi, emacs and others, and of dpkg. */
const BACKUP = /(~|\.(bak|orig|rej|save|swp|swo|old|tmp|dpkg-(old|new|dist|tmp)|rpm(save|new|orig)))$|^#.*#$/;

function judgeName({ path, role }: ProgramFile): Finding[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (role === 'service' || !BACKUP.test(name)) return [];
  return [
    found(RULES, 'backup-name', {
      path,
      what: 'it looks like a copy that an editor left, and runs too',
      expected: 'the script alone',
    }),
  ];
}

/** For docs/check.md: no part of the program. */
export const SCRIPT_DOCS: Docs<typeof RULES> = {
  'not-executable': {
    finds: 'a script, `run`, `finish` or program of a service without x bit',
    example: '/etc/cont-init.d/10-data: error: it is not executable, expected chmod +x (not-executable)',
    remedy: '`COPY --chmod=755`, or `chmod +x` in the repository',
  },
  'missing-interpreter': {
    finds:
      'a first line that names a program which is not installed, also behind `env`, `env -S` and `with-contenv`',
    example:
      '/etc/services.d/web/run:1: error: its first line needs python3.12, which is not installed, expected an installed program (missing-interpreter)',
    remedy: 'install it, or name another',
  },
  'line-ends': {
    finds: 'Windows’ line ends (CR LF) in the first line or in a shell script',
    example: '/etc/cont-init.d/10-data:1: error: its lines end in CR LF, expected LF (line-ends)',
    remedy: '`sed -i "s/\\r$//"`; in git `*.sh text eol=lf` in `.gitattributes`',
  },
  'no-shebang': {
    finds: 'a script whose first line is no `#!` with an interpreter: it is skipped',
    example:
      '/etc/cont-init.d/10-data:1: error: its first line is no "#!" with an interpreter, expected one such as #!/bin/sh (no-shebang)',
    remedy: 'begin it with `#!/bin/sh` or the like',
  },
  'byte-order-mark': {
    finds: 'a script that begins with a byte order mark: the kernel sees no `#!`',
    example:
      '/etc/cont-init.d/10-data:1: error: it begins with a byte order mark, expected "#!" as its first bytes (byte-order-mark)',
    remedy: 'save it as UTF-8 without BOM',
  },
  'empty-file': {
    finds: 'an empty script',
    example: '/etc/services.d/web/run: error: it is empty, expected a script or program (empty-file)',
    remedy: 'write it, or remove it',
  },
  'broken-link': {
    finds: 'a link to nothing where a script is to be',
    example: '/etc/cont-init.d/10-data: error: it is a link to nothing, expected a script (broken-link)',
    remedy: 'copy the file itself, or what the link leads to',
  },
  'no-script': {
    finds: 'something between the scripts that is none: a folder, a README',
    example:
      '/etc/cont-init.d/README: warning: it is skipped: neither executable nor a script, expected scripts only (no-script)',
    remedy: 'put it elsewhere',
  },
  'skipped-name': {
    finds: 'a name that no boot looks at: hidden ones, and files between the folders of services.d',
    example:
      '/etc/cont-init.d/.10-data: warning: its name begins with a dot, so it is skipped, expected another name (skipped-name)',
    remedy: 'rename it, or remove it',
  },
  'backup-name': {
    finds: 'what an editor or a package manager has left: it runs as well',
    example:
      '/etc/cont-init.d/10-data~: warning: it looks like a copy that an editor left, and runs too, expected the script alone (backup-name)',
    remedy: 'remove it, and name it in `.dockerignore`',
  },
  'not-for-user': {
    finds: 'a `run`, `finish` or program that the user who is to run it may not read or execute',
    example:
      '/etc/services.d/web/run: error: ada (uid 1000) may not run it: /etc/services.d/web is closed to them, expected mode 755 (not-for-user)',
    remedy: '`COPY --chmod=755`, and folders that everybody may enter',
  },
  'writable-by-others': {
    finds: 'what root runs and others may change: it, or a folder above it',
    example:
      '/etc/cont-init.d/10-data: warning: root runs it and uid 1000 may change it, expected root as its owner, and nobody else with w (writable-by-others)',
    remedy: '`COPY --chown=root:root`, no `chown -R` over /etc',
  },
  's6-program': {
    finds: 'a program of s6 or execline that a script names and nobody has installed',
    example:
      '/etc/services.d/web/finish:3: warning: it names s6-svscanctl, which is not installed, expected lintel shutdown, or s6 left in the image: docs/s6.md (s6-program)',
    remedy: 'what [s6.md](s6.md#programs) and [migrate.md](migrate.md) name instead',
  },
};
