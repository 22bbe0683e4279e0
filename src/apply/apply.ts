import { LintelError, renderCause } from '../errors.ts';
import type { Plan } from '../plan.ts';
import type { FileWrite } from '../tools/tool.ts';
import { asUser } from './as-user.ts';
import { makeFolder, makeRuntimeFolder, removeFile, writeFile } from './files.ts';
import { findHolder, takeFolder } from './lock.ts';
import { asOwnerOfSecrets } from './passwords.ts';

/** Another one runs in this container: its last word is not ours to write. */
export class OtherLintelError extends LintelError {}

/**
 * Makes the empty folder for this boot's state. Throws the system's error: without it there is no boot; and a
 * OtherLintelError where another Lintel still uses it.
 */
export function applyRuntimeFolder(plan: Plan): void {
  makeFolder(plan.runtimeDir);
  const isOurs = takeFolder(plan.runtimeDir);
  const holder = findHolder(plan.runtimeDir);
  if (holder !== undefined)
    throw new OtherLintelError(`Lintel already runs here as pid ${holder}: try "lintel status"`, 2);
  // It has not yet noted who it is, or its processes are not among those that are seen here.
  if (!isOurs) throw makeSharedError(plan.runtimeDir);
  const isRoot = process.geteuid?.() === 0;
  // Root's folder is open to look-ups, since every user needs the certificates; a user's own is the user's alone.
  makeRuntimeFolder(plan.runtimeDir, { mode: isRoot ? 0o755 : 0o700, user: plan.user });
}

/** Before PID 1 nobody boots in its container: then it is another one's, and this one's last word is ours to write. */
function makeSharedError(folder: string): LintelError {
  const isElsewhere = process.pid === 1;
  const where = isElsewhere
    ? 'in another container, which shares that folder'
    : 'it boots here just now, or in a container that shares that folder';
  const particulars = {
    facts: ['one Lintel alone can keep its state there: it would clear away what the other one needs'],
    advice:
      'give each container a /run of its own (its own emptyDir, --tmpfs /run), and share volumes at other places',
  };
  const sentence = `another Lintel keeps its state in ${folder}: ${where}`;
  return new (isElsewhere ? LintelError : OtherLintelError)(sentence, 2, particulars);
}

/**
 * Makes the files of the plan. What can't be written costs one sentence each and is otherwise left as it was:
 * a tool without its setting is no reason to keep somebody from their work. Returns those sentences.
 */
export function applyFiles(plan: Plan): string[] {
  return plan.files.flatMap(file => {
    try {
      applyFile(file, plan);
      return [];
    } catch (error) {
      return [`Cannot write ${file.path}: ${renderCause(error)}; it is left as it was`];
    }
  });
}

function applyFile(file: FileWrite, plan: Plan): void {
  if (file.owner !== 'workbench') return replaceFile(file, plan);
  if (file.path.startsWith(`${plan.runtimeDir}/secrets/`))
    return asOwnerOfSecrets(plan.runtimeDir, plan.user, () => replaceFile(file, plan));
  // Below the runtime directory nobody but Lintel makes folders; elsewhere the user could have planted a link.
  const isOurs = file.path.startsWith(`${plan.runtimeDir}/`);
  return isOurs ? replaceFile(file, plan) : asUser(plan.user, () => replaceFile(file, plan));
}

function replaceFile(file: FileWrite, plan: Plan): void {
  if (file.text === undefined) return removeFile(file.path);
  const self = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  writeFile(file.path, {
    text: file.encoding === 'base64' ? Buffer.from(file.text, 'base64') : file.text,
    mode: file.mode,
    owner: file.owner === 'workbench' ? plan.user : self,
  });
}
