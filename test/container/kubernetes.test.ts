/**
 * The manifests in examples/kubernetes, run by `podman kube play`, which stands in for a kubelet as far as it goes. Version
 * 4.3 knows neither runAsNonRoot nor fsGroup, no startup and no readiness probe, no terminationGracePeriodSeconds, and
 * mounts Secrets as the base64 that they are written in. So volumes with a group and the Secret are folders that are
 * prepared here, the probes are asked by their own commands, and the pod is stopped with its own time.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { CHECKOUT, engineEnvironment, IMAGES, podman, whyNot } from '../../dev/engine.ts';
import { makeNotebookPod } from '../examples/controllers.ts';
import { type Manifest, readManifest, readManifests, readStatefulSet } from '../examples/manifests.ts';
import { buildDockerfile } from './dockerfile.ts';
import { waitUntil } from './workbench.ts';

const skip = whyNot();
const LIMIT_MS = 60_000;
const PASSWORD = 'from the Secret, 1 line';

/** A pod that runs: what a kubelet does with it, and what it writes. */
interface Pod {
  exec(command: readonly string[]): Promise<{ readonly code: number | undefined; readonly stdout: string }>;
  /** A probe of its container, as a kubelet asks it: by exec, or by HTTP at the pod's address. */
  ask(probe: Manifest): Promise<boolean>;
  /** Stops it as a kubelet does, within its own time (`podman kube down` 4.3 would kill at once), and removes it. */
  down(): Promise<{ readonly code: number; readonly log: string; readonly reason: string }>;
}

/** Plays a pod and the manifests beside it, under names of its own: several checkouts may share the engine. */
async function play(
  t: TestContext,
  image: string,
  given: Manifest,
  beside: readonly Manifest[],
): Promise<Pod> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-kubernetes-'));
  const suffix = `-${randomUUID().slice(0, 8)}`;
  const file = join(folder, 'pod.yaml');
  const pod = await adapt(given, { image, suffix, folder });
  const others = beside.map(manifest => ({
    ...manifest,
    metadata: { name: manifest.metadata.name + suffix },
  }));
  await writeFile(file, [...others, pod].map(manifest => stringify(manifest)).join('---\n'), { mode: 0o600 });

  const env = await makeEnvironment(folder);
  const run = (words: readonly string[]) => podman(words, { env, reject: false, timeout: LIMIT_MS });
  const [container] = pod.spec.containers;
  const name = `${pod.metadata.name}-${container.name}`;
  t.after(async () => {
    await run(['pod', 'rm', '--force', '--time', '0', pod.metadata.name]);
    // podman keeps what it makes of a ConfigMap.
    await run(['volume', 'rm', ...others.map(({ metadata }) => metadata.name)]);
    await rm(folder, { recursive: true, force: true });
  });
  const { exitCode, stderr } = await run(['kube', 'play', '--network', 'none', file]);
  assert.equal(exitCode, 0, String(stderr));
  const exec: Pod['exec'] = async command => {
    const { exitCode, stdout } = await run(['exec', name, ...command]);
    return { code: exitCode, stdout: String(stdout) };
  };
  return {
    exec,
    ask: async ({ exec: probe, httpGet }) => {
      const { ports = [] } = given.spec.containers[0];
      const named = ports.find((one: Manifest) => one.name === httpGet?.port)?.containerPort;
      const port = named ?? httpGet?.port;
      const url = `http://127.0.0.1:${port}${httpGet?.path}`;
      const { code } = await exec(
        probe?.command ?? ['curl', '--silent', '--fail', '--output', '/dev/null', url],
      );
      return code === 0;
    },
    down: async () => {
      await run(['pod', 'stop', '--time', String(pod.spec.terminationGracePeriodSeconds), pod.metadata.name]);
      const { stdout: code } = await run(['inspect', '--format', '{{.State.ExitCode}}', name]);
      const { all: log } = await podman(['logs', name], { env, all: true });
      const { exitCode, stderr } = await run(['kube', 'down', file]);
      assert.equal(exitCode, 0, String(stderr));
      const reason = await readFile(join(folder, 'termination-log'), 'utf8');
      return { code: Number(code), log: String(log), reason };
    },
  };
}

