import { parse } from 'dotenv';
import type { Environment } from '../launch/environ.ts';
import { readNames, readTextIfAny } from './files.ts';

/** The image's defaults: /etc/lintel/lintel.env, then env.d/*.env in byte order. The real environment wins. */
export function readEnvFiles(environment: Environment): Environment {
  const folder = `${(environment['LINTEL_ROOT'] ?? '').replace(/\/+$/, '')}/etc/lintel`;
  const drops = readNames(`${folder}/env.d`).filter(name => name.endsWith('.env'));
  const texts = [`${folder}/lintel.env`, ...drops.map(name => `${folder}/env.d/${name}`)].map(readTextIfAny);
  const defaults: Environment = Object.assign(
    {},
    ...texts.map(text => (text === undefined ? {} : parse(text))),
  );
  return { ...defaults, ...environment };
}
