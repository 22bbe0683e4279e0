import { dirname } from 'node:path';
import type { Environment } from '../launch/environ.ts';
import { readRealPath, readTextIfAny } from './files.ts';
import type { Programs } from './programs.ts';

/**
 * npm's global file, below the root; undefined without npm. It is etc/npmrc in the folder that Node is installed in:
 * /usr for NodeSource, /usr/local for Docker's image, conda's own; Debian's npm carries a file that says /etc/npmrc.
 */
export function findNpmConfig(where: {
  readonly environment: Environment;
  readonly programs: Programs;
}): string | undefined {
  const { npm, node } = where.programs;
  if (npm === undefined) return undefined;
  const given = where.environment['NPM_CONFIG_GLOBALCONFIG'] ?? where.environment['npm_config_globalconfig'];
  if (given?.startsWith('/')) return given;
  const builtin = readTextIfAny(`${dirname(dirname(readRealPath(npm) ?? npm))}/npmrc`) ?? '';
  const named = readKey(builtin, 'globalconfig');
  if (named !== undefined) return named;
  const prefix = readKey(builtin, 'prefix') ?? where.environment['PREFIX'];
  const program = node ?? npm;
  const folder = prefix?.startsWith('/') ? prefix : dirname(dirname(readRealPath(program) ?? program));
  return `${folder === '/' ? '' : folder}/etc/npmrc`;
}

function readKey(text: string, key: string): string | undefined {
  const value = new RegExp(`^[^\\S\\n]*${key}\\s*=\\s*["']?(/[^\\s"']*)`, 'm').exec(text)?.[1];
  return value?.replace(/(?<=.)\/$/, '');
}
