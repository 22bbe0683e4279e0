import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { runContainer, whyNot } from './container.ts';

/**
 * What the user of a persistent home could plant there to have root read or change something else at the next start: at every
 * path below the home that Lintel itself says it reads or writes, so new tools take part by themselves. The boot goes on,
 * nothing outside is changed, and nothing of it comes to where the user can read it.
 */
const AS_ROOT = { skip: whyNot({ isRoot: true }) };
const HOME = '/home/lintel';
/** Makes tools write below the home, and read what is there. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  HOME,
  PIP_REPOSITORY: 'https://user:token@pip.example/simple',
  CONDA_REPOSITORY: 'https://user:token@conda.example/main',
  R_REPOSITORY: 'https://user:token@cran.example',
  NPM_REPOSITORY: 'https://npm.example',
  DARK_MODE: 'true',
  GIT_USER_NAME: 'Ada',
  GIT_USER_MAIL: 'ada@lab.example',
  GIT_PERSONAL_ACCESS_TOKEN: 'token',
  AWS_S3_ENDPOINT: 's3.example',
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
  LINTEL_SET_PASSWORD: '0',
};
/** Programs whose settings Lintel keeps below the home. Only that they are installed counts. */
const PROGRAMS = Object.fromEntries(
  ['code-server', 'rserver', 'duckdb', 'mc', 'aws', 'conda', 'npm', 'wget', 'curl'].map(name => [
    `/usr/local/bin/${name}`,
    '#!/bin/sh\n',
  ]),
);
const SECRET = 'VICTIM-CONTENT';
const VICTIM = '/home/victim';
const FOLDER = '/home/victims';
const PREPARE = [
  `mkdir -m 0700 ${FOLDER}; echo ${SECRET} > ${FOLDER}/file`,
  `printf '${SECRET}=1\\n[global]\\nindex-url = ${SECRET}\\n' > ${VICTIM}; chmod 600 ${VICTIM}`,
];
/** The CMD, as the user: what of it came to where they can read it. And what became of it. */
const LOOK = `grep -rIl ${SECRET} /run/lintel /tmp /etc ${HOME} 2> /dev/null; env | grep ${SECRET}; lintel password | grep -qEx '[a-zA-Z2-9]{24}' && echo looked`;
const STATE = `cat ${VICTIM}; stat -c '%a %u:%g %Y' ${VICTIM}; find ${FOLDER} -printf '%p %m %U:%G %T@\\n'; cat ${FOLDER}/*`;

/** Each is given a path, and plants itself there. */
const TRAPS = {
  'a link to a file of root’s': `ln -sfn ${VICTIM} "$1"`,
  'a link to a folder of root’s': `ln -sfn ${FOLDER} "$1"`,
  'another name of a file of root’s': `ln -f ${VICTIM} "$1"`,
  'a fifo': 'mkfifo "$1"',
  'a folder': 'mkdir "$1"',
  'a link in circles': 'ln -sfn "$1" "$1"',
  'nothing, but a link in its folder’s place': `rmdir "\${1%/*}" 2> /dev/null && ln -sn ${FOLDER} "\${1%/*}" || :`,
} as const;

let paths: Promise<readonly string[]> | undefined;

