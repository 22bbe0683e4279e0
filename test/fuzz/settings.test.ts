import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseDuration, renderDuration } from '../../src/commands/durations.ts';
import { parseFlags } from '../../src/commands/flags.ts';
import { COMMANDS } from '../../src/commands/list.ts';
import { LintelError, renderProblem } from '../../src/errors.ts';
import { escapeLine } from '../../src/printable.ts';
import { parseErrors, parseLogin, parseSecret } from '../../src/remote/vault.ts';
import { parseProxy } from '../../src/settings/proxy.ts';
import { MASK, maskValue } from '../../src/settings/secret-names.ts';
import { parseSettings } from '../../src/settings/settings.ts';
import { suggestName, suggestWord } from '../../src/settings/suggest.ts';
import { hasCredentials, isHttpUrl, maskUrl, maskUrls, splitCredentials } from '../../src/settings/url.ts';
import { SECRETS, VARIABLES } from '../../src/settings/variables.ts';
import { parseRepository } from '../../src/tools/repository.ts';
import { check, textOf, tryLong } from './runs.ts';

const NAMES = Object.values(VARIABLES).flatMap(({ names }) => [...names]);
const SECRET = 'hunter2';
const value = textOf(
  [
    'http://',
    'https://',
    'user:',
    `${SECRET}@`,
    'host',
    ':80',
    '/',
    '?a=b',
    ',',
    ' ',
    '1',
    '0',
    'true',
    'auto',
    '*',
    '\n',
    '..',
    '${A}',
    '[::1]',
    '%zz',
  ],
  8,
);

describe('the settings', () => {
  test('of any environment are settings and problems, and no secret is told', () =>
    check(
      fc.property(
        fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.stringMatching(/^LINTEL_\w{1,9}$/)), value),
        environment => {
          const { problems, warnings } = parseSettings(environment);
          for (const problem of problems) {
            const sentence = renderProblem(problem);
            assert.ok(sentence.length < 1000, sentence);
            if (SECRETS.includes(problem.what)) assert.ok(!sentence.includes(SECRET), sentence);
          }
          for (const warning of warnings) assert.ok(!warning.includes(SECRET), warning);
        },
      ),
      3,
    ));

  test('take no longer for a longer value than they have to', () => {
    // As long as the kernel lets a variable be.
    const longest = 120_000;
    for (const name of NAMES) {
      const pieces = ['/', ':', 'a', ' ', ',', '*', '0.', '=', '\n'];
      tryLong(
        [pieces[NAMES.indexOf(name) % pieces.length] ?? 'a', 'a.'],
        text => void parseSettings({ [name]: text }),
        longest,
      );
    }
  });
});

describe('what is masked', () => {
  const noise = textOf(['://', 'http://', 'a', ' ', '"', '/', '?', 'x=y', ',', '@', ':'], 5).map(text =>
    text.replaceAll('\n', ''),
  );

  test('a password between "://" and "@" is never shown, whatever stands around it', () =>
    check(
      fc.property(noise, noise, (before, after) => {
        const text = `${before} https://user:${SECRET}@host/${after}`;
        assert.ok(!maskUrls(text).includes(SECRET), maskUrls(text));
        assert.ok(!maskUrl(`https://user:${SECRET}@host/${after}`).includes(SECRET));
        assert.ok(!maskValue('HTTP_PROXY', `user:${SECRET}@host`).includes(SECRET));
      }),
      5,
    ));

  test('a query and a token of conda’s are never shown', () =>
    check(
      fc.property(fc.webUrl(), url => {
        assert.ok(!maskUrls(`see ${url}?token=${SECRET} now`).includes(SECRET));
        assert.ok(!maskUrls(`${new URL(url).origin}/t/${SECRET}/channel`).includes(SECRET));
      }),
    ));

  test('a variable with a secret’s name shows nothing', () => {
    check(
      fc.property(
        fc.constantFrom(...SECRETS, 'DB_PASSWORD', 'X_API_KEY', 'npm_config__auth'),
        fc.string({ minLength: 1 }),
        (name, held) => {
          assert.equal(maskValue(name, held), MASK);
        },
      ),
    );
  });

  test('takes no longer for a longer text than it has to', () => {
    const pieces = ['a', '://', 'a://', '@', '?', '/t/', ' ', '\n', 'a.', '://a?', "'", '\x1b[0m'];
    for (const mask of [maskUrl, maskUrls, escapeLine]) tryLong(pieces, text => void mask(text), 100_000);
    tryLong(pieces, text => void maskValue('NOTES', text), 100_000);
  });
});

