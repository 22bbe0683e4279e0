/** A way to start the image. */
export interface Cell {
  readonly how: string;
  /** Options of `podman run`. */
  readonly flags: readonly string[];
  /** What `id` says in a service: uid:gid. */
  readonly servicesRunAs: string;
  /** What stands in for the image's ENTRYPOINT. */
  readonly entrypoint?: readonly string[];
  /** Whether Jupyter runs, too. */
  readonly hasJupyter?: boolean;
  /** A container that runs beside it, by the options of `podman` that bring both together. */
  readonly neighbour?: Neighbour;
  /** Where no signal gets through. */
  readonly isStoppedByCommand?: boolean;
}

export type Neighbour = 'pod' | 'pid';

const USER = ['--user', '1000:1000'];
const READ_ONLY = ['--read-only', '--read-only-tmpfs=false'];
const NOEXEC = [
  ...['/run', '/tmp', '/var/tmp'].flatMap(path => ['--tmpfs', `${path}:noexec`]),
  ...['--mount', 'type=volume,destination=/home/lintel,noexec'],
];
const NOTHING_ALLOWED = ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
const DOCKERS =
  'AUDIT_WRITE,CHOWN,DAC_OVERRIDE,FOWNER,FSETID,KILL,MKNOD,NET_BIND_SERVICE,NET_RAW,SETFCAP,SETGID,SETPCAP,SETUID,SYS_CHROOT';

export const CELLS: readonly Cell[] = [
  { how: 'root', flags: [], servicesRunAs: '1000:100', hasJupyter: true },
  { how: 'uid and gid 1000', flags: USER, servicesRunAs: '1000:1000', hasJupyter: true },
  {
    how: 'arbitrary uid with gid 0, without a line in /etc/passwd (OpenShift)',
    flags: ['--user', '54321:0', '--passwd=false'],
    servicesRunAs: '54321:0',
    hasJupyter: true,
  },
  { how: 'a user without a home', flags: ['--user', 'nobody'], servicesRunAs: '65534:65534' },
  {
    how: 'read-only root, tmpfs on /run and /tmp',
    flags: [...READ_ONLY, '--tmpfs', '/run', '--tmpfs', '/tmp'],
    servicesRunAs: '1000:100',
  },
  {
    how: 'the same as uid 1000',
    flags: [...USER, ...READ_ONLY, '--tmpfs', '/run', '--tmpfs', '/tmp'],
    servicesRunAs: '1000:1000',
  },
  {
    how: 'read-only root, noexec wherever one may write',
    flags: [...READ_ONLY, ...NOEXEC],
    servicesRunAs: '1000:100',
  },
  {
    how: 'the same as uid 1000',
    flags: [...USER, ...READ_ONLY, ...NOEXEC],
    servicesRunAs: '1000:1000',
    hasJupyter: true,
  },
  { how: 'read-only root and nothing else', flags: READ_ONLY, servicesRunAs: '1000:100' },
  {
    how: 'Docker’s default capabilities',
    flags: ['--cap-drop', 'ALL', '--cap-add', DOCKERS],
    servicesRunAs: '1000:100',
  },
  { how: 'all capabilities', flags: ['--cap-add', 'ALL'], servicesRunAs: '1000:100' },
  { how: 'no capability, no_new_privs', flags: NOTHING_ALLOWED, servicesRunAs: '0:0' },
  {
    how: 'the same as uid 1000 (Kubernetes’ “restricted”)',
    flags: [...USER, ...NOTHING_ALLOWED],
    servicesRunAs: '1000:1000',
  },
  {
    how: 'no capability but SETUID and SETGID',
    flags: ['--cap-drop', 'ALL', '--cap-add', 'SETUID,SETGID'],
    servicesRunAs: '1000:100',
  },
  { how: 'below the engine’s own init', flags: ['--init'], servicesRunAs: '1000:100' },
  {
    how: 'in place of a shell',
    flags: [],
    entrypoint: ['sh', '-c', 'exec /init'],
    servicesRunAs: '1000:100',
  },
  {
    how: 'below a shell',
    flags: [],
    entrypoint: ['sh', '-c', '/init'],
    servicesRunAs: '1000:100',
    isStoppedByCommand: true,
  },
  {
    how: 'in a pod with one pid namespace',
    flags: ['--pod', 'workbenches'],
    neighbour: 'pod',
    servicesRunAs: '1000:100',
  },
  {
    how: 'in another container’s pid namespace',
    flags: ['--pid', 'container:other'],
    neighbour: 'pid',
    servicesRunAs: '1000:100',
  },
  {
    how: 'NODE_OPTIONS and the like in the image',
    flags: [
      '--env=NODE_OPTIONS=--max-old-space-size=4096 --no-such-option',
      '--env=NODE_CHANNEL_FD=3',
      '--env=LD_LIBRARY_PATH=/nowhere',
      '--env=OPENSSL_CONF=/nowhere',
    ],
    servicesRunAs: '1000:100',
  },
];