/** Every path below the home that stands in what Lintel knows or plans. */
function findPaths(t: TestContext): Promise<readonly string[]> {
  paths ??= (async () => {
    const command = ['/bin/sh', '-c', 'lintel facts --json; lintel plan --json'];
    const { stdout, stderr } = await runContainer(t, ['/init', ...command], {
      environment: ENVIRONMENT,
      files: PROGRAMS,
    });
    const found = new Set([...stdout.matchAll(/"(\/home\/lintel\/[^"\n]+)"/g)].map(([, path = '']) => path));
    for (const usual of [
      '.gitconfig',
      '.config/pip/pip.conf',
      '.condarc',
      '.local/share/code-server/User/settings.json',
    ]) {
      assert.ok(found.has(`${HOME}/${usual}`), `${usual} is not among ${[...found].join(', ')}: ${stderr}`);
    }
    return [...found].sort();
  })();
  return paths;
}

/** Plants by root's hand, and gives all to the user, as they would have it made. */
function plant(trap: string, at: readonly string[]): string {
  return [
    ...PREPARE,
    `plant() { mkdir -p "\${1%/*}" 2> /dev/null || return 0; if [ -e "$1" ] || [ -L "$1" ]; then return 0; fi; ${trap}; }`,
    ...at.map(path => `plant '${path}'`),
    `find ${HOME} -type f -links +1 -prune -o -exec chown -h 1000:100 {} +`,
    `{ ${STATE}; } > /root/before`,
  ].join('\n');
}

async function boot(
  t: TestContext,
  script: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const files = {
    ...PROGRAMS,
    '/etc/cont-finish.d/10-compare': `#!/bin/sh\n{ ${STATE}; } > /root/after\ncmp /root/before /root/after && echo same\n`,
  };
  const { code, stdout, stderr } = await runContainer(
    t,
    ['/bin/sh', '-euc', `${script}\nexec "$@"`, 'sh', '/init', 'sh', '-c', LOOK],
    { environment: { ...ENVIRONMENT, ...environment }, files },
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /10-compare \| same$/m);
  assert.equal(stdout, 'looked\n', stderr);
  assert.doesNotMatch(stderr, new RegExp(SECRET));
  return { stdout, stderr };
}

describe('a home with traps in it leads root nowhere', AS_ROOT, () => {
  for (const [what, trap] of Object.entries(TRAPS)) {
    test(`${what} at every path that Lintel reads or writes there`, async t => {
      await boot(t, plant(trap, await findPaths(t)));
    });

    test(`${what} in place of every folder on the way there`, async t => {
      const all = await findPaths(t);
      const folders = all.map(path => `${HOME}/${path.slice(HOME.length + 1).split('/')[0]}`);
      await boot(t, plant(trap, [...new Set(folders)]));
    });

    test(`${what} also where all of the home is to be given away`, async t => {
      const more = { CHOWN_HOME: '1', CHOWN_HOME_OPTS: '-R', NB_UID: '2000' };
      await boot(t, plant(trap, await findPaths(t)), more);
    });
  }

  test('the home itself a link that the user made', async t => {
    const script = [
      ...PREPARE,
      'mkdir /data',
      `ln -s ${FOLDER} /data/home`,
      'chown -h 1000 /data /data/home',
    ];
    await boot(t, [...script, `{ ${STATE}; } > /root/before`].join('\n'), {
      HOME: '/data/home',
      CHOWN_HOME: '1',
      CHOWN_EXTRA: '/data/home',
      CHOWN_EXTRA_OPTS: '-R',
      HOME_TMP: '/srv',
    });
  });
});

describe('what an earlier start left below /run leads root nowhere', AS_ROOT, () => {
  for (const [what, trap] of Object.entries(TRAPS)) {
    test(`${what} in place of the passwords`, async t => {
      const script = [
        ...PREPARE,
        'mkdir -p /run/lintel/secrets',
        ...['password', 'vnc-password', 'other'].map(
          name => `set -- /run/lintel/secrets/${name} "$@"; mkdir -p /run/lintel/secrets; ${trap}; shift`,
        ),
        'chown -h 1000:100 /run/lintel/secrets; chmod 700 /run/lintel/secrets 2> /dev/null || :',
        `{ ${STATE}; } > /root/before`,
      ];
      await boot(t, script.join('\n'));
    });
  }

  test('a name of ours in /tmp that the user holds', async t => {
    const script = [
      ...PREPARE,
      ...['lintel-0', 'lintel', 'lintel-1000'].map(name => `ln -s ${FOLDER} /tmp/${name}`),
      `chown -h 1000 /tmp/*; { ${STATE}; } > /root/before`,
    ];
    await boot(t, script.join('\n'));
  });
});