describe('a URL', () => {
  test('with credentials is split into what it was made of', () =>
    check(
      fc.property(fc.webUrl(), fc.string({ minLength: 1 }), fc.string(), (plain, user, password) => {
        // A token of conda's in the path is no user's.
        if (!`${user}${password}`.isWellFormed() || plain.includes('/t/')) return;
        const url = new URL(plain);
        url.username = encodeURIComponent(user);
        url.password = encodeURIComponent(password);
        const split = splitCredentials(url.href);
        assert.deepEqual({ user: split.user, password: split.password }, { user, password });
        assert.ok(!hasCredentials(split.url) && hasCredentials(url.href));
      }),
    ));

  test('of any text is split, masked, refused: nothing is thrown', () =>
    check(
      fc.property(value, text => {
        splitCredentials(text);
        hasCredentials(text);
        maskUrl(text);
        const proxy = parseProxy(text);
        if (proxy !== undefined) assert.ok(proxy.host !== '' && proxy.port >= 0 && proxy.port <= 65_535);
        if (isHttpUrl(text)) assert.ok(URL.canParse(text));
        const { settings } = parseSettings({ GIT_REPOSITORY: text });
        if (settings.gitRepository === undefined) return;
        const { url, name } = parseRepository(settings.gitRepository, undefined);
        assert.ok(!url.startsWith('-') && name !== '..' && name !== '.' && name?.includes('/') !== true);
      }),
      3,
    ));
});

describe('the command line', () => {
  const accepted = [
    {
      flags: [
        { name: '--follow', short: '-f', doc: '' },
        { name: '--lines', short: '-n', value: 'N', doc: '' },
      ] as const,
      operands: { usage: 'NAME…' },
    },
    { flags: [] },
  ];
  const word = fc.oneof(
    fc.constantFrom(
      '-',
      '--',
      '-f',
      '-n',
      '-n5',
      '-fn5',
      '--follow',
      '--lines',
      '--lines=',
      '--lines=5',
      '--follow=1',
      '--nope',
      '-x',
      'web',
      '',
      '-fnf',
    ),
    fc.string({ maxLength: 5 }),
  );

  test('is taken apart or refused with a sentence and code 2', () =>
    check(
      fc.property(fc.array(word, { maxLength: 6 }), fc.constantFrom(...accepted), (args, accept) => {
        try {
          const { operands } = parseFlags(args, accept);
          for (const operand of operands) assert.ok(args.includes(operand));
        } catch (error) {
          assert.ok(error instanceof LintelError && error.exitCode === 2, String(error));
        }
      }),
      3,
    ));

  test('a time is one or refused, and a rendered one is short', () => {
    check(
      fc.property(textOf(['1', '0', '.', 's', 'ms', 'm', 'h', '-', ' ', 'e', '9999999999'], 4), text => {
        try {
          const ms = parseDuration('--timeout', text);
          assert.ok(ms >= 0 && ms <= 86_400_000 && Number.isInteger(ms));
        } catch (error) {
          assert.ok(error instanceof LintelError && error.exitCode === 2, String(error));
        }
      }),
    );
    check(
      fc.property(fc.nat(1e12), ms => {
        assert.ok(renderDuration(ms).length <= 9, renderDuration(ms));
      }),
    );
  });

  test('what is suggested is a word that there is', () => {
    const known = COMMANDS.map(({ name }) => name);
    check(
      fc.property(textOf(['s', 'ta', 'tus', 'log', 'env'], 4), text => {
        for (const meant of [suggestWord(text, known), suggestName(text, known)])
          assert.ok(meant === undefined || known.includes(meant));
      }),
    );
    tryLong(['status', 'LINTEL_'], text => void suggestWord(text, [...known, ...NAMES]));
  });
});

describe('Vault’s answers', () => {
  test('of any text are a token, variables or trouble', () =>
    check(
      fc.property(
        fc.oneof(
          fc.json(),
          textOf(['{', '}', '"data":', '"auth":', '"client_token":', '"x"', ',', 'null', '[', ']', '1.0']),
        ),
        text => {
          parseLogin(text);
          const secret = parseSecret(text, true);
          if ('set' in secret)
            for (const held of Object.values(secret.set)) assert.equal(typeof held, 'string');
          assert.match(parseErrors(text), /^[\x20-\x7e]{0,200}$/);
        },
      ),
      2,
    ));

  test('of any data are its variables, values as they were, and none that could harm', () =>
    check(
      fc.property(
        fc.dictionary(
          fc.oneof(fc.string(), fc.constantFrom('PATH', 'LD_PRELOAD', '__proto__', 'A')),
          fc.string(),
        ),
        data => {
          const secret = parseSecret(JSON.stringify({ data: { data } }), true);
          assert.ok('set' in secret);
          assert.equal(Object.hasOwn(secret.set, 'PATH') || Object.hasOwn(secret.set, 'LD_PRELOAD'), false);
          for (const [name, held] of Object.entries(secret.set)) assert.equal(held, data[name]);
        },
      ),
    ));
});
