import type { ImageFacts } from '../facts/image/image.ts';
import type { Installed } from '../facts/image/installed.ts';
import { type Docs, type Finding, found, type Rules, type Topic } from './finding.ts';

const RULES = {
  'not-installed': 'error',
  'missing-library': 'error',
  'missing-tool': 'warning',
  'foreign-owner': 'warning',
} as const satisfies Rules;

export const installation: Topic = {
  title: 'Lintel itself',
  rules: RULES,
  find: image => (image.installed === undefined ? [] : judge(image.installed, image)),
};

const LAYER = 'COPY --from=lintel / / as the last layer';

function judge(
  { hasProgram, wrong, missingLibraries, missingPrograms, foreign }: Installed,
  image: ImageFacts,
): Finding[] {
  if (!hasProgram)
    return [
      found(RULES, 'not-installed', {
        path: '/usr/local/lib/lintel/lintel.cjs',
        what: 'Lintel is not in the image',
        expected: LAYER,
      }),
    ];
  return [
    ...wrong.map(({ path, isThere }) =>
      found(RULES, 'not-installed', {
        path,
        what: isThere ? 'it is not Lintel’s: a later layer has replaced it' : 'it is missing',
        expected: LAYER,
      }),
    ),
    ...missingLibraries.map(name =>
      found(RULES, 'missing-library', {
        path: '/usr/local/lib/lintel/node',
        what: `it needs ${name}, which is not in the image`,
        expected: 'the package that holds it',
      }),
    ),
    ...missingPrograms.map(name => judgeTool(name, image)),
    ...(image.hasOwners
      ? foreign.map(({ path, who }) =>
          found(RULES, 'foreign-owner', {
            path,
            what: `root runs what is here, and ${who} may change it`,
            expected: 'root’s own',
          }),
        )
      : []),
  ];
}

const TOOLS: Readonly<Record<string, { readonly path: string; readonly expected: string }>> = {
  '/bin/sh': { path: '/bin/sh', expected: 'a POSIX shell: Lintel starts by it' },
  base64: { path: '/usr/bin/base64', expected: 'coreutils, which hands odd variables on unchanged' },
  setpriv: {
    path: '/usr/bin/setpriv',
    expected: 'util-linux, for services with noNewPrivs and where Node has no FFI',
  },
};

function judgeTool(name: string, image: ImageFacts): Finding {
  const { path = name, expected = '' } = TOOLS[name] ?? {};
  return found(RULES, 'missing-tool', {
    path,
    what: `${name} is not installed`,
    expected,
    severity: name === '/bin/sh' || (name === 'setpriv' && isSetprivNeeded(image)) ? 'error' : 'warning',
  });
}

/** Without it, what asks for no_new_privs is not started. */
function isSetprivNeeded({ settings, definitions }: ImageFacts): boolean {
  return settings.noNewPrivs === true || definitions.some(({ noNewPrivs }) => noNewPrivs);
}

/** For docs/check.md: no part of the program. */
export const INSTALLATION_DOCS: Docs<typeof RULES> = {
  'not-installed': {
    finds: 'parts of Lintel that are missing, or that a later layer has replaced',
    example:
      '/init: error: it is not Lintel’s: a later layer has replaced it, expected COPY --from=lintel / / as the last layer (not-installed)',
    remedy: 'let `COPY --from=lintel / /` be the last layer that brings files to these places',
  },
  'missing-library': {
    finds:
      'what Lintel’s Node needs to start and the image lacks: libatomic.so.1, libstdc++.so.6, the loader itself',
    example:
      '/usr/local/lib/lintel/node: error: it needs libstdc++.so.6, which is not in the image, expected the package that holds it (missing-library)',
    remedy: 'on Debian and Ubuntu `apt-get install libstdc++6`; libatomic.so.1 comes with Lintel’s layer',
  },
  'missing-tool': {
    finds:
      'programs of the system that Lintel starts by: `/bin/sh`, `base64`, and as root `setpriv` (of util-linux, not BusyBox’s), an error where something asks for no_new_privs',
    example:
      '/usr/bin/setpriv: warning: setpriv is not installed, expected util-linux, for services with noNewPrivs and where Node has no FFI (missing-tool)',
    remedy: 'install coreutils and util-linux',
  },
  'foreign-owner': {
    finds: 'parts of the installation that another user than root may change',
    example:
      '/usr/local/lib/lintel: warning: root runs what is here, and uid 1000 may change it, expected root’s own (foreign-owner)',
    remedy: 'no `chown -R` over /usr/local behind Lintel’s layer',
  },
};
