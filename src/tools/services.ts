import { NOTHING, type Tool } from './tool.ts';

/**
 * What the shipped services find ready-made. LINTEL_PROBE_HOST: where their probes find what listens on LINTEL_BIND,
 * as it stands in a URL. LINTEL_SCREEN: RESOLUTION as an X server wants it, where it could be understood.
 */
export const services: Tool = {
  name: 'services',
  configure({ bind, resolution }) {
    const env = {
      ...(bind !== undefined && bind !== '0.0.0.0' && { LINTEL_PROBE_HOST: findHost(bind) }),
      ...(resolution !== undefined && { LINTEL_SCREEN: resolution }),
    };
    return Object.keys(env).length === 0 ? undefined : { ...NOTHING, env };
  },
};

function findHost(bind: string): string {
  const address = bind === '::' ? '::1' : bind;
  return address.includes(':') ? `[${address}]` : address;
}
