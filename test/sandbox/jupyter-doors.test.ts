import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { findFreePort } from '../../dev/free-port.ts';
import { type Browser, openBrowser } from './browser.ts';
import { STARTS, startContainer, WORKBENCH_USER, whyNot } from './container.ts';
import { assertUnseen, findProcess, listInside, readPassword } from './inside.ts';
import { JUPYTER_PROGRAMS, startJupyter } from './jupyter-container.ts';

/** Who gets into the shipped jupyter, where it is, and what it opens, with Debian's Notebook 6 and Jupyter Server 1. */
const NEEDS = { programs: JUPYTER_PROGRAMS };
const WITH_JUPYTER = { skip: whyNot(NEEDS) };
const AS_USER = { user: WORKBENCH_USER };
/** JupyterLab is Jupyter Server with pages of its own: Debian has only the server. */
const LAB = { '/srv/bin/jupyter-lab': '#!/bin/sh\nexec /usr/bin/jupyter-server "$@"\n' };
const PROGRAMS = [
  { program: 'jupyter-notebook', files: {} },
  { program: 'jupyter-server', files: LAB },
] as const;

for (const { how, options, isRoot } of STARTS) {
  for (const { program, files } of PROGRAMS) {
    test(`${program} lets in by the workbench user’s password and by nothing else, ${how}`, {
      skip: whyNot({ ...NEEDS, isRoot }),
    }, async t => {
      const { container, browser, port } = await startJupyter(t, {}, { ...options, files });
      await container.waitFor(/jupyter is ready/);
      const password = await readPassword(container);
      assert.match(password, /^[a-zA-Z2-9]{24}$/);
      const seen = await findProcess(container, new RegExp(`${program} --no-browser`));
      assert.equal(seen?.uid, 1000);

      assert.equal(await look(browser), 403);
      assert.equal(await look(browser, { authorization: 'token wrong' }), 403);
      assert.equal((await browser.get('/login')).status, 200);
      assert.equal((await browser.post('/login', { password: 'wrong' })).status, 401);
      assert.equal((await browser.post('/login', { password: '' })).status, 401);
      assert.equal(await look(browser), 403);
      assert.equal((await browser.post('/login', { password })).status, 302);
      assert.equal(await look(browser), 200);

      const another = openBrowser(port);
      assert.equal(await look(another, { authorization: `token ${password}` }), 200);
      assert.equal((await another.get(`/api/contents?token=${password}`)).status, 200);
      await assertUnseen(container, password);
      await container.signal('SIGTERM');
      await container.end();
      assert.ok(!container.output().includes(password));
    });
  }
}

const RUNTIME_FOLDERS = {
  'started as root': '/run/user/1000',
  'started as uid 1000': '/tmp/lintel-1000/xdg',
};

for (const { how, options, isRoot } of STARTS) {
  test(`jupyter keeps what it writes for itself out of the home, ${how}`, {
    skip: whyNot({ ...NEEDS, isRoot }),
  }, async t => {
    const { container } = await startJupyter(t, {}, options);
    await container.waitFor(/jupyter is ready/);
    const written = await listInside(container, `${RUNTIME_FOLDERS[how]}/jupyter`);
    assert.match(written.join(' '), /cookie_secret/);
    assert.deepEqual(await listInside(container, '/home/lintel/.local/share/jupyter/runtime'), []);
  });
}

test('jupyter started as root follows no link that was planted where it keeps its logins', {
  skip: whyNot({ ...NEEDS, isRoot: true }),
}, async t => {
  const plant = '#!/bin/sh\nmkdir /home/lintel/planted\nln -s /home/lintel/planted /tmp/jupyter\n';
  const { container } = await startJupyter(
    t,
    { LINTEL_SERVICE_USER: 'root', XDG_RUNTIME_DIR: '/tmp' },
    { user: { uid: 0, gid: 0 }, files: { '/etc/cont-init.d/50-plant': plant } },
  );
  await container.waitFor(/jupyter is ready/);
  assert.deepEqual(await listInside(container, '/home/lintel/planted'), []);
  assert.match((await listInside(container, '/run/lintel/jupyter')).join(' '), /cookie_secret/);
});

