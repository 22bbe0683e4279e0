import type { Manifest } from './manifests.ts';

/** As Kubeflow's notebook controller makes a pod of a Notebook (notebook_controller.go, generateStatefulSet). */
export function makeNotebookPod(notebook: Manifest): Manifest {
  const { name, namespace } = notebook.metadata;
  const spec = structuredClone(notebook.spec.template.spec);
  const [container] = spec.containers;
  container.workingDir ??= '/home/jovyan';
  container.ports ??= [{ containerPort: 8888, name: 'notebook-port', protocol: 'TCP' }];
  container.env = [...(container.env ?? []), { name: 'NB_PREFIX', value: `/notebook/${namespace}/${name}` }];
  spec.securityContext ??= { fsGroup: 100 };
  const labels = { statefulset: name, 'notebook-name': name };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: `${name}-0`, namespace, labels }, spec };
}

/** As KubeSpawner makes a pod of its settings, for the user ada (objects.py, make_pod). */
export function makeSpawnedPod(settings: Manifest): Manifest {
  const expand = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll('{username}', 'ada'));
  const environment = {
    JUPYTERHUB_API_TOKEN: 'a-token',
    JUPYTERHUB_SERVICE_URL: 'http://0.0.0.0:8888/user/ada/',
    JUPYTERHUB_SERVICE_PREFIX: '/user/ada/',
    ...settings.environment,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'jupyter-ada' },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { fsGroup: settings.fs_gid, ...settings.pod_security_context },
      containers: [
        {
          name: 'notebook',
          image: settings.image,
          args: settings.cmd,
          env: Object.entries(environment).map(([name, value]) => ({ name, value })),
          ports: [{ name: 'notebook-port', containerPort: 8888 }],
          securityContext: {
            runAsUser: settings.uid,
            runAsGroup: settings.gid,
            ...settings.container_security_context,
          },
          volumeMounts: expand(settings.volume_mounts),
        },
      ],
      volumes: expand(settings.volumes),
      ...settings.extra_pod_config,
    },
  };
}
