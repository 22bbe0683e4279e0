import { chmodSync, closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { readText } from '../facts/files.ts';
import type { User } from '../user.ts';
import { asUser } from './as-user.ts';
import { type Owner, writeFile } from './files.ts';

/** Without 0 and O, 1, l and I: people type them. */
const LETTERS = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** Of a byte's values those above would make the first letters likelier. */
const FAIR = 256 - (256 % LETTERS.length);
/** Longer than any password that PAM takes. */
const MAX_BYTES = 1024;
/** /dev/urandom's number. */
const URANDOM = (1 << 8) | 9;

export type SecretFile = 'password' | 'vnc-password';

/** The path in the folder of this boot's state. */
export function secretPath(runtimeDir: string, name: SecretFile): string {
  return `${runtimeDir}/secrets/${name}`;
}

/** What an earlier start of the same container left there; undefined where there is none. Never throws. */
export function readKeptSecret(runtimeDir: string, name: SecretFile, user: User): string | undefined {
  try {
    const text = asOwnerOfSecrets(runtimeDir, user, () => readText(secretPath(runtimeDir, name), MAX_BYTES));
    return text?.replace(/\n$/, '') || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The user's alone to read. Without a newline at the end: programs that are given a secret's file, as Jupyter by
 * JUPYTER_TOKEN_FILE, take all that it holds. Throws the system's error.
 */
export function writeSecret(
  runtimeDir: string,
  { name, text, user }: { readonly name: SecretFile; readonly text: string; readonly user: User },
): void {
  const path = secretPath(runtimeDir, name);
  asOwnerOfSecrets(runtimeDir, user, () => {
    writeFile(path, { text, mode: 0o600, owner: user });
    // An earlier one keeps the mode that somebody gave it.
    chmodSync(path, 0o600);
  });
}

/**
 * Says by an empty file to services that ask PAM, as sshd: the account has the password that it should have. Not in
 * `secrets`, which is the user's; and it is the good news that is written, since bad news might find a full disk.
 * Throws the system's error.
 */
export function vouchForAccount(runtimeDir: string, owner: Owner): void {
  writeFile(`${runtimeDir}/account-ready`, { text: '', mode: 0o644, owner });
}

/** The folder is the user's, so what they plant there meets their own rights; it is root's where it could not be given. */
export function asOwnerOfSecrets<T>(runtimeDir: string, user: User, act: () => T): T {
  return lstatSync(`${runtimeDir}/secrets`).uid === user.uid ? asUser(user, act) : act();
}

/** Letters and digits of the system's CSPRNG. node:crypto would take 10 ms to load, as long as all of a boot's files. */
export function makeRandomText(length: number): string {
  let text = '';
  while (text.length < length)
    for (const byte of readRandomBytes(2 * length))
      if (byte < FAIR && text.length < length) text += LETTERS[byte % LETTERS.length];
  return text;
}

function readRandomBytes(count: number): Uint8Array {
  return readUrandom(count) ?? crypto.getRandomValues(new Uint8Array(count));
}

/** undefined where that is not the kernel's device. */
function readUrandom(count: number): Uint8Array | undefined {
  try {
    const fd = openSync('/dev/urandom', 'r');
    try {
      const stat = fstatSync(fd);
      const bytes = new Uint8Array(count);
      const isDevice = stat.isCharacterDevice() && stat.rdev === URANDOM;
      return isDevice && readSync(fd, bytes, 0, count, null) === count ? bytes : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
