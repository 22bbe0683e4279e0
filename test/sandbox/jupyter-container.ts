import type { TestContext } from 'node:test';
import { findFreePort } from '../../dev/free-port.ts';
import { type Browser, openBrowser } from './browser.ts';
import {
  CONTAINER_PATH,
  type Container,
  type ContainerOptions,
  startContainer,
  WORKBENCH_USER,
} from './container.ts';

export const JUPYTER_PROGRAMS = ['/usr/bin/jupyter-notebook', '/usr/bin/jupyter-server'];

/** Uid 1000's, in the host's network on the loopback device, so that the test can reach it. */
export async function startJupyter(
  t: TestContext,
  environment: Readonly<Record<string, string>>,
  options: ContainerOptions = {},
): Promise<{ container: Container; browser: Browser; port: number }> {
  const port = Number(environment['LINTEL_JUPYTER_PORT'] ?? (await findFreePort()));
  const container = startContainer(t, ['/init'], {
    user: WORKBENCH_USER,
    ...options,
    network: 'host',
    environment: {
      HOME: '/home/lintel',
      PATH: `/srv/bin:${CONTAINER_PATH}`,
      LINTEL_SERVICES: 'jupyter',
      LINTEL_BIND: '127.0.0.1',
      LINTEL_JUPYTER_PORT: String(port),
      ...environment,
    },
  });
  return { container, browser: openBrowser(port), port };
}
