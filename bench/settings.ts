import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { makeImage, NODE, UPDATE_STORE, type Workshop } from './image.ts';
import { type Job, start, theOne, timesOf } from './sandbox.ts';
import type { Case } from './statistics.ts';

/** What a platform such as Onyxia sets, and its onyxia-init.sh made of pip, R, git and the certificates. */
const VARIABLES = {
  PIP_REPOSITORY: 'https://mirror.example/pypi/simple',
  R_REPOSITORY: 'https://mirror.example/cran',
  PATH_TO_CA_BUNDLE: '/etc/private-ca.pem',
  GIT_USER_NAME: 'Ada Lovelace',
  GIT_USER_MAIL: 'ada@mail.example',
  GIT_CREDENTIALS_CACHE_DURATION: '3600',
};
const AS_WORKER = ['setpriv', '--reuid', '1000', '--regid', '1000', '--clear-groups', '--'];

/**
 * From exec to the CMD with everything that such a platform sets: as uid 1000, whom the system's store is closed to,
 * and as root, where the CMD waits for the store's own program.
 */
export async function makeSettingsCases(workshop: Workshop): Promise<readonly Case[]> {
  const image = await makeImage(workshop, 'settings', {});
  const node = async () => {
    const command = [NODE, '-e', '0'];
    return { end: theOne(await (await start(workshop, { image, command, until: 'end' })).ended, 'end').ms };
  };
  const boot = (env: Readonly<Record<string, string>>, prefix: readonly string[]) => async () => {
    // The CMD is a program that stamps its first instruction, and stays.
    const command = [...prefix, '/init', '/bench/service'];
    const until = { services: 1, stopSignal: constants.signals.SIGKILL };
    const job: Job = { image, command, env, until };
    const stamps = await (await start(workshop, job)).ended;
    const { ms, number } = theOne(stamps, 'service');
    const store = timesOf(stamps, 'store');
    return { command: ms, pid: number, storeMs: (store[1] ?? 0) - (store[0] ?? 0) };
  };
  const worker = { HOME: '/home/worker' };
  const cases = [
    { name: 'settings: bare node', run: node },
    { name: 'settings: none, uid 1000', run: boot(worker, AS_WORKER) },
    { name: 'settings: uid 1000', run: boot({ ...worker, ...VARIABLES }, AS_WORKER) },
  ];
  if (!existsSync(UPDATE_STORE)) return cases;
  const root = boot(VARIABLES, []);
  const run = async () => {
    const { storeMs, ...seen } = await root();
    if (storeMs === 0) throw new Error('Cannot trust "settings: root": the system’s store was not updated');
    return { ...seen, storeMs, rest: seen.command - storeMs };
  };
  return [...cases, { name: 'settings: root', run }];
}
