import type { Settings } from '../settings/settings.ts';
import { NOTHING, type Tool } from './tool.ts';

/**
 * What the shipped services find ready-made: settings as they were understood. What was not is absent there, and the
 * variables of those names go on to everybody as they were given.
 *
 * LINTEL_PROBE_HOST: where their probes find what listens on LINTEL_BIND, as it stands in a URL. LINTEL_SCREEN:
 * RESOLUTION as an X server wants it. LINTEL_NB_PREFIX: NB_PREFIX. LINTEL_SSHD_FLAGS: sshd's switches that are set,
 * "TCP_FORWARDING=1 DISABLE_SFTP=0".
 */
export const services: Tool = {
  name: 'services',
  configure(settings) {
    const { bind, resolution, nbPrefix } = settings;
    const flags = renderFlags(settings);
    const env = {
      ...(bind !== undefined && bind !== '0.0.0.0' && { LINTEL_PROBE_HOST: findHost(bind) }),
      ...(resolution !== undefined && { LINTEL_SCREEN: resolution }),
      ...(nbPrefix !== undefined && { LINTEL_NB_PREFIX: nbPrefix }),
      ...(flags !== '' && { LINTEL_SSHD_FLAGS: flags }),
    };
    return Object.keys(env).length === 0 ? undefined : { ...NOTHING, env };
  },
};

function renderFlags({ sshPasswordAuth, tcpForwarding, gatewayPorts, disableSftp }: Settings): string {
  const flags = {
    SSH_ENABLE_PASSWORD_AUTH: sshPasswordAuth,
    TCP_FORWARDING: tcpForwarding,
    GATEWAY_PORTS: gatewayPorts,
    DISABLE_SFTP: disableSftp,
  };
  return Object.entries(flags)
    .flatMap(([name, isOn]) => (isOn === undefined ? [] : `${name}=${isOn ? 1 : 0}`))
    .join(' ');
}

function findHost(bind: string): string {
  const address = bind === '::' ? '::1' : bind;
  return address.includes(':') ? `[${address}]` : address;
}
