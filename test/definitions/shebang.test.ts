import assert from 'node:assert/strict';
import test from 'node:test';
import { parseInterpreter, parseWithContenv } from '../../src/definitions/shebang.ts';
import { bootRoot, NEEDS_PYTHON, PYTHON } from '../rig.ts';

for (const [head, program] of [
  ['#!/command/with-contenv bash\necho', ['bash']],
  ['#!/usr/bin/with-contenv bash -eu\n', ['bash', '-eu']],
  ['#! /usr/bin/with-contenv  /bin/sh\t-x \n', ['/bin/sh', '-x']],
  ['#!/command/with-contenv bash', ['bash']],
  ['#!/command/with-contenv\nbash', undefined],
  ['#!/bin/bash\n', undefined],
  ['#!/command/with-contenv-legacy bash\n', undefined],
  ['# /command/with-contenv bash\n', undefined],
  ['\x7fELF', undefined],
] as const) {
  test(`${JSON.stringify(head)} is run by ${program?.join(' ') ?? 'the kernel'}`, () => {
    assert.deepEqual(parseWithContenv(head), program);
  });
}

for (const [head, argv] of [
  ['#!/bin/sh\necho', ['/bin/sh']],
  ['#! /usr/bin/env -S bash -eu\r\n', ['/usr/bin/env', '-S bash -eu']],
  ['#!/command/with-contenv bash -e\n', ['bash', '-e']],
  ['echo #!/bin/sh\n', undefined],
  ['#!\n', undefined],
] as const) {
  test(`${JSON.stringify(head)} ${argv === undefined ? 'names no interpreter' : `is started by ${argv.join(' + ')}`}`, () => {
    assert.deepEqual(parseInterpreter(head), argv);
  });
}

/** No such file exists here: only Lintel itself can run these. */
const WITH_CONTENV = '#!/no/such/with-contenv';

test('scripts, run and finish for with-contenv run without it, with their arguments and odd variables', {
  skip: NEEDS_PYTHON,
}, async t => {
  const dump = (file: string) =>
    `${WITH_CONTENV} ${PYTHON} -B\nimport json, os, sys\npath = os.environ["LINTEL_ROOT"] + "/tmp/${file}"\nopen(path, "w").write(json.dumps([os.environ.get("a.b"), os.getcwd(), sys.argv]) + "\\n")\n`;
  const lintel = bootRoot(
    t,
    {
      '/etc/cont-init.d/10-first': dump('script'),
      '/etc/services.d/web/run': `${dump('run')}sys.exit(3)\n`,
      '/etc/services.d/web/finish': `${dump('finish')}sys.exit(125)\n`,
    },
    { environment: { 'a.b': 'odd' } },
  );
  const at = (path: string) => lintel.root.at(path);
  await lintel.end();
  const read = (file: string) => JSON.parse(lintel.root.read(`/tmp/${file}`));
  assert.deepEqual(read('script'), ['odd', '/', [at('/etc/cont-init.d/10-first')]]);
  const folder = at('/etc/services.d/web');
  assert.deepEqual(read('run'), ['odd', folder, [`${folder}/run`]]);
  const [variable, cwd, [path, ...words]] = read('finish');
  assert.deepEqual(
    [variable, cwd, path, words.slice(0, 3)],
    ['odd', folder, `${folder}/finish`, ['3', '0', 'web']],
  );
});

test('a program behind with-contenv that is not there is named', async t => {
  const { code, stderr } = await bootRoot(t, {
    '/etc/cont-init.d/10-first': `${WITH_CONTENV} no-such-shell\n`,
    '/etc/services.d/web/run': '#!/bin/sh\nexec sleep 9999\n',
  }).end();
  assert.equal(code, 1);
  assert.match(stderr, /10-first could not start: no-such-shell: not found on PATH/);
});
