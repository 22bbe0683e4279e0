import type { Manifest } from './manifests.ts';

/**
 * What the Pod Security Standard "restricted" would not let in, of Kubernetes' own list:
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/, with the controls of "baseline", on which it builds.
 */
export function findViolations({ metadata = {}, spec }: Manifest): string[] {
  const containers: Manifest[] = ['containers', 'initContainers', 'ephemeralContainers'].flatMap(
    list => spec[list] ?? [],
  );
  const pod = { name: 'pod', securityContext: spec.securityContext };
  return [
    ...['hostNetwork', 'hostPID', 'hostIPC'].filter(field => spec[field] === true),
    ...Object.keys(metadata.annotations ?? {}).filter(name => name.startsWith('container.apparmor.')),
    ...(spec.volumes ?? []).flatMap((volume: Manifest) =>
      Object.keys(volume).some(type => VOLUMES.includes(type)) ? [] : [`volume ${volume.name}`],
    ),
    ...(spec.securityContext?.sysctls ?? [])
      .filter(({ name }: Manifest) => !SYSCTLS.includes(name))
      .map(({ name }: Manifest) => `sysctl ${name}`),
    ...[pod, ...containers].flatMap(findInAny),
    ...containers.flatMap(container => findInContainer(container, spec.securityContext ?? {})),
  ];
}

const VOLUMES = [
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral'],
  ...['persistentVolumeClaim', 'projected', 'secret'],
];
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  ...['ip_local_port_range', 'ip_local_reserved_ports', 'ip_unprivileged_port_start', 'ping_group_range'].map(
    name => `net.ipv4.${name}`,
  ),
  ...['fin_timeout', 'keepalive_intvl', 'keepalive_probes', 'keepalive_time', 'syncookies'].map(
    name => `net.ipv4.tcp_${name}`,
  ),
];
const PROFILES = ['RuntimeDefault', 'Localhost'];
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

/** Of a securityContext, the pod's or a container's. */
function findInAny({ name, securityContext: given = {} }: Manifest): string[] {
  const { seLinuxOptions = {}, appArmorProfile, seccompProfile, windowsOptions } = given;
  return tell(name, {
    'windowsOptions.hostProcess': windowsOptions?.hostProcess !== true,
    appArmorProfile: appArmorProfile === undefined || PROFILES.includes(appArmorProfile.type),
    seccompProfile: seccompProfile === undefined || PROFILES.includes(seccompProfile.type),
    'seLinuxOptions.type': SELINUX_TYPES.includes(seLinuxOptions.type ?? ''),
    'seLinuxOptions.user': (seLinuxOptions.user ?? '') === '',
    'seLinuxOptions.role': (seLinuxOptions.role ?? '') === '',
    runAsUser: given.runAsUser !== 0,
    runAsNonRoot: given.runAsNonRoot !== false,
  });
}

function findInContainer(container: Manifest, pod: Manifest): string[] {
  const { securityContext: given = {}, ports = [], lifecycle = {} } = container;
  const probes = [container.livenessProbe, container.readinessProbe, container.startupProbe];
  const actions = [...probes, lifecycle.postStart, lifecycle.preStop];
  const { add = [], drop = [] } = given.capabilities ?? {};
  return tell(container.name, {
    privileged: given.privileged !== true,
    allowPrivilegeEscalation: given.allowPrivilegeEscalation === false,
    'runAsNonRoot, here or for the pod': (given.runAsNonRoot ?? pod.runAsNonRoot) === true,
    'seccompProfile, here or for the pod': (given.seccompProfile ?? pod.seccompProfile) !== undefined,
    'capabilities.drop': drop.includes('ALL'),
    'capabilities.add': add.every((name: string) => name === 'NET_BIND_SERVICE'),
    procMount: (given.procMount ?? 'Default') === 'Default',
    hostPort: ports.every(({ hostPort = 0 }: Manifest) => hostPort === 0),
    'host of a probe or hook': actions.every(
      action => (action?.httpGet?.host ?? '') === '' && (action?.tcpSocket?.host ?? '') === '',
    ),
  });
}

function tell(name: string, isSo: Readonly<Record<string, boolean>>): string[] {
  return Object.keys(isSo)
    .filter(field => isSo[field] !== true)
    .map(field => `${name}: ${field}`);
}
