import type { ImageFacts } from '../facts/image/image.ts';
import { findUnknown, mayWriteHome } from '../user.ts';
import { type Docs, type Finding, found, placeOfVariable, type Rules, type Topic } from './finding.ts';

const RULES = {
  'no-user': 'warning',
  'no-home': 'warning',
  'foreign-home': 'error',
} as const satisfies Rules;

export const workbench: Topic = {
  title: 'The workbench user',
  rules: RULES,
  find: image => [...judgeUser(image), ...(image.hasOwners ? judgeHome(image) : [])],
};

function judgeUser(image: ImageFacts): Finding[] {
  const { user, problems } = image.workbench;
  // A layer's files alone, without its image below: users are the image's.
  const isLayer = image.installed === undefined && image.accounts.users.length === 0;
  const unknown = isLayer ? undefined : findUnknown(user, image);
  return [
    ...problems.map(({ what, seen, expected }) =>
      found(RULES, 'no-user', {
        ...placeOfVariable(what, image),
        what: `${what}: ${seen}`,
        expected,
        severity: 'error',
      }),
    ),
    ...(unknown === undefined
      ? []
      : [found(RULES, 'no-user', { path: '/etc/passwd', what: unknown.what, expected: unknown.remedy })]),
  ];
}

function judgeHome({ workbench: { user }, home, homeFolders, settings, accounts }: ImageFacts): Finding[] {
  // Somebody else is said above; the start makes the home theirs.
  if (!accounts.users.some(({ uid }) => uid === user.uid) || settings.chownHome === true) return [];
  if (!mayWriteHome(user, home && { ...home, isReadOnly: false }))
    return [
      found(RULES, 'no-home', {
        path: user.home,
        what: `${user.name} has no home to write to`,
        expected: 'a folder that is theirs, or a volume',
      }),
    ];
  return homeFolders
    .filter(folder => !mayWriteHome(user, { ...folder, isReadOnly: false }))
    .map(({ path, uid }) =>
      found(RULES, 'foreign-home', {
        path,
        what: `${user.name} (uid ${user.uid}) can’t write it: it is uid ${uid}’s`,
        expected: `chown ${user.uid}`,
        // Without these two JupyterLab does not even start.
        severity: /\/\.(config|local)$/.test(path) ? 'error' : 'warning',
      }),
    );
}

/** For docs/check.md: no part of the program. */
export const WORKBENCH_DOCS: Docs<typeof RULES> = {
  'no-user': {
    finds: 'an image without its workbench user: uid 1000, or whom LINTEL_USER names',
    example:
      '/etc/passwd: warning: the workbench user, uid 1000, has no line in /etc/passwd: its HOME is /tmp, and whoami and ssh know nobody of that uid, expected useradd --create-home --uid 1000 NAME (no-user)',
    remedy: '`RUN useradd --create-home --uid 1000 NAME`',
  },
  'no-home': {
    finds: 'a home that is not there, or that the workbench user can’t write',
    example:
      '/home/ada: warning: ada has no home to write to, expected a folder that is theirs, or a volume (no-home)',
    remedy: '`useradd --create-home`, `chown`',
  },
  'foreign-home': {
    finds:
      'folders in the home that are another user’s: without ~/.config and ~/.local JupyterLab does not start and code-server keeps nothing; of others a warning',
    example:
      '/home/ada/.config: error: ada (uid 1000) can’t write it: it is uid 0’s, expected chown 1000 (foreign-home)',
    remedy: 'install what writes there as the user (`USER 1000`), or `chown -R` the folder behind it',
  },
};
