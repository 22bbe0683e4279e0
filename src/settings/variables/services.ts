import { absolutePath, anyText, basePath, bindAddress, flag, integer, oneOf, screen } from '../values.ts';
import { lintel, platform, type Variable } from '../variable.ts';

const port = integer({ from: 1, to: 65_535, unit: 'a port' });

/** What the shipped services' `run` scripts read; checked here, before any of them starts. */
export const SHIPPED_SERVICES = {
  auth: lintel(
    'LINTEL_AUTH',
    oneOf(['password', 'none']),
    'none: jupyter, code-server, rstudio and the desktop ask for no password, where something in front of them does. Default: password.',
  ),
  bind: lintel(
    'LINTEL_BIND',
    bindAddress,
    'Where they listen; :: is every address, of IPv6 and IPv4. Default: 0.0.0.0, every one of IPv4.',
  ),
  nbPrefix: platform(
    'NB_PREFIX',
    basePath,
    'The path below which the platform (Kubeflow) shows jupyter, rstudio and novnc. Default: none.',
  ),
  jupyterPort: lintel('LINTEL_JUPYTER_PORT', port, 'Default: 8888.'),
  codeServerPort: lintel('LINTEL_CODE_SERVER_PORT', port, 'Default: 8080.'),
  rstudioPort: lintel('LINTEL_RSTUDIO_PORT', port, 'Default: 8787.'),
  x11vncPort: lintel('LINTEL_X11VNC_PORT', port, 'Default: 5900.'),
  novncPort: lintel('LINTEL_NOVNC_PORT', port, 'Default: 6080.'),
  resolution: platform('RESOLUTION', screen, 'Size of the desktop (CHAIMELEON). Default: 1280x800.'),
  openboxArgs: platform(
    'OPENBOX_ARGS',
    anyText,
    'More options for openbox (CHAIMELEON), split at blanks; nothing is evaluated.',
  ),
  x11vncArgs: platform(
    'X11VNC_ARGS',
    anyText,
    'More options for x11vnc (CHAIMELEON), split at blanks; nothing is evaluated. The last of two that differ wins.',
  ),
  sshdPort: lintel('LINTEL_SSHD_PORT', port, 'Default: 2222.'),
  sshHostKeysDir: lintel(
    'LINTEL_SSH_HOST_KEYS_DIR',
    absolutePath,
    'Folder of sshd’s ssh_host_*_key files. Default: /etc/ssh; where it has none that can be read, a key made at start.',
  ),
  sshPasswordAuth: platform(
    'SSH_ENABLE_PASSWORD_AUTH',
    flag,
    'Whether sshd takes passwords. Default: as the image’s sshd_config says, which is yes unless it says no.',
  ),
  tcpForwarding: platform(
    'TCP_FORWARDING',
    flag,
    'Whether sshd forwards ports. Default: as the image’s sshd_config says, else yes.',
  ),
  gatewayPorts: platform(
    'GATEWAY_PORTS',
    flag,
    'Whether others may reach the ports that sshd forwards to its clients. Default: as the image’s sshd_config says, else no.',
  ),
  disableSftp: platform(
    'DISABLE_SFTP',
    flag,
    '1: sshd has no sftp, which scp uses too. Default: as the image’s sshd_config says.',
  ),
} as const satisfies Record<string, Variable<unknown>>;
