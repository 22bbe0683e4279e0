import type { Docs, Rules } from './finding.ts';

/** What is judged of scripts, and of what services run. */
export const RULES = {
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
