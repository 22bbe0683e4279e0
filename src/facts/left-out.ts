import { isDirectory, readNames, readStat } from './files.ts';

/** Both exist in every image with s6-overlay 3, and hold names of services, no services. */
const BUNDLES = ['user', 'user2'];

/** What the image holds for other supervisors and Lintel does not run. `logged` are services with a logger. */
export function readLeftOut(root: string, logged: readonly string[]): string[] {
  const inFolder = (folder: string, isMeant: (name: string) => boolean) =>
    // Most images have none of them, and a stat costs a tenth of a thrown error.
    isDirectory(root + folder) && readNames(root + folder).some(isMeant) ? [folder] : [];
  return [
    ...inFolder('/etc/s6-overlay/s6-rc.d', name => !BUNDLES.includes(name)),
    ...inFolder('/etc/fix-attrs.d', () => true),
    ...logged.map(folder => `${folder}/log`),
    ...inFolder('/etc/supervisor/conf.d', name => name.endsWith('.conf')),
    ...['/etc/supervisord.conf', '/etc/supervisor.conf'].filter(path => readStat(root + path)?.isFile()),
  ];
}
