import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { findFreePort } from '../../dev/free-port.ts';
import { openBrowser } from './browser.ts';
import { whyNot } from './container.ts';
import { findProcess, readPassword } from './inside.ts';
import { JUPYTER_PROGRAMS, startJupyter } from './jupyter-container.ts';

/** The shipped jupyter with JupyterHub's real single-user server; of the hub there is only what that asks. */
describe('jupyter under JupyterHub', () => {
  const hub = { JUPYTERHUB_API_TOKEN: 'the-hub-s-token' };

  test('is jupyterhub-singleuser, where and as the hub says', {
    skip: whyNot({ programs: [...JUPYTER_PROGRAMS, '/usr/bin/jupyterhub-singleuser'] }),
  }, async t => {
    const port = await findFreePort();
    const { container } = await startJupyter(t, {
      ...hub,
      JUPYTERHUB_SERVICE_URL: `http://127.0.0.1:${port}/user/ada/`,
      JUPYTERHUB_SERVICE_PREFIX: '/user/ada/',
      JUPYTERHUB_API_URL: `http://127.0.0.1:${await startHub(t)}/hub/api`,
      JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-ada',
      JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:servers!server=ada/"]',
      JUPYTERHUB_USER: 'ada',
      // Not for it: the hub decides.
      NB_PREFIX: '/notebook/ada/desk',
      LINTEL_AUTH: 'none',
    });
    await container.waitFor(/jupyter is ready/);
    const { command = '' } = (await findProcess(container, /jupyterhub-singleuser/)) ?? {};
    assert.match(command, /jupyterhub-singleuser --no-browser$/);
    const browser = openBrowser(port);
    const ask = async (token: string) => {
      const authorization = `token ${token}`;
      return (await browser.get('/user/ada/api/contents', { authorization })).status;
    };
    assert.equal((await browser.get('/user/ada/api/contents')).status, 403);
    assert.equal(await ask(await readPassword(container)), 403);
    assert.equal(await ask(ADAS_TOKEN), 200);
    assert.match(
      (await openBrowser(port).get('/user/ada/files/x')).location,
      /^\/hub\/api\/oauth2\/authorize/,
    );
  });

  test('says in a sentence that jupyterhub-singleuser is missing', {
    skip: whyNot({ programs: JUPYTER_PROGRAMS }),
  }, async t => {
    const { container } = await startJupyter(t, hub, {
      // Not executable: as good as none.
      files: { '/usr/bin/jupyterhub-singleuser': 'nothing\n' },
    });
    await container.waitFor(
      /jupyter \| Cannot start for JupyterHub: .* there is no jupyterhub-singleuser on PATH$/m,
    );
    await container.waitFor(/jupyter exited with code 1/);
    assert.equal(await findProcess(container, /jupyter-notebook/), undefined);
  });
});

const ADAS_TOKEN = 'what-the-hub-gave-to-ada';

/** What a single-user server asks its hub: which version it is, and who has a token. */
async function startHub(t: TestContext): Promise<number> {
  const server = createServer((asked, answer) => {
    const { authorization } = asked.headers;
    const isKnown = authorization === `token ${ADAS_TOKEN}` || authorization === `Bearer ${ADAS_TOKEN}`;
    const [status, body] =
      asked.url !== '/hub/api/user'
        ? [200, { version: '3.0.0' }]
        : isKnown
          ? [200, { kind: 'user', name: 'ada', groups: [], scopes: ['access:servers!server=ada/'] }]
          : [403, { status: 403 }];
    answer.writeHead(status, { 'content-type': 'application/json', 'x-jupyterhub-version': '3.0.0' });
    answer.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}
