import { readTextIfAny } from './files.ts';

/** What a pod's service account says of where it is. */
export interface KubernetesFacts {
  readonly namespace: string | undefined;
  readonly serviceAccount: string | undefined;
}

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

export function readKubernetes(root: string): KubernetesFacts {
  const read = (name: string) => readTextIfAny(`${root}${FOLDER}/${name}`)?.trim() || undefined;
  const token = read('token');
  return {
    namespace: read('namespace'),
    serviceAccount: token === undefined ? undefined : readServiceAccount(token),
  };
}

/** The name that the token carries. Nothing is verified: only Kubernetes can, and nothing depends on it. */
function readServiceAccount(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const name = get(get(get(claims, 'kubernetes.io'), 'serviceaccount'), 'name');
    // Older tokens carry it flat.
    const flat = get(claims, 'kubernetes.io/serviceaccount/service-account.name');
    const found = name ?? flat;
    return typeof found === 'string' && /^[\w.-]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function get(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
