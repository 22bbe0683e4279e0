import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRoot } from '../rig.ts';

test('a setting can write no line of its own into the log, and no commands for the terminal that shows it', async t => {
  const environment = {
    GIT_USER_NAME: 'eve\nlintel: error: forged \x1b[31mred',
    HTTP_PROXY: 'http://p.example:3128',
    NO_PROXY: 'localhost\nlintel: forged too',
  };
  const { stderr } = await makeRoot(t)
    .boot({ command: ['true'], environment })
    .end();
  assert.match(stderr, /^lintel: git: identity eve\\x0alintel: error: forged \\x1b\[31mred \(/m);
  assert.doesNotMatch(stderr, /^lintel: (error: )?forged/m);
  assert.ok(!stderr.includes('\x1b'));
});
