import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasCredentials, isHttpUrl, maskUrl, maskUrls } from '../../src/settings/url.ts';

describe('an http URL', () => {
  for (const text of [
    'https://mirror.example',
    'http://mirror.example/simple/',
    'HTTPS://mirror.example/simple',
    'https://mirror.example:8443/simple?a=b#c',
    'https://user:p%40ss@mirror.example/simple',
    'http://10.0.0.1/simple',
    'http://[::1]:8080/simple',
    'https://spiegel.köln.example/einfach',
  ]) {
    test(`is ${text}`, () => assert.equal(isHttpUrl(text), true));
  }

  for (const [text, why] of [
    ['', 'nothing'],
    ['mirror.example/simple', 'no scheme'],
    ['//mirror.example/simple', 'no scheme'],
    ['/mirror/simple', 'a path'],
    ['ftp://mirror.example', 'another scheme'],
    ['file:///mirror', 'another scheme'],
    ['https://', 'no host'],
    ['https://:8443/', 'no host'],
    ['https://mirror.example:99999/', 'no such port'],
    ['https://mirror example/', 'a blank'],
    ['https://mirror.example/a b', 'a blank that clients would cut the line at'],
    ['https://mirror.example/\n[evil]', 'a newline that would write a line of its own'],
    ['https://mirror.example/\u0000', 'a control character'],
    // What browsers forgive, pip, conda and R do not.
    ['https:/mirror.example/simple', 'one slash'],
    ['https:mirror.example/simple', 'no slash'],
    ['https:///mirror.example/simple', 'three slashes'],
    ['https:\\\\mirror.example\\simple', 'backslashes'],
  ] as const) {
    test(`is not ${JSON.stringify(text)} (${why})`, () => assert.equal(isHttpUrl(text), false));
  }
});

test('a URL has credentials when it names a user or a password', () => {
  assert.equal(hasCredentials('https://user:secret@mirror.example'), true);
  assert.equal(hasCredentials('https://user@mirror.example'), true);
  assert.equal(hasCredentials('https://:secret@mirror.example'), true);
  assert.equal(hasCredentials('https://mirror.example/@scope/name'), false);
  assert.equal(hasCredentials('conda-forge'), false);
});

describe('a masked URL', () => {
  for (const [text, masked] of [
    ['https://mirror.example/simple', 'https://mirror.example/simple'],
    ['https://mirror.example/@scope/name', 'https://mirror.example/@scope/name'],
    ['https://user:secret@mirror.example/simple', 'https://***@mirror.example/simple'],
    ['https://user:secret@mirror.example:8443/a/b', 'https://***@mirror.example:8443/a/b'],
    ['https://secret@mirror.example/', 'https://***@mirror.example/'],
    ['https://user:se@cret@mirror.example/', 'https://***@mirror.example/'],
    ['https://mirror.example/simple?token=secret', 'https://mirror.example/simple?***'],
    ['https://user:secret@mirror.example/?token=secret', 'https://***@mirror.example/?***'],
    ['https://mirror.example/simple#secret', 'https://mirror.example/simple#***'],
    ['https://mirror.example/simple#access_token=secret?', 'https://mirror.example/simple#***'],
    ['https://user:secret@mirror.example/simple?a#secret@b', 'https://***@mirror.example/simple?***'],
    ['ftp://user:secret@mirror.example/x', 'ftp://***@mirror.example/x'],
    ['conda-forge', 'conda-forge'],
  ] as const) {
    test(`is ${masked} for ${text}`, () => assert.equal(maskUrl(text), masked));
  }

  // The shapes in which people mistype a URL: whatever comes out, the secret is not in it.
  for (const text of [
    'user:secret@mirror.example/simple',
    'https//user:secret@mirror.example/simple',
    'https:/user:secret@mirror.example/simple',
    'https:user:secret@mirror.example/simple',
    '//user:secret@mirror.example/simple',
    'https://user:secret@',
    'https://user:secret@:8443/simple',
    'https://user:secret@mirror.example:port/simple',
    'https://user:secret@mirror example/simple',
    'https://user:secret word@mirror.example:port/simple',
    'https//user:secret word@mirror.example/simple',
    'https//user:secret,word@mirror.example/simple',
    'https://user:secret@a.example,ftp://user:secret@b.example',
    'conda-forge,https//user:secret@b.example',
    'https//mirror.example/simple?token=secret',
    'https//mirror.example/simple#secret',
    'https//mirror.example/simple?mail=ada@math.example&token=secret',
    'https://user:secret?word@mirror.example/simple',
    'https://user:secret#word@mirror.example/simple',
    '"https://user:secret@mirror.example"',
  ]) {
    test(`of ${JSON.stringify(text)} holds no part of the secret`, () => {
      assert.doesNotMatch(maskUrl(text), /secret|word/);
    });
  }
});

describe('a text with URLs', () => {
  for (const [text, masked] of [
    ['nothing to hide @ all', 'nothing to hide @ all'],
    [
      'index-url = https://user:secret@mirror.example/simple\ncert = /run/ca.pem\n',
      'index-url = https://***@mirror.example/simple\ncert = /run/ca.pem\n',
    ],
    ['  - "https://user:secret@a.example/x"\n', '  - "https://***@a.example/x"\n'],
    ["https://a.example/it's?token=secret", "https://a.example/it's?***"],
    ["https://a.example/x?token=it's-secret", 'https://a.example/x?***'],
    ['https://a.example/b://c?token=secret', 'https://a.example/b://c?***'],
    ["fatal: 'https://a.example/x#secret/' not found", "fatal: 'https://a.example/x#*** not found"],
    ['see https://a.example/x # not a part of it', 'see https://a.example/x # not a part of it'],
  ] as const) {
    test(`is masked URL by URL: ${JSON.stringify(text)}`, () => assert.equal(maskUrls(text), masked));
  }

  test('holds no secret of several URLs in one line', () => {
    const masked = maskUrls(
      'channels https://u:secret@a.example/x, https://u:secret@b.example/y (CONDARC)\n',
    );
    assert.match(masked, /^channels https:\/\/\*\*\*@.*b\.example\/y \(CONDARC\)\n$/);
    assert.doesNotMatch(masked, /secret/);
  });

  for (const password of ['secret,word', "secret'word", 'secret<word', 'secret"word', 'secret>word']) {
    test(`holds no part of a password with odd characters: ${password}`, () => {
      const text = `index-url = https://user:${password}@mirror.example/simple\n`;
      assert.doesNotMatch(maskUrls(text), /secret|word/);
    });
  }
});
