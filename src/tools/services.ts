import { NOTHING, type Tool } from './tool.ts';

/** LINTEL_PROBE_HOST: where the shipped services' probes find what listens on LINTEL_BIND, as it stands in a URL. */
export const services: Tool = {
  name: 'services',
  configure({ bind }) {
    if (bind === undefined || bind === '0.0.0.0') return undefined;
    const address = bind === '::' ? '::1' : bind;
    const host = address.includes(':') ? `[${address}]` : address;
    return { ...NOTHING, env: { LINTEL_PROBE_HOST: host } };
  },
};