describe('jupyter', WITH_JUPYTER, () => {
  test('takes PASSWORD', async t => {
    const password = 'p w"$(id)\'&%ä';
    const { container, browser } = await startJupyter(t, { PASSWORD: password });
    await container.waitFor(/jupyter is ready/);
    await browser.get('/login');
    assert.equal((await browser.post('/login', { password })).status, 302);
    assert.equal(await look(browser), 200);
    await assertUnseen(container, password);
  });

  for (const [what, environment] of [
    ['JUPYTER_TOKEN', { JUPYTER_TOKEN: 'the-container-s' }],
    ['JUPYTER_TOKEN_FILE', { JUPYTER_TOKEN_FILE: '/srv/token' }],
  ] as const) {
    test(`takes the container’s ${what} instead of the password`, async t => {
      const files = { '/srv/token': 'the-container-s' };
      const { container, browser } = await startJupyter(t, environment, { files });
      await container.waitFor(/jupyter is ready/);
      assert.equal(await look(browser, { authorization: `token ${await readPassword(container)}` }), 403);
      assert.equal(await look(browser, { authorization: 'token the-container-s' }), 200);
    });
  }

  for (const [what, environment, files] of [
    ['JUPYTER_TOKEN_FILE is empty', { JUPYTER_TOKEN_FILE: '/srv/token' }, { '/srv/token': '' }],
    ['JUPYTER_TOKEN_FILE is a newline', { JUPYTER_TOKEN_FILE: '/srv/token' }, { '/srv/token': '\n' }],
    ['JUPYTER_TOKEN_FILE is not there', { JUPYTER_TOKEN_FILE: '/srv/token' }, {}],
    [
      'the password is gone',
      {},
      { '/etc/cont-init.d/10-empty': '#!/bin/sh\n: > "$LINTEL_RUNTIME_DIR/secrets/password"\n' },
    ],
  ] as const) {
    test(`stays closed where ${what}`, async t => {
      const { container } = await startJupyter(t, environment, { files });
      const [, path] = await container.waitFor(
        /jupyter \| Cannot ask for a password: (\S+) holds none, expected one, or LINTEL_AUTH=none/,
      );
      assert.match(
        path ?? '',
        'JUPYTER_TOKEN_FILE' in environment ? /^\/srv\/token$/ : /\/secrets\/password$/,
      );
      assert.doesNotMatch(container.output(), /is running at/);
    });
  }

  test('also lets in by the password that its user gave it', async t => {
    // jupyter_server.auth.passwd("mine", algorithm="sha1")
    const hash = 'sha1:0123456789ab:dcc11072ac25e7a44501e8aa5869cccbdf2e3203';
    const { container, browser, port } = await startJupyter(
      t,
      {},
      {
        files: {
          '/home/lintel/.jupyter/jupyter_notebook_config.json': JSON.stringify({
            NotebookApp: { password: hash },
          }),
        },
      },
    );
    await container.waitFor(/jupyter is ready/);
    await browser.get('/login');
    assert.equal((await browser.post('/login', { password: 'wrong' })).status, 401);
    assert.equal((await browser.post('/login', { password: 'mine' })).status, 302);
    const another = openBrowser(port);
    await another.get('/login');
    assert.equal((await another.post('/login', { password: await readPassword(container) })).status, 302);
  });

  for (const { program, files } of PROGRAMS) {
    test(`asks for nothing with LINTEL_AUTH=none, below the path that NB_PREFIX names, behind a proxy: ${program}`, async t => {
      const { container, browser, port } = await startJupyter(
        t,
        { LINTEL_AUTH: 'none', NB_PREFIX: '/notebook/ada/desk', JUPYTER_TOKEN: 'not asked for' },
        { files },
      );
      await container.waitFor(/jupyter is ready/);
      const host = 'kubeflow.example';
      assert.equal((await browser.get('/notebook/ada/desk/api/contents', { host })).status, 200);
      assert.equal((await browser.get('/api/contents')).status, 404);
      assert.match(container.output(), /warning: LINTEL_AUTH=none: jupyter lets in whoever/);
      const elsewhere = await openBrowser(port).post('/notebook/ada/desk/api/kernels', {});
      assert.equal(elsewhere.status, 403, 'another site’s page could start one');
    });
  }

  test('goes by no NB_PREFIX that can’t be used', async t => {
    const { container, browser } = await startJupyter(t, { NB_PREFIX: '/note book?x' });
    await container.waitFor(/error: Cannot use NB_PREFIX: /);
    await container.waitFor(/jupyter is ready/);
    assert.equal((await browser.get('/api')).status, 200);
  });

  test('is ready below NB_PREFIX=/, which is none', async t => {
    const { container, browser } = await startJupyter(t, { NB_PREFIX: '/' });
    await container.waitFor(/jupyter is ready/);
    assert.equal((await browser.get('/api')).status, 200);
  });

  test('does not move to another port when its own is taken', async t => {
    const port = await findFreePort();
    const other = createServer(socket => socket.destroy()).listen(port, '127.0.0.1');
    await once(other, 'listening');
    t.after(() => other.close());
    const { container } = await startJupyter(t, { LINTEL_JUPYTER_PORT: String(port) });
    await container.waitFor(/jupyter \| .*port \d+ is already in use/);
    await container.waitFor(/warning: jupyter exited with code 1/);
    assert.doesNotMatch(container.output(), /running at|jupyter is ready/);
  });

  test('takes no link of Kubernetes’ for its port, whatever a Service is called', async t => {
    const container = startContainer(t, ['/init'], {
      ...AS_USER,
      environment: {
        LINTEL_SERVICES: 'jupyter',
        LINTEL_JUPYTER_PORT: 'tcp://10.0.0.1:80',
        LINTEL_JUPYTER_PORT_80_TCP: 'tcp://10.0.0.1:80',
        LINTEL_JUPYTER_SERVICE_HOST: '10.0.0.1',
        LINTEL_JUPYTER_SERVICE_PORT: '80',
        JUPYTER_PORT: 'tcp://10.0.0.1:80',
        NB_PREFIX: '/notebook/ada/desk',
      },
    });
    await container.waitFor(/jupyter is ready/);
    assert.ok(await findProcess(container, /--port=8888/));
    assert.doesNotMatch(container.output(), /lintel: (warning|error)/);
  });

  for (const [what, environment, root] of [
    ['HOME', {}, ['own']],
    ['HOME where the folder named is not there', { ROOT_PROJECT_DIRECTORY: '/no/such' }, ['own']],
    ['WORKSPACE_DIR', { WORKSPACE_DIR: '/home/lintel/own' }, ['a.txt']],
    [
      'ROOT_PROJECT_DIRECTORY first',
      { ROOT_PROJECT_DIRECTORY: '/home/lintel/own', WORKSPACE_DIR: '/usr' },
      ['a.txt'],
    ],
  ] as const) {
    test(`opens ${what}`, async t => {
      const { container, browser } = await startJupyter(t, environment, {
        files: { '/home/lintel/own/a.txt': '' },
      });
      await container.waitFor(/jupyter is ready/);
      const authorization = `token ${await readPassword(container)}`;
      const { text } = await browser.get('/api/contents', { authorization });
      const { content } = JSON.parse(text) as { content: { name: string }[] };
      assert.deepEqual(
        content.map(({ name }) => name),
        root,
      );
    });
  }

  test('opens what its user’s own file says', async t => {
    const { container, browser } = await startJupyter(
      t,
      { WORKSPACE_DIR: '/usr' },
      {
        files: {
          '/home/lintel/own/a.txt': '',
          '/home/lintel/.jupyter/jupyter_notebook_config.py':
            "c.NotebookApp.notebook_dir = '/home/lintel/own'\n",
        },
      },
    );
    await container.waitFor(/jupyter is ready/);
    const authorization = `token ${await readPassword(container)}`;
    assert.match((await browser.get('/api/contents', { authorization })).text, /a\.txt/);
  });

  test('is run as root only where it has to be', { skip: whyNot({ ...NEEDS, isRoot: true }) }, async t => {
    const { container } = await startJupyter(
      t,
      { LINTEL_SERVICE_USER: 'root' },
      { user: { uid: 0, gid: 0 } },
    );
    await container.waitFor(/jupyter is ready/);
    const asRoot = await findProcess(container, /jupyter-notebook/);
    assert.match(asRoot?.command ?? '', /--allow-root/);
    assert.equal(asRoot?.uid, 0);
  });
});

/** The status of what only those see who are let in. */
async function look(browser: Browser, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return (await browser.get('/api/contents', headers)).status;
}