/** Volumes that a kubelet makes by fsGroup, and their modes. */
const MODES: Readonly<Record<string, number>> = {
  persistentVolumeClaim: 0o2775,
  emptyDir: 0o2777,
  secret: 0o2750,
};

/** The same pod of an image of ours, with folders of this machine where a kubelet prepares volumes by fsGroup. */
async function adapt(
  given: Manifest,
  { image, suffix, folder }: { readonly image: string; readonly suffix: string; readonly folder: string },
): Promise<Manifest> {
  const pod = structuredClone(given);
  pod.metadata.name += suffix;
  const [container] = pod.spec.containers;
  container.image = `localhost/${image}:latest`;
  // podman would publish them, and there is no network.
  delete container.ports;
  // Every container of a kubelet's has this file, for the reason of its end.
  const reason = join(folder, 'termination-log');
  await writeFile(reason, '');
  await chmod(reason, 0o666);
  pod.spec.volumes.push({ name: 'reason', hostPath: { path: reason, type: 'File' } });
  container.volumeMounts.push({ name: 'reason', mountPath: '/dev/termination-log' });
  for (const { configMapRef } of container.envFrom ?? []) configMapRef.name += suffix;
  for (const volume of pod.spec.volumes) {
    if (volume.configMap !== undefined) volume.configMap.name += suffix;
    const kind = Object.keys(MODES).find(name => volume[name] !== undefined);
    if (kind === undefined) continue;
    const path = join(folder, volume.name);
    await mkdir(path);
    await chown(path, 0, pod.spec.securityContext.fsGroup);
    await chmod(path, MODES[kind] ?? 0);
    if (kind === 'secret') await writeFile(join(path, 'password'), PASSWORD, { mode: 0o440 });
    if (kind === 'secret') await chown(join(path, 'password'), 0, pod.spec.securityContext.fsGroup);
    delete volume[kind];
    volume.hostPath = { path, type: 'Directory' };
  }
  return pod;
}

/**
 * podman 4.3 gives the limits of a pod's first container the wrong way round, which only fails where they differ: here
 * the soft one is the hard one.
 */
async function makeEnvironment(folder: string): Promise<Readonly<Record<string, string>>> {
  const environment = engineEnvironment();
  const text = await readFile(environment['CONTAINERS_CONF'] ?? '', 'utf8');
  const file = join(folder, 'containers.conf');
  await writeFile(file, text.replace(/nofile=\d+:(\d+)/, 'nofile=$1:$1'));
  return { ...environment, CONTAINERS_CONF: file };
}

const CONFIG_MAPS = readManifests('pod.yaml').filter(({ kind }) => kind === 'ConfigMap');

