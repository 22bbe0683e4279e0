import { absolutePath, anyText, flag, gid, passwordText, paths, uid, umask } from '../values.ts';
import { lintel, platform, secret, type Variable } from '../variable.ts';

export const USER = {
  user: lintel(
    'LINTEL_USER',
    anyText,
    'Workbench user: name, uid or uid:gid. Default: NB_USER, DEFAULT_USER or USERNAME where that user exists, else uid 1000.',
  ),
  nbUser: platform(
    'NB_USER',
    anyText,
    'Workbench user where a user of that name exists (Jupyter’s docker-stacks). As root, another name for it.',
  ),
  defaultUser: platform('DEFAULT_USER', anyText, 'Workbench user where a user of that name exists (rocker).'),
  username: platform('USERNAME', anyText, 'Workbench user where a user of that name exists.'),
  newUid: platform(['NB_UID', 'PUID'], uid, 'As root: the workbench user gets this uid.'),
  newGid: platform(['NB_GID', 'PGID'], gid, 'As root: the workbench user gets this gid.'),
  newGroup: platform('NB_GROUP', anyText, 'Name of that group, where it is new. Default: the user’s.'),
  umask: platform(['NB_UMASK', 'UMASK'], umask, 'umask of services and CMD. Default: the container’s.'),
  grantSudo: platform('GRANT_SUDO', flag, 'As root: the workbench user may use sudo without a password.'),
  chownHome: platform('CHOWN_HOME', flag, 'As root: the home becomes the workbench user’s.'),
  chownHomeOptions: platform(
    'CHOWN_HOME_OPTS',
    anyText,
    '-R: with all that is in it. Only what has the wrong owner is changed, no link is followed.',
  ),
  chownExtra: platform('CHOWN_EXTRA', paths, 'As root: so do these files and folders.'),
  chownExtraOptions: platform('CHOWN_EXTRA_OPTS', anyText, '-R: with all that is in them.'),
  homeTemplate: platform(
    'HOME_TMP',
    absolutePath,
    'Folder that is copied into the home where that is empty, as on a new volume (Kubeflow).',
  ),
  password: secret(
    'PASSWORD',
    passwordText,
    'Password of the workbench user. Default: 24 random characters, in the file that LINTEL_PASSWORD_FILE names; see lintel password.',
  ),
  previousPassword: secret(
    'LINTEL_PREVIOUS_PASSWORD',
    passwordText,
    'Password that the image baked in: without root it takes the old one to set a new one. No child sees it.',
  ),
  setPassword: lintel('LINTEL_SET_PASSWORD', flag, '0: the user’s password stays what it is. Default: 1.'),
  vncPassword: secret(
    'VNC_PASSWORD',
    passwordText,
    'Password of the desktop; VNC reads 8 characters of it. Default: 8 random characters, in the file that LINTEL_VNC_PASSWORD_FILE names.',
  ),
} as const satisfies Record<string, Variable<unknown>>;
