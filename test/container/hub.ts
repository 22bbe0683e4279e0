/**
 * A real JupyterHub in a container of its own. The containers that it wants are started by the test, as DockerSpawner and
 * KubeSpawner would: the image's own ENTRYPOINT, the hub's command and its variables. They share the hub's network.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { CHECKOUT, IMAGES } from '../../dev/engine.ts';
import { type End, startWorkbench, type Workbench, waitUntil } from './workbench.ts';

const PASSWORD = 'a password of this test';
const SHOWN_CHARACTERS = 4000;
const CONFIG = join(CHECKOUT, 'test/container/images/jupyterhub_config.py');

export interface HubOptions {
  /** `Spawner.cmd`. */
  readonly command: readonly string[];
  /** `Spawner.environment`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Other traits of the spawner, such as `args` or `notebook_dir`. */
  readonly spawner?: Readonly<Record<string, unknown>>;
}

export interface ServerOptions {
  readonly image: string;
  /** Options of `podman run`, besides the network. */
  readonly flags?: readonly string[];
}

export interface Hub {
  /** Where a browser finds it. */
  readonly container: Workbench;
  /** Logs a user in, starts a container when the hub wants one, and waits until the page shows the user's files. */
  logIn(page: Page, user: string, options: ServerOptions): Promise<Workbench>;
  /** Stops the user's server on the hub's own page, and the container when the hub wants that. */
  stop(page: Page, user: string, server: Workbench): Promise<End>;
}

export async function startHub(t: TestContext, options: HubOptions): Promise<Hub> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-hub-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const container = startWorkbench(t, ['jupyterhub', '--config', '/etc/jupyterhub_config.py'], {
    image: IMAGES.hub,
    flags: [
      ...['--network', 'none', '--workdir', '/srv', '--init'],
      ...['--volume', `${folder}:/spawn`, '--volume', `${CONFIG}:/etc/jupyterhub_config.py:ro`],
    ],
    environment: {
      HUB_PASSWORD: PASSWORD,
      HUB_COMMAND: JSON.stringify(options.command),
      HUB_ENVIRONMENT: JSON.stringify(options.environment ?? {}),
      HUB_SPAWNER: JSON.stringify(options.spawner ?? {}),
    },
  });
  await container.waitFor(/JupyterHub is now running at/);
  const url = 'http://127.0.0.1:8000';
  const pathOf = (user: string, kind: string) => join(folder, `${user}.${kind}`);
  /** The container that the hub wants; it is told of the end. */
  const serve = async (user: string, { image, flags = [] }: ServerOptions) => {
    const path = pathOf(user, 'start');
    await waitUntil(`the hub wants ${user}'s server`, () => existsSync(path));
    const wish = JSON.parse(await readFile(path, 'utf8')) as {
      readonly environment: Readonly<Record<string, string>>;
      readonly command: readonly string[];
    };
    const server = startWorkbench(t, wish.command, {
      image,
      flags: ['--network', `container:${container.name}`, ...flags],
      environment: wish.environment,
    });
    // At once, so that whoever waits for the same end finds it done.
    void server.end().then(({ code }) => {
      if (!existsSync(folder)) return;
      rmSync(path, { force: true });
      writeFileSync(pathOf(user, 'exit'), `${code}`);
    });
    return server;
  };
  return {
    container,
    logIn: async (page, user, given) => {
      await page.goto(url);
      await page.fill('#username_input', user);
      await page.fill('#password_input', PASSWORD);
      const [server] = await Promise.all([serve(user, given), page.click('#login_submit')]);
      await page.waitForURL(`**/user/${user}/tree**`).catch((error: Error) => {
        throw new Error(`${error.message}\nThe server wrote:\n${server.output().slice(-SHOWN_CHARACTERS)}`);
      });
      return server;
    },
    stop: async (page, user, server) => {
      // The button does nothing before the page's scripts have come.
      await page.goto(`${url}/hub/home`, { waitUntil: 'networkidle' });
      await page.click('#stop');
      await waitUntil(`the hub stops ${user}'s server`, () => existsSync(pathOf(user, 'stop')));
      return server.stop();
    },
  };
}
