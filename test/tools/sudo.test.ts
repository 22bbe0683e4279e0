import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sudo } from '../../src/tools/sudo.ts';
import { NOTHING } from '../../src/tools/tool.ts';
import { type Difference, makeConfig, makeFacts, makeSettings } from '../facts-fixture.ts';

const PATH = '/etc/sudoers.d/lintel';
const OURS = `# lintel: GRANT_SUDO (set at every boot; edits here are lost)
Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults env_keep += "http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY"
#1000 ALL=(ALL:ALL) NOPASSWD: ALL
`;
const GRANT = { GRANT_SUDO: 'yes' };
const INSTALLED = { programs: { sudo: '/usr/bin/sudo' } };

function configure(environment: Readonly<Record<string, string>>, difference: Difference = INSTALLED) {
  return sudo.configure(makeSettings(environment), makeFacts(difference)) ?? NOTHING;
}

describe('GRANT_SUDO', () => {
  for (const value of ['yes', '1']) {
    test(`${value} lets the workbench user use sudo, by its number`, () => {
      assert.deepEqual(configure({ GRANT_SUDO: value }), {
        ...NOTHING,
        files: [{ path: PATH, text: OURS, mode: 0o440, owner: 'lintel' }],
        notes: ['ada needs no password for it (GRANT_SUDO)'],
      });
    });
  }

  test('is written no second time where nothing changed', () => {
    const sudoers = makeConfig(PATH, OURS);
    assert.deepEqual(configure(GRANT, { ...INSTALLED, configs: { sudoers } }).files, []);
  });

  for (const [what, environment, folder] of [
    ['CONDA_DIR', { CONDA_DIR: '/opt/conda' }, '/opt/conda/bin:'],
    ['a CONDA_DIR that sudoers could misread', { CONDA_DIR: '/opt/a" b' }, ''],
  ] as const) {
    test(`finds the programs of ${what}`, () => {
      const text = configure({ ...GRANT, ...environment }).files[0]?.text ?? '';
      assert.ok(text.includes(`secure_path="${folder}/usr/local/sbin:`), text);
    });
  }

  test('finds the programs of the conda that is installed', () => {
    const programs = { ...INSTALLED.programs, conda: '/srv/conda/bin/conda' };
    assert.match(configure(GRANT, { programs }).files[0]?.text ?? '', /secure_path="\/srv\/conda\/bin:/);
  });

  for (const value of ['', 'no', '0']) {
    test(`takes back what it gave when it is ${JSON.stringify(value)}`, () => {
      const environment = { GRANT_SUDO: value };
      const ours = configure(environment, { ...INSTALLED, configs: { sudoers: makeConfig(PATH, OURS) } });
      assert.deepEqual(ours.files, [{ path: PATH, text: undefined, mode: 0o440, owner: 'lintel' }]);
      const images = makeConfig(PATH, 'ada ALL=(ALL) ALL\n');
      assert.deepEqual(configure(environment, { ...INSTALLED, configs: { sudoers: images } }), NOTHING);
      assert.deepEqual(configure(environment), NOTHING);
    });
  }

  for (const [why, difference, environment] of [
    [
      'only a container that starts as root can give rights away',
      { ...INSTALLED, process: { uid: 1000 } },
      {},
    ],
    ['sudo is not installed', {}, {}],
    ['under no_new_privs sudo can’t become root', { ...INSTALLED, process: { noNewPrivs: true } }, {}],
    ['under no_new_privs sudo can’t become root', INSTALLED, { LINTEL_NO_NEW_PRIVS: '1' }],
    [
      '/etc/sudoers.d can’t be written',
      { ...INSTALLED, configs: { sudoers: makeConfig(PATH, undefined, { isWritable: false }) } },
      {},
    ],
  ] as const) {
    test(`has no effect where ${why}, which is said`, () => {
      const warnings = [`GRANT_SUDO has no effect: ${why}`];
      assert.deepEqual(configure({ ...GRANT, ...environment }, difference), { ...NOTHING, warnings });
    });
  }
});
