/** The manifests in examples/kubernetes, without a cluster. test/container/kubernetes.test.ts runs them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { NEEDS_PYTHON, PYTHON } from '../rig.ts';
import { makeNotebookPod, makeSpawnedPod } from './controllers.ts';
import {
  findProblems,
  KUBERNETES,
  type Manifest,
  readManifest,
  readManifests,
  readStatefulSet,
} from './manifests.ts';
import { findViolations } from './restricted.ts';

const NONE: readonly string[] = [];

describe('Kubernetes’ schema', () => {
  for (const file of ['pod.yaml', 'base/statefulset.yaml', 'base/service.yaml']) {
    test(`${file} is valid, and has no field that Kubernetes does not know`, () => {
      for (const manifest of readManifests(file)) assert.deepEqual(findProblems(manifest), NONE);
    });
  }

  test('the read-only variant is, too', () => {
    assert.deepEqual(findProblems(readStatefulSet({ isReadOnly: true })), NONE);
  });

  test('so is the pod that Kubeflow makes of notebook.yaml', () => {
    assert.deepEqual(findProblems(makeNotebookPod(readManifest('notebook.yaml', 'Notebook'))), NONE);
  });

  test('so is the pod that KubeSpawner makes of jupyterhub_config.py', { skip: NEEDS_PYTHON }, () => {
    assert.deepEqual(findProblems(makeSpawnedPod(readSpawnerConfig())), NONE);
  });

  const mistakes: [what: string, change: (pod: Manifest) => void, problem: RegExp][] = [
    [
      'a misspelt field',
      pod => (pod.spec.securityContext.runAsNonroot = true),
      /^\/spec\/securityContext\/runAsNonroot: unknown$/,
    ],
    [
      'a misspelt field in a list',
      pod => (pod.spec.volumes[0].emptyDirr = {}),
      /^\/spec\/volumes\/0\/emptyDirr: unknown$/,
    ],
    [
      'a wrong type',
      pod => (pod.spec.securityContext.runAsUser = 'lintel'),
      /^\/spec\/securityContext\/runAsUser: type/,
    ],
    [
      'a word that is none',
      pod => (pod.spec.containers[0].imagePullPolicy = 'Sometimes'),
      /imagePullPolicy: enum/,
    ],
    ['a missing name', pod => delete pod.spec.containers[0].name, /^\/spec\/containers\/0: required/],
    ['a kind that is none', pod => (pod.kind = 'Pot'), /^v1 Pot: unknown$/],
  ];
  for (const [what, change, problem] of mistakes) {
    test(`${what} is found`, () => {
      const pod = readManifest('pod.yaml', 'Pod');
      change(pod);
      const [found = '', ...more] = findProblems(pod);
      assert.match(found, problem);
      assert.deepEqual(more, NONE);
    });
  }
});

describe('the restricted Pod Security Standard', () => {
  const pods: [name: string, pod: () => Manifest][] = [
    ['pod.yaml', () => readManifest('pod.yaml', 'Pod')],
    ['base', () => readStatefulSet({ isReadOnly: false }).spec.template],
    ['read-only', () => readStatefulSet({ isReadOnly: true }).spec.template],
    ['Kubeflow’s', () => makeNotebookPod(readManifest('notebook.yaml', 'Notebook'))],
  ];
  for (const [name, pod] of pods)
    test(`lets in the pod: ${name}`, () => assert.deepEqual(findViolations(pod()), NONE));

  test('lets in the pod: KubeSpawner’s', { skip: NEEDS_PYTHON }, () =>
    assert.deepEqual(findViolations(makeSpawnedPod(readSpawnerConfig())), NONE),
  );

  const violations: [violation: string, change: (pod: Manifest) => unknown][] = [
    ['hostNetwork', ({ spec }) => (spec.hostNetwork = true)],
    ['hostPID', ({ spec }) => (spec.hostPID = true)],
    ['hostIPC', ({ spec }) => (spec.hostIPC = true)],
    [
      'container.apparmor.security.beta.kubernetes.io/workbench',
      ({ metadata }) =>
        (metadata.annotations = { 'container.apparmor.security.beta.kubernetes.io/workbench': 'unconfined' }),
    ],
    ['volume host', ({ spec }) => spec.volumes.push({ name: 'host', hostPath: { path: '/' } })],
    ['volume nfs', ({ spec }) => spec.volumes.push({ name: 'nfs', nfs: { server: 'a', path: '/' } })],
    [
      'sysctl kernel.msgmax',
      ({ spec }) => (spec.securityContext.sysctls = [{ name: 'kernel.msgmax', value: '1' }]),
    ],
    [
      'pod: windowsOptions.hostProcess',
      ({ spec }) => (spec.securityContext.windowsOptions = { hostProcess: true }),
    ],
    ['pod: appArmorProfile', ({ spec }) => (spec.securityContext.appArmorProfile = { type: 'Unconfined' })],
    ['pod: seccompProfile', ({ spec }) => (spec.securityContext.seccompProfile = { type: 'Unconfined' })],
    ['pod: seLinuxOptions.type', ({ spec }) => (spec.securityContext.seLinuxOptions = { type: 'spc_t' })],
    ['pod: seLinuxOptions.user', ({ spec }) => (spec.securityContext.seLinuxOptions = { user: 'sysadm_u' })],
    ['pod: seLinuxOptions.role', ({ spec }) => (spec.securityContext.seLinuxOptions = { role: 'sysadm_r' })],
    ['pod: runAsUser', ({ spec }) => (spec.securityContext.runAsUser = 0)],
    ['workbench: runAsUser', ({ spec }) => (spec.containers[0].securityContext.runAsUser = 0)],
    ['workbench: privileged', ({ spec }) => (spec.containers[0].securityContext.privileged = true)],
    [
      'workbench: allowPrivilegeEscalation',
      ({ spec }) => delete spec.containers[0].securityContext.allowPrivilegeEscalation,
    ],
    ['workbench: runAsNonRoot, here or for the pod', ({ spec }) => delete spec.securityContext.runAsNonRoot],
    [
      'workbench: seccompProfile, here or for the pod',
      ({ spec }) => delete spec.securityContext.seccompProfile,
    ],
    ['workbench: capabilities.drop', ({ spec }) => delete spec.containers[0].securityContext.capabilities],
    [
      'workbench: capabilities.add',
      ({ spec }) => (spec.containers[0].securityContext.capabilities.add = ['SYS_PTRACE']),
    ],
    ['workbench: procMount', ({ spec }) => (spec.containers[0].securityContext.procMount = 'Unmasked')],
    ['workbench: hostPort', ({ spec }) => (spec.containers[0].ports[0].hostPort = 8888)],
    [
      'workbench: host of a probe or hook',
      ({ spec }) => (spec.containers[0].readinessProbe.httpGet.host = 'example.org'),
    ],
    [
      'first: allowPrivilegeEscalation',
      ({ spec }) =>
        (spec.initContainers = [
          {
            ...structuredClone(spec.containers[0]),
            name: 'first',
            securityContext: { capabilities: { drop: ['ALL'] } },
          },
        ]),
    ],
  ];
  for (const [violation, change] of violations) {
    test(`does not let in: ${violation}`, () => {
      const pod = readManifest('pod.yaml', 'Pod');
      change(pod);
      assert.deepEqual(findViolations(pod), [violation]);
    });
  }

  test('lets in what it names as allowed', () => {
    const pod = readManifest('pod.yaml', 'Pod');
    const [{ securityContext }] = pod.spec.containers;
    securityContext.capabilities.add = ['NET_BIND_SERVICE'];
    securityContext.seccompProfile = { type: 'Localhost', localhostProfile: 'workbench.json' };
    securityContext.runAsNonRoot = true;
    delete pod.spec.securityContext;
    assert.deepEqual(findViolations(pod), NONE);
  });
});

describe('the base', () => {
  test('differs from the Pod only in its volume for the home', () => {
    const { spec } = readManifest('pod.yaml', 'Pod');
    const { template, volumeClaimTemplates } = readStatefulSet({ isReadOnly: false }).spec;
    const [home, ...volumes] = spec.volumes;
    assert.deepEqual(template.spec, { ...spec, volumes });
    assert.equal(volumeClaimTemplates[0].metadata.name, home.name);
    assert.deepEqual(volumeClaimTemplates[0].spec, readManifest('pod.yaml', 'PersistentVolumeClaim').spec);
  });

  for (const folder of ['base', 'read-only']) {
    test(`${folder}: every file that its kustomization names is there, and no other`, () => {
      const { apiVersion, kind, ...kustomization } = readManifest(
        `${folder}/kustomization.yaml`,
        'Kustomization',
      );
      assert.equal(`${apiVersion} ${kind}`, 'kustomize.config.k8s.io/v1beta1 Kustomization');
      const generators = [
        ...(kustomization.configMapGenerator ?? []),
        ...(kustomization.secretGenerator ?? []),
      ];
      const files = [
        ...(kustomization.resources ?? []),
        ...(kustomization.patches ?? []).map(({ path }: Manifest) => path),
        ...generators.flatMap(({ files = [], envs = [] }: Manifest) => [...files, ...envs]),
      ];
      const there = readdirSync(join(KUBERNETES, folder)).filter(
        name => !/^(kustomization\.yaml|\.gitignore)$/.test(name),
      );
      // The password is the operator's to write.
      assert.deepEqual(
        files.filter(name => name !== 'password' && name !== '../base').sort(),
        there.filter(name => name !== 'password').sort(),
      );
      assert.ok(existsSync(join(KUBERNETES, folder, ...files.filter(name => name === '../base'))));
    });
  }

  test('its generators make what the pod mounts, with the Pod’s contents', () => {
    const { configMapGenerator, secretGenerator } = readManifest('base/kustomization.yaml', 'Kustomization');
    const { volumes, containers } = readStatefulSet({ isReadOnly: false }).spec.template.spec;
    const wanted = [
      ...containers[0].envFrom.map(({ configMapRef }: Manifest) => configMapRef.name),
      ...volumes.map(({ configMap, secret }: Manifest) => configMap?.name ?? secret.secretName),
    ];
    const made = [...configMapGenerator, ...secretGenerator].map(({ name }: Manifest) => name);
    assert.deepEqual(made.sort(), wanted.sort());
    const [settings, ca] = readManifests('pod.yaml').filter(({ kind }) => kind === 'ConfigMap');
    const read = (name: string) =>
      readFileSync(join(KUBERNETES, 'base', name), 'utf8').replace(/^#.*\n/gm, '');
    assert.equal(
      read('settings.env'),
      Object.entries(settings.data)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    assert.equal(read('ca.crt'), ca.data['ca.crt']);
  });
});

/** What jupyterhub_config.py sets, by Python itself. */
function readSpawnerConfig(): Manifest {
  const script = `
import json, runpy, types
class Config(dict):
    def __getattr__(self, name):
        return self.setdefault(name, Config())
    __setattr__ = dict.__setitem__
c = Config()
runpy.run_path(${JSON.stringify(join(KUBERNETES, 'jupyterhub_config.py'))}, {"get_config": lambda: c})
print(json.dumps(c))`;
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', script], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).KubeSpawner;
}