/** What a StatefulSet's controller makes of it. */
function makeFirstPod({ metadata, spec }: Manifest): Manifest {
  const [{ metadata: home }] = spec.volumeClaimTemplates;
  const claim = { name: home.name, persistentVolumeClaim: { claimName: `${home.name}-${metadata.name}-0` } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${metadata.name}-0`, labels: spec.template.metadata.labels },
    spec: { ...spec.template.spec, volumes: [...spec.template.spec.volumes, claim] },
  };
}

const waitForProbe = (pod: Pod, probe: Manifest) => waitUntil(JSON.stringify(probe), () => pod.ask(probe));

test('pod.yaml: settings, certificates and the password arrive, the probes answer, and it stops in order', {
  skip,
}, async t => {
  const manifest = readManifest('pod.yaml', 'Pod');
  const pod = await play(t, IMAGES.workbench, manifest, CONFIG_MAPS);
  const [{ startupProbe, readinessProbe }] = manifest.spec.containers;
  await waitForProbe(pod, startupProbe);
  assert.equal(await pod.ask(readinessProbe), true);
  // Visitors' port answers at the moment when the probe says so.
  assert.equal(await pod.ask({ httpGet: { path: '/api', port: 'jupyter' } }), true);

  const { stdout: status } = await pod.exec(['cat', '/proc/1/status']);
  assert.match(status, /^Uid:\t1000\t1000\t1000\t1000$/m);
  assert.match(status, /^CapBnd:\t0+$/m);
  assert.match(status, /^NoNewPrivs:\t1$/m);
  assert.match(status, /^Seccomp:\t2$/m);
  assert.equal((await pod.exec(['lintel', 'password'])).stdout, PASSWORD);
  const { stdout: index } = await pod.exec(['lintel', 'run', '--', 'pip', 'config', 'debug']);
  assert.match(index, /PIP_INDEX_URL='https:\/\/mirror\.example\/pypi\/simple'/);
  const [root = ''] =
    /^MII.*$/m.exec(JSON.stringify(readManifests('pod.yaml')[1].data['ca.crt']).replaceAll('\\n', '\n')) ??
    [];
  const { code: found } = await pod.exec([
    'lintel',
    'run',
    '--',
    'sh',
    '-c',
    `grep -qF ${root} "$SSL_CERT_FILE"`,
  ]);
  assert.equal(found, 0);
  assert.equal((await pod.exec(['touch', '/home/lintel/mine'])).code, 0);

  const { code, log, reason } = await pod.down();
  assert.equal(code, 0, log);
  assert.match(
    log,
    /stopping: asked to stop by SIGTERM\n.*jupyter stopped: it exited with code 0\n.*ended with exit code 0: /s,
  );
  assert.equal(reason, 'asked to stop by SIGTERM\n');
  assert.doesNotMatch(log, /error:/);
  assert.doesNotMatch(log, new RegExp(PASSWORD));
});

for (const isReadOnly of [false, true]) {
  test(`the StatefulSet’s pod${isReadOnly ? ' with a read-only root' : ''}`, { skip }, async t => {
    const manifest = makeFirstPod(readStatefulSet({ isReadOnly }));
    const pod = await play(t, IMAGES.workbench, manifest, CONFIG_MAPS);
    const [{ startupProbe, readinessProbe }] = manifest.spec.containers;
    await waitForProbe(pod, startupProbe);
    assert.equal(await pod.ask(readinessProbe), true);
    const { stdout: written } = await pod.exec([
      ...['lintel', 'run', '--', 'sh', '-c'],
      'for f in /usr/mine /tmp/mine ~/mine "$LINTEL_RUNTIME_DIR/mine"; do touch $f && echo $f; done; true',
    ]);
    const runtime = isReadOnly ? '/run/lintel' : '/tmp/lintel-1000';
    assert.equal(written, `/tmp/mine\n/home/lintel/mine\n${runtime}/mine`);
    const { code, log } = await pod.down();
    assert.equal(code, 0, log);
    assert.doesNotMatch(log, /error:/);
  });
}

test('Kubeflow’s Notebook, as its controller makes a pod of it', { skip }, async t => {
  const context = join(CHECKOUT, 'examples/kubeflow');
  const image = await buildDockerfile('kubeflow-jupyter', {
    dockerfile: { file: join(context, 'Dockerfile') },
    context,
    buildArguments: { BASE_IMAGE: IMAGES.programs, SERVICE: 'jupyter' },
  });
  const manifest = makeNotebookPod(readManifest('notebook.yaml', 'Notebook'));
  const pod = await play(t, image, manifest, CONFIG_MAPS);
  const [{ readinessProbe }] = manifest.spec.containers;
  await waitForProbe(pod, readinessProbe);
  const { stdout } = await pod.exec([
    'curl',
    '--silent',
    'http://127.0.0.1:8888/notebook/team/ada/api/kernels',
  ]);
  assert.equal(stdout, '[]');
  const { code, log } = await pod.down();
  assert.equal(code, 0, log);
});
