import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { execaSync } from 'execa';

/** What lies at a path: a text, bytes, either with a mode, a link, a named pipe, or a folder. */
export type Entry =
  | string
  | Uint8Array
  | { readonly text: string; readonly mode: number }
  | { readonly bytes: Uint8Array; readonly mode: number }
  | { readonly link: string }
  | 'a fifo'
  | 'a folder';

/** A real temporary folder, gone with the test. */
export interface Folder {
  readonly path: string;
  /** The absolute path of a path in the folder. */
  at(path: string): string;
  /** Closes a file or folder to everybody but root. */
  close(path: string): void;
}

/** Makes a folder; paths are relative to it, and what lies above them is made too. */
export function makeFolder(t: TestContext, entries: Readonly<Record<string, Entry>> = {}): Folder {
  const path = mkdtempSync(join(tmpdir(), 'lintel-test-'));
  const closed: string[] = [];
  t.after(() => {
    for (const name of closed) chmodSync(name, 0o700);
    rmSync(path, { recursive: true, force: true });
  });
  chmodSync(path, 0o755);
  for (const [name, entry] of Object.entries(entries)) makeEntry(join(path, name), entry);
  return {
    path,
    at: name => join(path, name),
    close: name => {
      closed.push(join(path, name));
      chmodSync(join(path, name), 0);
    },
  };
}

/** An executable script that would do nothing. */
export function script(text = '#!/bin/sh\n'): Entry {
  return { text, mode: 0o755 };
}

function makeEntry(path: string, entry: Entry): void {
  mkdirSync(dirname(path), { recursive: true });
  if (entry === 'a folder') mkdirSync(path, { recursive: true });
  else if (entry === 'a fifo') execaSync('mkfifo', [path]);
  else if (typeof entry === 'string' || entry instanceof Uint8Array) writeFileSync(path, entry);
  else if ('link' in entry) symlinkSync(entry.link, path);
  else {
    writeFileSync(path, 'text' in entry ? entry.text : entry.bytes);
    chmodSync(path, entry.mode);
  }
}

/** Somebody who owns nothing; a number that Debian gives to nobody. */
const STRANGER = { uid: 64_999, gid: 64_999 } as const;

/**
 * Runs `act`, which may not wait for anything, without root's power to look everywhere. access(2) alone is not fooled:
 * it asks for the real user, whom a process can't change and change back.
 */
export function asOrdinaryUser<T>(act: () => T): T {
  if (process.getuid?.() !== 0) return act();
  const groups = process.getgroups?.() ?? [];
  const group = process.getgid?.() ?? 0;
  process.setgroups?.([]);
  process.setegid?.(STRANGER.gid);
  process.seteuid?.(STRANGER.uid);
  try {
    const result = act();
    assert.ok(!(result instanceof Promise), 'the ids are the whole process’s: nothing may be awaited');
    return result;
  } finally {
    process.seteuid?.(0);
    process.setegid?.(group);
    process.setgroups?.(groups);
  }
}
