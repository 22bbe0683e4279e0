import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findFreePort } from '../../dev/free-port.ts';
import { type Container, type ContainerOptions, startContainer, waitUntil } from './container.ts';
import { findProcess, type Seen } from './inside.ts';

export const RSTUDIO_PROGRAMS = ['/usr/bin/python3', '/usr/bin/R', '/usr/sbin/unix_chkpwd'];
const BIN = '/usr/lib/rstudio-server/bin';
const REQUEST_LIMIT_MS = 20_000;

/** What the package of RStudio Server installs, by stand-ins for its programs. */
export const RSTUDIO: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['rserver', 'rserver-pam', 'rsession'].map(name => [
      `${BIN}/${name}`,
      readFileSync(join(import.meta.dirname, 'fixtures/rstudio', name), 'utf8'),
    ]),
  ),
  '/etc/pam.d/rstudio': '@include common-auth\n@include common-account\n',
};

/** A browser at RStudio's port. */
export interface Browser {
  /** Where a page without a session leads. */
  open(path?: string): Promise<{ readonly status: number; readonly location: string | null }>;
  /** Fills in the form; true where that opens the workbench. */
  signIn(user: string, password: string): Promise<boolean>;
  /** What a line of R code prints in the session of whoever signed in. */
  evaluate(code: string): Promise<string>;
}

/** In the host's network, so that the test can reach it; only on the loopback device. */
export async function startRstudio(
  t: TestContext,
  { command = ['/init'], ...options }: ContainerOptions & { readonly command?: readonly string[] } = {},
): Promise<{ container: Container; browser: Browser; port: number }> {
  const port = await findFreePort();
  const container = startContainer(t, command, {
    ...options,
    network: 'host',
    environment: {
      LINTEL_SERVICES: 'rstudio',
      LINTEL_RSTUDIO_PORT: String(port),
      LINTEL_BIND: '127.0.0.1',
      HOME: '/home/lintel',
      ...options.environment,
    },
    files: { ...RSTUDIO, ...options.files },
  });
  return { container, browser: makeBrowser(port), port };
}

function makeBrowser(port: number): Browser {
  const cookies = new Map<string, string>();
  const call = async (path: string, init: RequestInit = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...init,
      headers: { cookie, ...init.headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() };
  };
  return {
    open: async (path = '/') => {
      const { status, location } = await call(path);
      return { status, location };
    },
    signIn: async (username, password) => {
      const { text } = await call('/auth-sign-in');
      const token = /name="csrf-token" value="(\w+)"/.exec(text)?.[1] ?? '';
      const body = new URLSearchParams({ username, password, 'csrf-token': token });
      await call('/auth-do-sign-in', { method: 'POST', body });
      return (await call('/')).status === 200;
    },
    evaluate: async code => {
      const { status, text } = await call('/rpc/console_input', { method: 'POST', body: code });
      assert.equal(status, 200, text);
      return text.trimEnd();
    },
  };
}

/** Waits for it: rserver starts sessions when somebody signs in. */
export async function awaitProcess(container: Container, pattern: RegExp): Promise<Seen> {
  return waitUntil(`a process ${pattern} runs`, () => findProcess(container, pattern));
}
