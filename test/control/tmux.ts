import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Root } from '../rig.ts';
import { waitUntil } from '../waiting.ts';
import { PROGRAM } from './workbench.ts';

const TMUX = '/usr/bin/tmux';
export const NEEDS_TMUX = !process.env['CI'] && !existsSync(TMUX) && `${TMUX} is not installed`;

/** A shell in a real terminal, whose prompt is "$ ", with `lintel` as a command of the root's. */
export interface Tmux {
  type(...keys: readonly string[]): void;
  resize(columns: number, rows: number): void;
  /** What the terminal shows: its rows, without empty ones at the end. */
  look(): string;
  /** Waits until what it shows matches, and returns that. */
  see(pattern: RegExp): Promise<string>;
  /** Waits until the shell asks for the next command, and returns the exit code of the latest one. */
  code(): Promise<number>;
  /** Whether the shell's own page is shown, and a cursor in it. */
  state(): { readonly isOwnPage: boolean; readonly hasCursor: boolean };
}

export async function startTmux(
  t: TestContext,
  root: Root,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Promise<Tmux> {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-tmux-'));
  const environment = { PATH: process.env['PATH'], HOME: root.at('/home/ada'), LANG: 'C.UTF-8' };
  const tmux = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(
      TMUX,
      ['-u', '-S', join(folder, 'socket'), '-f', '/dev/null', ...args],
      { env: environment, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`);
    return stdout;
  };
  root.write({ '/srv/lintel': `#!/bin/sh\nLINTEL_ROOT=${root.at('')} exec ${PROGRAM} lintel "$@"\n` });
  const shell = `env PS1='$ ' PATH=${root.at('/srv')}:$PATH sh`;
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), shell);
  t.after(() => {
    tmux('kill-server');
    rmSync(folder, { recursive: true });
  });
  const look = () => tmux('capture-pane', '-p').trimEnd();
  const see = async (pattern: RegExp) => {
    let shown = '';
    const find = () => {
      shown = look();
      return pattern.test(shown);
    };
    await waitUntil(`the terminal matches ${pattern}`, find).catch((error: Error) => {
      throw new Error(`${error.message}\nIt shows:\n${shown}`);
    });
    return shown;
  };
  await see(/^\$/);
  const type = (...keys: readonly string[]) => void tmux('send-keys', ...keys);
  return {
    look,
    type,
    see,
    resize: (width, height) => void tmux('resize-window', '-x', String(width), '-y', String(height)),
    async code() {
      // What is typed before that is still the command's.
      await see(/^\$$(?![\s\S])/m);
      type('echo code $?', 'Enter');
      const shown = await see(/^code \d+$/m);
      return Number(/^code (\d+)$/m.exec(shown)?.[1]);
    },
    state() {
      const [page, cursor] = tmux('display', '-p', '#{alternate_on} #{cursor_flag}').trim().split(' ');
      return { isOwnPage: page === '0', hasCursor: cursor === '1' };
    },
  };
}
