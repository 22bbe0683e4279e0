import type { Environment } from '../launch/environ.ts';
import { VARIABLES } from './variables.ts';

/** All but NAME_PORT, which is a setting's name as well for a Service that is called, say, lintel-jupyter. */
const NAME =
  /^LINTEL_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const PORT_NAME = /^LINTEL_([A-Z0-9_]+_)?PORT$/;
const ADDRESS = /^(tcp|udp|sctp):\/\//;

/** Whether Kubernetes put it there, as it does in every pod for each Service of the namespace: nobody's setting. */
export function isServiceLink(name: string, value: string): boolean {
  return NAME.test(name) || (PORT_NAME.test(name) && ADDRESS.test(value));
}

const SETTINGS = Object.values(VARIABLES).flatMap(({ names }) => names.filter(name => PORT_NAME.test(name)));

/**
 * Without those links that have a setting's name: `run` scripts would take LINTEL_JUPYTER_PORT=tcp://10.0.0.1:80 for a
 * port. All others are passed on, as every variable is.
 */
export function withoutServiceLinks(environment: Environment): Environment {
  const links = SETTINGS.filter(name => isServiceLink(name, environment[name] ?? ''));
  if (links.length === 0) return environment;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !links.includes(name)));
}
