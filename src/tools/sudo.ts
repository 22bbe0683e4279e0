import { dirname } from 'node:path';
import type { Facts } from '../facts/facts.ts';
import type { Settings } from '../settings/settings.ts';
import { type Contribution, NOTHING, type Tool } from './tool.ts';

const BEGIN = '# lintel: GRANT_SUDO';
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** In sudoers a folder with anything else would have to be escaped. */
const PLAIN_FOLDER = /^\/[\w./+-]*$/;

/** sudo without a password, as GRANT_SUDO has it in Jupyter's docker-stacks; what it gave is taken back without it. */
export const sudo: Tool = {
  name: 'sudo',
  configure(settings, facts) {
    const { sudoers } = facts.configs;
    const isOurs = sudoers.text?.startsWith(BEGIN) === true;
    if (settings.grantSudo !== true) {
      if (!isOurs || !sudoers.isWritable) return NOTHING;
      return { ...NOTHING, files: [write(sudoers.path, undefined)], notes: ['no longer granted'] };
    }
    const obstacle = findObstacle(settings, facts);
    if (obstacle !== undefined) return { ...NOTHING, warnings: [`GRANT_SUDO has no effect: ${obstacle}`] };
    const text = renderSudoers(settings, facts);
    return {
      ...NOTHING,
      files: text === sudoers.text ? [] : [write(sudoers.path, text)],
      notes: [`${facts.workbench.user.name} needs no password for it (GRANT_SUDO)`],
    };
  },
};

function findObstacle(
  settings: Settings,
  { process: self, programs, configs, workbench }: Facts,
): string | undefined {
  if (self.uid !== 0) return 'only a container that starts as root can give rights away';
  if (workbench.user.uid === 0) return 'the workbench user is root';
  if (programs['sudo'] === undefined) return 'sudo is not installed';
  if (self.noNewPrivs || settings.noNewPrivs === true) return 'under no_new_privs sudo can’t become root';
  if (!configs.sudoers.isWritable) return `${dirname(configs.sudoers.path)} can’t be written`;
  return undefined;
}

/**
 * By number, as a name could be read as something else. sudo takes PATH from here alone, so conda's programs would be
 * missing; and without the proxy's variables apt finds nothing.
 */
function renderSudoers({ condaDir }: Settings, { workbench, programs }: Facts): string {
  const conda = programs['conda'];
  const folder = condaDir === undefined ? conda && dirname(conda) : `${condaDir}/bin`;
  const isPlain = folder !== undefined && PLAIN_FOLDER.test(folder);
  return [
    `${BEGIN} (set at every boot; edits here are lost)`,
    `Defaults secure_path="${isPlain ? `${folder}:` : ''}${SYSTEM_PATH}"`,
    'Defaults env_keep += "http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY"',
    `#${workbench.user.uid} ALL=(ALL:ALL) NOPASSWD: ALL`,
    '',
  ].join('\n');
}

function write(path: string, text: string | undefined): Contribution['files'][number] {
  return { path, text, mode: 0o440, owner: 'lintel' };
}
