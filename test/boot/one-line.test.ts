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

for (const onFailure of ['warn', 'stop']) {
  test(`nor can the name of a script, where a failure is to ${onFailure}`, async t => {
    const odd = 'a\nlintel: error: forged\x1b[31m\u202e';
    const said = 'a\\x0alintel: error: forged\\x1b[31m\\u202e';
    const root = makeRoot(t, {
      '/dev/termination-log': '',
      [`/etc/cont-init.d/10-${odd}`]: '#!/bin/sh\necho works\necho "?" >> "$LINTEL_ENV"\n',
      [`/etc/cont-init.d/20-${odd}`]: '#!/bin/sh\nexit 3\n',
      [`/etc/cont-finish.d/90-${odd}`]: '#!/bin/sh\nexit 3\n',
    });
    const environment = { LINTEL_ON_INIT_FAILURE: onFailure, LINTEL_LOG_FORMAT: 'text' };
    const plan = await root.boot({ command: ['lintel', 'plan'], environment }).end();
    const { stderr } = await root.boot({ command: ['true'], environment }).end();
    const lines = [plan.stdout, stderr, root.read('/dev/termination-log')].join('\n');
    assert.ok(lines.includes(`10-${said} | works\n`), lines);
    assert.ok(lines.includes(`20-${said} exited with code 3`), lines);
    assert.ok(lines.includes(`90-${said} exited with code 3`), lines);
    assert.doesNotMatch(lines, /^lintel: error: forged|\u202e/m);
    assert.ok(!lines.includes('\x1b'), lines);
  });
}

test('nor can that of a service', async t => {
  const root = makeRoot(t, {
    '/etc/services.d/a$&\nlintel: forged\x1b/run': '#!/bin/sh\necho up\nexit 3\n',
    '/etc/services.d/a$&\nlintel: forged\x1b/service.json': '{"restart": "never"}',
  });
  const { stdout, stderr } = await root.boot({ environment: { LINTEL_LOG_FORMAT: 'text' } }).end();
  const said = 'a$&\\x0alintel: forged\\x1b';
  assert.equal(stdout, `${said} | up\n`);
  for (const line of [`services: ${said}`, `${said} starts`, `warning: ${said} exited with code 3`])
    assert.ok(stderr.includes(`lintel: ${line}`), stderr);
  assert.doesNotMatch(stderr, /^lintel: forged/m);
  assert.ok(!stderr.includes('\x1b'), stderr);
});
