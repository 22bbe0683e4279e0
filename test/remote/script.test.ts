import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findScriptTrouble } from '../../src/remote/script.ts';

/** What may be run of what a server sends. */
for (const [what, text, contentType, trouble] of [
  ['a script', '#!/bin/sh\necho hello\n', 'text/plain', undefined],
  ['a script for bash without a first line', 'echo hello\n', 'application/octet-stream', undefined],
  ['a script that a server takes for a page', '#!/bin/sh\n', 'text/html', undefined],
  ['a script with a program behind it', '#!/bin/sh\nexit\n\0\x01\x02', '', undefined],
  ['a page', '<!DOCTYPE html><html>', 'text/plain', 'an HTML page came instead of a script'],
  ['a page behind blanks', '\ufeff\n\n  <HTML lang="en">', '', 'an HTML page came instead of a script'],
  [
    'a page by its type',
    'Please log in',
    'text/html; charset=utf-8',
    'an HTML page came instead of a script',
  ],
  ['XML', '<?xml version="1.0"?>', 'application/xml', 'an HTML page came instead of a script'],
  ['JSON', '{"error": "no"}', 'application/problem+json', 'JSON came instead of a script'],
  ['a program', '\x7fELF\x02\0\0', '', 'what came is no text'],
  ['nothing', ' \n', 'text/plain', 'the answer is empty'],
] as const) {
  test(`${what} is ${trouble === undefined ? 'run' : 'not run'}`, () => {
    assert.equal(findScriptTrouble(Buffer.from(text), contentType), trouble);
  });
}
