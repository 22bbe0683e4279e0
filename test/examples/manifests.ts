import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate as validateStatefulSet } from 'kubernetes-models/_schemas/IoK8sApiAppsV1StatefulSet';
import { validate as validateConfigMap } from 'kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap';
import { validate as validateClaim } from 'kubernetes-models/_schemas/IoK8sApiCoreV1PersistentVolumeClaim';
import { validate as validatePod } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Pod';
import { validate as validateSecret } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Secret';
import { validate as validateService } from 'kubernetes-models/_schemas/IoK8sApiCoreV1Service';
import { parseAllDocuments } from 'yaml';

export const KUBERNETES = join(import.meta.dirname, '../../examples/kubernetes');

/** What a YAML file holds; tests look into it by name and say what they miss. */
// biome-ignore lint/suspicious/noExplicitAny: any shape, which is what is checked
export type Manifest = any;

/** Made from Kubernetes' OpenAPI by a compiler: what they do not know they pass over. */
interface Validate {
  (data: unknown): boolean;
  readonly errors?: readonly {
    readonly instancePath: string;
    readonly keyword: string;
    readonly params: unknown;
  }[];
}

const VALIDATORS: Readonly<Record<string, unknown>> = {
  'apps/v1 StatefulSet': validateStatefulSet,
  'v1 ConfigMap': validateConfigMap,
  'v1 PersistentVolumeClaim': validateClaim,
  'v1 Pod': validatePod,
  'v1 Secret': validateSecret,
  'v1 Service': validateService,
};

/** The documents of a YAML file in examples/kubernetes; throws where it is no YAML, or has a key twice. */
export function readManifests(name: string): Manifest[] {
  return readManifestsOf(join(KUBERNETES, name));
}

/** As `readManifests`, of any file. */
export function readManifestsOf(path: string): Manifest[] {
  return parseAllDocuments(readFileSync(path, 'utf8')).map(document => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS();
  });
}

/** The one of this kind in a file. */
export function readManifest(name: string, kind: string): Manifest {
  const found = readManifests(name).find(manifest => manifest.kind === kind);
  if (found === undefined) throw new Error(`Cannot find a ${kind} in ${name}`);
  return found;
}

/** What an API server that validates strictly would say: "/spec/containers/0/image: type", "/spec/imag: unknown". */
export function findProblems(manifest: Manifest): string[] {
  const kind = `${manifest.apiVersion} ${manifest.kind}`;
  const validate = VALIDATORS[kind] as Validate | undefined;
  if (validate === undefined) return [`${kind}: unknown`];
  const unread = new Set<string>();
  const isValid = validate(watch(manifest, '', unread));
  const errors = isValid ? [] : (validate.errors ?? []);
  return [
    ...errors.map(error => `${error.instancePath}: ${error.keyword} ${JSON.stringify(error.params)}`),
    ...[...unread].map(path => `${path}: unknown`),
  ];
}

/** The same value; `unread` loses the path of each field that is looked at. A schema looks at every field it knows. */
function watch(value: unknown, path: string, unread: Set<string>): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (!Array.isArray(value)) for (const key of Object.keys(value)) unread.add(`${path}/${key}`);
  const watched = new Map<string, unknown>();
  return new Proxy(value, {
    get(target, key) {
      const field: unknown = Reflect.get(target, key);
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return field;
      unread.delete(`${path}/${key}`);
      if (!watched.has(key)) watched.set(key, watch(field, `${path}/${key}`, unread));
      return watched.get(key);
    },
  });
}

/** RFC 6902, as far as the patches of the examples go: "add". */
export function applyPatch(manifest: Manifest, patch: Manifest): Manifest {
  const patched = structuredClone(manifest);
  for (const { op, path, value } of patch) {
    if (op !== 'add') throw new Error(`Cannot apply "${op}", expected add`);
    const keys = String(path).split('/').slice(1);
    const last = keys.pop() ?? '';
    const parent = keys.reduce((at, key) => at[key], patched);
    if (Array.isArray(parent)) parent.splice(last === '-' ? parent.length : Number(last), 0, value);
    else parent[last] = value;
  }
  return patched;
}

/** base/ as `kubectl apply -k` would send its StatefulSet, but for the names that kustomize gives; or with read-only/. */
export function readStatefulSet({ isReadOnly }: { readonly isReadOnly: boolean }): Manifest {
  const base = readManifest('base/statefulset.yaml', 'StatefulSet');
  return isReadOnly ? applyPatch(base, readManifests('read-only/patch.yaml')[0]) : base;
}
