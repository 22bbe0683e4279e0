import { parse } from 'dotenv';
import type { Environment } from '../launch/environ.ts';
import { withoutLastSlashes } from '../slashes.ts';
import { readNames, readTextIfAny } from './files.ts';

/** One file of the image's defaults. */
export interface EnvFile {
  readonly path: string;
  readonly set: Environment;
}

/** The image's defaults: /etc/lintel/lintel.env, then env.d/*.env in byte order. */
export function readEnvFiles(environment: Environment): EnvFile[] {
  const folder = `${withoutLastSlashes(environment['LINTEL_ROOT'] ?? '')}/etc/lintel`;
  const drops = readNames(`${folder}/env.d`).filter(name => name.endsWith('.env'));
  const paths = [`${folder}/lintel.env`, ...drops.map(name => `${folder}/env.d/${name}`)];
  return paths.flatMap(path => {
    const text = readTextIfAny(path);
    return text === undefined ? [] : [{ path, set: parse(text, { fast: true }) }];
  });
}

/** The variables with the defaults: a later file wins over an earlier one, the real environment over all. */
export function withDefaults(files: readonly EnvFile[], environment: Environment): Environment {
  return { ...Object.assign({}, ...files.map(({ set }) => set)), ...environment };
}
