import { hasUrlCredentials, type SecretPlace } from '../facts/image/secret-places.ts';
import type { VariableSource } from '../facts/image/variables.ts';
import { isSecretName, MASK, maskValue } from '../settings/secret-names.ts';
import { SECRETS, VARIABLES } from '../settings/variables.ts';
import { type Docs, type Finding, found, type Rules, type Topic } from './finding.ts';

const RULES = {
  'baked-secret': 'error',
  'baked-credentials': 'error',
  'private-key': 'error',
  'host-key': 'warning',
} as const satisfies Rules;

export const secrets: Topic = {
  title: 'Secrets',
  rules: RULES,
  find: image => [
    ...image.variables
      // What a running container was given is no part of the image.
      .filter(({ path }) => path !== undefined || !image.isRunning)
      .flatMap(source => source.set.flatMap(one => judgeVariable(one, source))),
    ...image.secrets.map(judgePlace),
  ],
};

const EXPECTED = 'it from the platform at run time';
const EVERYBODY = 'which everybody has who has the image';

/** The password that a boot replaces, and so has to be known. */
const MEANT: ReadonlySet<string> = new Set(VARIABLES.previousPassword.names);
/** Nobody takes these for anything else; a name that ends in KEY may be a fingerprint, as Python's images have one. */
const CERTAIN = /(TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_ACCESS_KEY|API_?KEY|PRIVATE_KEY)$/;
const PUBLIC = /(^|_)(GPG|PGP|PUBLIC|PUB)_KEYS?$/;
/** A switch, a number, a variable: no secret. */
const HARMLESS = /^(|true|false|yes|no|on|off|none|null|\d{1,5}|\$\{?\w+\}?)$/i;
/** Builds get them as arguments, which do not stay. */
const PROXY = /^(https?|ftp|all|no)_proxy$/i;

function judgeVariable(
  { name, value, line }: VariableSource['set'][number],
  { path }: VariableSource,
): Finding[] {
  const place = path === undefined ? { path: 'environment' } : { path, line };
  if (MEANT.has(name) || HARMLESS.test(value.trim())) return [];
  if (isSecretName(name) && maskValue(name, value) === MASK && !PUBLIC.test(name.toUpperCase())) {
    const isCertain = SECRETS.includes(name) || CERTAIN.test(name.toUpperCase());
    return [
      found(RULES, 'baked-secret', {
        ...place,
        what: isCertain
          ? `${name} holds a secret, ${EVERYBODY}`
          : `${name} sounds like a secret, ${EVERYBODY}`,
        expected: EXPECTED,
        severity: isCertain ? 'error' : 'warning',
      }),
    ];
  }
  if (!hasUrlCredentials(value) || (path === undefined && PROXY.test(name))) return [];
  return [
    found(RULES, 'baked-credentials', {
      ...place,
      what: `${name} holds a URL with credentials, ${EVERYBODY}`,
      expected: 'them from the platform at run time',
    }),
  ];
}

function judgePlace({ path, line, kind }: SecretPlace): Finding {
  const place = { path, line };
  if (kind === 'host key')
    return found(RULES, 'host-key', {
      ...place,
      what: 'each container of the image has this host key',
      expected: 'none: sshd makes one at start',
    });
  if (kind === 'private key')
    return found(RULES, 'private-key', {
      ...place,
      what: `it holds a private key, ${EVERYBODY}`,
      expected: EXPECTED,
    });
  return found(RULES, 'baked-credentials', {
    ...place,
    what: `it holds credentials, ${EVERYBODY}`,
    expected: 'them from the platform at run time',
  });
}

/** For docs/check.md: no part of the program. */
export const SECRET_DOCS: Docs<typeof RULES> = {
  'baked-secret': {
    finds: 'a password or token as the value of a variable; a warning where only the name sounds like one',
    example:
      '/etc/lintel/lintel.env:1: error: PASSWORD holds a secret, which everybody has who has the image, expected it from the platform at run time (baked-secret)',
    remedy:
      'set it at run time: a Secret, `NAME_FILE`; in a build `RUN --mount=type=secret`. Only LINTEL_PREVIOUS_PASSWORD is meant to stand in an image',
  },
  'baked-credentials': {
    finds:
      'a URL with a password in a variable; a password or token in pip.conf, .condarc, .npmrc, .netrc, .git-credentials and the like',
    example:
      '/etc/pip.conf:2: error: it holds credentials, which everybody has who has the image, expected them from the platform at run time (baked-credentials)',
    remedy: 'PIP_REPOSITORY and the like at run time; in a build `RUN --mount=type=secret`',
  },
  'private-key': {
    finds: 'a private key in /etc/lintel, in folders of scripts and services, in ~/.ssh',
    example:
      '/home/ada/.ssh/id_ed25519:1: error: it holds a private key, which everybody has who has the image, expected it from the platform at run time (private-key)',
    remedy: 'mount it as a Secret',
  },
  'host-key': {
    finds: 'sshd’s host keys, which openssh-server makes when it is installed',
    example:
      '/etc/ssh/ssh_host_rsa_key:1: warning: each container of the image has this host key, expected none: sshd makes one at start (host-key)',
    remedy: '`rm -f /etc/ssh/ssh_host_*` behind `apt-get install openssh-server`, in the same RUN',
  },
};
