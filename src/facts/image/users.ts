import { type Accounts, type FoundUser, findWorkbenchUser, type UserSources } from '../../user.ts';
import { parseGroup, parsePasswd } from '../accounts.ts';
import { readOwned } from './owners.ts';
import type { Tree } from './tree.ts';

interface Sources extends Pick<UserSources, 'settings' | 'environment'> {
  readonly tree: Tree;
  /** Where homes are that do not lie in the tree. */
  readonly world: Tree;
}

/** The image's users, who of them is the workbench user, and what that one's home is like. */
export function readUsers({ tree, world, settings, environment }: Sources) {
  const accounts = readAccounts(tree);
  const workbench = findUser({ settings, environment, accounts }, world);
  const { home } = workbench.user;
  const homes = tree.find(home) === undefined ? world : tree;
  return {
    accounts,
    workbench,
    hasOwners: tree.find('/')?.stat.uid === 0 && tree.find('/etc')?.stat.uid === 0,
    home: readOwned(homes, home),
    homeFolders: HOME_FOLDERS.flatMap(name => readOwned(homes, `${home}/${name}`) ?? []),
  };
}

/** What code-server, JupyterLab and their like write to. */
const HOME_FOLDERS = ['.cache', '.config', '.ipython', '.jupyter', '.local', '.local/share', '.ssh'];
/** Accounts of a large site are a page for each user. */
const MOST_ACCOUNT_BYTES = 4 * 1024 * 1024;

function readAccounts(tree: Tree): Accounts {
  const read = (path: string) => tree.read(path, MOST_ACCOUNT_BYTES)?.toString('utf8') ?? '';
  return { users: parsePasswd(read('/etc/passwd')), groups: parseGroup(read('/etc/group')) };
}

/** As a container that is started as root would find it. */
function findUser(
  sources: Pick<UserSources, 'settings' | 'environment' | 'accounts'>,
  world: Tree,
): FoundUser {
  const { HOME: home } = sources.environment;
  return findWorkbenchUser({
    ...sources,
    identity: { uid: 0, gid: 0, groups: [0], canSwitchUser: true },
    givenHome: home?.startsWith('/') === true ? readOwned(world, home) : undefined,
  });
}
