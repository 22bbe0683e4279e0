import { readTextIfAny } from './files.ts';

/** Which distribution it is, as far as packages are built for it. */
export interface LinuxFacts {
  /** "bookworm", "noble"; "rhel9" for Red Hat's family, which has no codenames; undefined where it is not said. */
  readonly distribution: string | undefined;
}

const RED_HATS = /\b(rhel|centos|fedora)\b/;

export function readLinux(root: string): LinuxFacts {
  return { distribution: parseDistribution(readTextIfAny(`${root}/etc/os-release`) ?? '') };
}

/** Of the text of os-release(5). */
export function parseDistribution(text: string): string | undefined {
  const read = (name: string) => {
    const value = new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
    const bare = value.replace(/^["']/, '').replace(/["']$/, '').trim();
    return /^[\w .-]*$/.test(bare) ? bare : '';
  };
  const codename = read('VERSION_CODENAME') || read('UBUNTU_CODENAME');
  if (/^[a-z][a-z0-9]*$/.test(codename)) return codename;
  const isRedHat = RED_HATS.test(`${read('ID')} ${read('ID_LIKE')}`) && read('ID') !== 'fedora';
  const major = /^\d+/.exec(read('VERSION_ID'))?.[0];
  return isRedHat && major !== undefined ? `rhel${major}` : undefined;
}
