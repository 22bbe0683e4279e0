import { type Docs, found, type Rules, type Topic } from './finding.ts';

const RULES = {
  unread: 'note',
  'no-owners': 'note',
} as const satisfies Rules;

export const unread: Topic = {
  title: 'What was not looked at',
  rules: RULES,
  find: ({ troubles, hasOwners }) => [
    ...troubles.map(({ path, why }) =>
      found(RULES, 'unread', {
        path,
        what: `it could not be read: ${why}`,
        expected: 'to be looked at as root',
      }),
    ),
    ...(hasOwners
      ? []
      : [
          found(RULES, 'no-owners', {
            path: '/',
            what: 'it was unpacked by an ordinary user, so owners were not looked at',
            expected: 'root’s / and /etc',
          }),
        ]),
  ],
};

/** For docs/check.md: no part of the program. */
export const UNREAD_DOCS: Docs<typeof RULES> = {
  unread: {
    finds: 'what could not be read, and so was not looked at',
    example:
      '/root/.ssh: note: it could not be read: permission denied, expected to be looked at as root (unread)',
    remedy: 'check the image from inside, as root: `RUN lintel check`',
  },
  'no-owners': {
    finds: 'a ROOT that an ordinary user has unpacked: owners are not the image’s, and are not judged',
    example:
      '/: note: it was unpacked by an ordinary user, so owners were not looked at, expected root’s / and /etc (no-owners)',
    remedy: 'unpack or mount it as root, or `RUN lintel check`',
  },
};
