import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRepository, type Repository } from '../../src/tools/repository.ts';

const TOKEN = 'glpat-0123456789abcdefghij';
const HTTPS = { server: 'https://git.example', credential: undefined };

describe('GIT_REPOSITORY', () => {
  for (const [text, token, expected] of [
    [
      'https://git.example/a/tiny.git',
      undefined,
      { url: 'https://git.example/a/tiny.git', name: 'tiny', ...HTTPS },
    ],
    [
      'https://git.example/a/tiny.git/',
      undefined,
      { url: 'https://git.example/a/tiny.git/', name: 'tiny', ...HTTPS },
    ],
    [
      'https://git.example/a/tiny/.git',
      undefined,
      { url: 'https://git.example/a/tiny/.git', name: 'tiny', ...HTTPS },
    ],
    [
      'HTTPS://Git.Example:443/tiny',
      undefined,
      { url: 'https://Git.Example:443/tiny', name: 'tiny', ...HTTPS },
    ],
    [
      'https://git.example/tiny',
      'secret',
      {
        url: 'https://git.example/tiny',
        name: 'tiny',
        server: 'https://git.example',
        credential: { username: 'oauth2', password: 'secret' },
      },
    ],
    [
      'https://bitbucket.org/a/tiny',
      'secret',
      {
        url: 'https://bitbucket.org/a/tiny',
        name: 'tiny',
        server: 'https://bitbucket.org',
        credential: { username: 'x-token-auth', password: 'secret' },
      },
    ],
    [
      'https://ada@git.example/tiny',
      'secret',
      {
        url: 'https://git.example/tiny',
        name: 'tiny',
        server: 'https://git.example',
        credential: { username: 'ada', password: 'secret' },
      },
    ],
    [
      'https://ada:p%40ss@git.example/tiny',
      'secret',
      {
        url: 'https://git.example/tiny',
        name: 'tiny',
        server: 'https://git.example',
        credential: { username: 'ada', password: 'p@ss' },
      },
    ],
    [
      'https://ada:p@ss%@git.example/tiny',
      undefined,
      {
        url: 'https://git.example/tiny',
        name: 'tiny',
        server: 'https://git.example',
        credential: { username: 'ada', password: 'p%40ss%' },
      },
    ],
    [
      `https://${TOKEN}@git.example/tiny`,
      undefined,
      {
        url: 'https://git.example/tiny',
        name: 'tiny',
        server: 'https://git.example',
        credential: { username: 'oauth2', password: TOKEN },
      },
    ],
    [
      'https://ada@git.example/tiny',
      undefined,
      {
        url: 'https://git.example/tiny',
        name: 'tiny',
        server: 'https://git.example',
        credential: { username: 'ada', password: undefined },
      },
    ],
    [
      'http://git.example:8080/a@b/tiny',
      'secret',
      {
        url: 'http://git.example:8080/a@b/tiny',
        name: 'tiny',
        server: 'http://git.example:8080',
        credential: { username: 'oauth2', password: 'secret' },
      },
    ],
    [
      'git@git.example:a/tiny.git',
      'secret',
      { url: 'git@git.example:a/tiny.git', name: 'tiny', server: undefined, credential: undefined },
    ],
    [
      'git@git.example:tiny.git',
      undefined,
      { url: 'git@git.example:tiny.git', name: 'tiny', server: undefined, credential: undefined },
    ],
    [
      'ssh://git:secret@git.example:2222/a/tiny',
      undefined,
      { url: 'ssh://git@git.example:2222/a/tiny', name: 'tiny', server: undefined, credential: undefined },
    ],
    [
      'ssh://git.example/a/tiny',
      undefined,
      { url: 'ssh://git.example/a/tiny', name: 'tiny', server: undefined, credential: undefined },
    ],
    [
      'git://ada:secret@git.example/a/tiny',
      undefined,
      { url: 'git://git.example/a/tiny', name: 'tiny', server: undefined, credential: undefined },
    ],
    ['https://git.example', undefined, { url: 'https://git.example', name: undefined, ...HTTPS }],
    ['https://git.example/a/..', undefined, { url: 'https://git.example/a/..', name: undefined, ...HTTPS }],
  ] satisfies readonly (readonly [string, string | undefined, Repository])[]) {
    test(`${text}${token === undefined ? '' : ' with a token'}`, () => {
      assert.deepEqual(parseRepository(text, token), expected);
    });
  }
});
