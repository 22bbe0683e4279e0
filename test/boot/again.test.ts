import assert from 'node:assert/strict';
import test from 'node:test';
import { makeRoot } from '../rig.ts';

/** Scripts may change settings: then the plan is made and applied once more. */
const MISSION = {
  PIP_REPOSITORY: 'https://mirror.example/simple',
  GIT_USER_NAME: 'Ada',
  CONDA_REPOSITORY: 'https://mirror.example/conda',
};
const command = ['sh', '-c', 'cat "$LINTEL_ROOT/etc/pip.conf"; ls "$LINTEL_ROOT/etc/conda"'];

test('what a script changes of the settings is applied, and only that is said again', async t => {
  const root = makeRoot(t, {
    '/etc/cont-init.d/10-other': `#!/bin/sh
echo PIP_REPOSITORY=https://other.example/simple >> "$LINTEL_ENV"
echo CONDA_REPOSITORY= >> "$LINTEL_ENV"
`,
  });
  const { code, stdout, stderr } = await root.boot({ command, environment: MISSION }).end();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^index-url = https:\/\/other\.example\/simple$/m);
  assert.doesNotMatch(stdout, /condarc/);
  const [, ...again] = stderr.split('script 10-other done');
  const said = again.join('').matchAll(/^lintel: (\w+: .*)$/gm);
  assert.deepEqual(
    [...said].map(([, line]) => line?.replaceAll(root.at('/'), '/')),
    [
      'pip: index https://other.example/simple (/etc/pip.conf) (settings changed by scripts)',
      'uv: default index https://other.example/simple (/etc/uv/uv.toml) (settings changed by scripts)',
      'conda: what Lintel had set is removed (/etc/conda/.condarc) (settings changed by scripts)',
    ],
  );
  const { spans } = JSON.parse(root.read('/run/lintel/boot.json'));
  const names = spans.map(({ name }: { name: string }) => name);
  assert.deepEqual(names.slice(-2), ['10-other', 'planned again']);
});

test('a password that a script sets comes too late, and that is said without it', async t => {
  const root = makeRoot(t, {
    '/etc/cont-init.d/10-password': '#!/bin/sh\necho PASSWORD=chosen-by-a-script >> "$LINTEL_ENV"\n',
  });
  const { stderr } = await root.boot({ command: ['true'] }).end();
  assert.match(stderr, /PASSWORD was changed by a script, which is too late: .* PASSWORD_FILE$/m);
  assert.doesNotMatch(stderr, /chosen-by-a-script/);
});
