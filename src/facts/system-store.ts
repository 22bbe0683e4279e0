import { LOCAL_FOLDER, OUR_NAME } from './certificate-files.ts';
import { isDirectory, readNames, readTextIfAny } from './files.ts';

/** The system's own store of certificates, and what an update of it would change. */
export interface StoreFacts {
  /** Where the distribution wants certificates to be put that are not its own. */
  readonly folder: string;
  /** Takes them from there into its bundle. */
  readonly program: 'update-ca-certificates' | 'update-ca-trust';
  /** Files that are missing there or hold something else, by name. */
  readonly add: readonly { readonly name: string; readonly text: string }[];
  /** Names of files that an earlier boot put there and nobody wants any more. */
  readonly remove: readonly string[];
  /** Whether an earlier boot put any there. */
  readonly holdsOurs: boolean;
  /** Whether the system's bundle holds every certificate of the operator's. */
  readonly hasAll: boolean;
}

/** Fedora and RHEL, openSUSE; where there is neither, Debian's and Alpine's way. */
const STORES = [
  { name: '/etc/pki/ca-trust/source/anchors', program: 'update-ca-trust' },
  { name: '/etc/pki/trust/anchors', program: 'update-ca-certificates' },
] as const;

export function findStore(root: string): Pick<StoreFacts, 'folder' | 'program' | 'holdsOurs'> & {
  readonly installed: Readonly<Record<string, string>>;
} {
  const store = STORES.find(({ name }) => isDirectory(`${root}${name}`));
  const folder = `${root}${store?.name ?? LOCAL_FOLDER}`;
  const ours = readNames(folder).filter(name => OUR_NAME.test(name));
  const installed = Object.fromEntries(
    ours.map(name => [name, readTextIfAny(`${folder}/${name}`) ?? ''] as const),
  );
  return {
    folder,
    program: store?.program ?? 'update-ca-certificates',
    holdsOurs: ours.length > 0,
    installed,
  };
}
