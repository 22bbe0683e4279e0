import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { openTree } from '../../src/facts/image/tree.ts';
import { makeFolder, script } from '../facts/folder.ts';
import { makeImage, runCheck } from './image.ts';

const HOST = 'what only the host has';

test('links of an image lead nowhere but into it', async t => {
  const host = makeFolder(t, {
    secret: `{"${HOST}": 1}`,
    'folder/run': script(`#!/bin/sh ${HOST}\n`),
    'folder/service.json': `{"${HOST}": 1}`,
  });
  const up = '../../../../../../../../../..';
  const image = makeImage(t, {
    'etc/services.d/absolute/service.json': { link: host.at('secret') },
    'etc/services.d/relative/service.json': { link: `${up}${host.at('secret')}` },
    'etc/services.d/folder': { link: host.at('folder') },
    'etc/lintel/lintel.env': { link: host.at('secret') },
    'etc/cont-init.d': { link: host.at('folder') },
    'etc/pip.conf': { link: `/proc/self/root${host.at('secret')}` },
  });
  const { text } = await runCheck([image.path]);
  assert.ok(!text.includes(HOST), text);
  assert.match(text, /^\/etc\/services\.d\/absolute\/service\.json: error: it is a link to nothing/m);
  assert.match(text, /^\/etc\/services\.d\/folder: warning: it is no folder/m);
});

test('absolute links and ".." are followed as if the image were /', t => {
  const { path } = makeFolder(t, {
    'opt/real/file': 'here',
    'etc/one': { link: '/opt/real' },
    'etc/two': { link: '../../../../opt/real/file' },
    'etc/round': { link: '/etc/about' },
    'etc/about': { link: 'round' },
    'etc/a-file': '',
  });
  const tree = openTree(path);
  assert.equal(tree.read('/etc/one/file', 100)?.toString(), 'here');
  assert.equal(tree.read('/etc/two', 100)?.toString(), 'here');
  assert.equal(tree.read('/etc/one/../../opt/real/file', 100)?.toString(), 'here');
  assert.equal(tree.find('/etc/one/file')?.path, '/opt/real/file');
  assert.equal(tree.find('/etc/round'), undefined);
  assert.equal(tree.find('/etc/a-file/below'), undefined);
  assert.deepEqual(tree.names('/etc/one'), ['file']);
});

test('neither pipes, nor devices, nor huge files, nor crowds of names hold it up', {
  timeout: 20_000,
}, async t => {
  const image = makeImage(t, {
    'etc/services.d/pipe/run': 'a fifo',
    'etc/services.d/pipe/service.json': 'a fifo',
    'etc/lintel/lintel.env': 'a fifo',
    'etc/lintel/env.d/10-huge.env': '',
    'etc/services.d/huge/service.json': '',
    'etc/services.d/huge/run': script(),
    'etc/services.d/crowd/run': script(),
    'etc/services.d/deep/service.json': '['.repeat(100_000),
    'etc/services.d/deeper/service.json': `{"ready": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    'home/ada/.ssh/loop': { link: '.' },
    'etc/passwd': { link: '/dev/zero' },
  });
  for (const name of [
    'etc/lintel/env.d/10-huge.env',
    'etc/services.d/huge/service.json',
    'etc/services.d/huge/run',
  ])
    truncateSync(image.at(name), 2 ** 40);
  for (let index = 0; index < 1500; index++) writeFileSync(image.at(`etc/services.d/crowd/${index}`), '');
  const { text, exitCode } = await runCheck([image.path]);
  assert.equal(exitCode, 1);
  assert.match(
    text,
    /^\/etc\/services\.d\/pipe\/service\.json: error: it is no regular file, expected a readable JSON file/m,
  );
  assert.match(
    text,
    /^\/etc\/services\.d\/huge\/service\.json: error: it has 1099511627776 bytes, more than 1048576/m,
  );
  assert.match(
    text,
    /^\/etc\/lintel\/env\.d\/10-huge\.env: note: it could not be read: it has 1099511627776 bytes/m,
  );
  assert.match(
    text,
    /^\/etc\/services\.d\/crowd: note: it could not be read: it holds more than 1000 names/m,
  );
});

test('a crowd of variables is looked at one by one', { timeout: 20_000 }, async t => {
  const lines = Array.from({ length: 4000 }, (_, index) => `LINTEL_X${index}=1`);
  const image = makeImage(t, { 'etc/lintel/lintel.env': `${lines.join('\n')}\n` });
  const { text } = await runCheck([image.path]);
  assert.match(text, /^\/etc\/lintel\/lintel\.env:4000: warning: LINTEL_X3999 is no setting of Lintel/m);
});

test('crowds of fields and of library folders end the look no later', { timeout: 20_000 }, async t => {
  const crowd = (count: number, make: (index: number) => string, between: string) =>
    Array.from({ length: count }, (_, index) => make(index)).join(between);
  const image = makeImage(t, {
    'etc/services.d/wide/service.json': `{${crowd(60_000, index => `"x${index}": 1`, ', ')}}`,
    'etc/ld.so.conf.d/10-a.conf': crowd(6000, index => `/a/${index}`, '\n'),
    'etc/ld.so.conf.d/20-b.conf': '/a\n'.repeat(20_000),
  });
  const { text, exitCode } = await runCheck([image.path]);
  assert.equal(exitCode, 1);
  assert.equal(text.match(/^\/etc\/services\.d\/wide\/.*unknown field/gm)?.length, 20);
});

test('names and texts of an image do not reach the terminal as they are', async t => {
  const image = makeImage(t, { 'etc/cont-init.d/10-\x1b[2J\nfake: error': '#!/bin/sh\n' });
  const { text } = await runCheck([image.path]);
  assert.match(text, /^\/etc\/cont-init\.d\/10-\\x1b\[2J\\x0afake: error: error: it is not executable/m);
});
