import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { execa } from 'execa';
import { photograph } from '../chromium.ts';
import { type Container, whyNot } from './container.ts';
import { ADDRESS, assertQuiet, PORT, visit, waitForHeadline, watchWorkbench } from './status-page.ts';

/** The status page below a path, behind proxies that take the path away and such that leave it there. */
const NGINX = '/usr/sbin/nginx';
/** JupyterHub's proxy is Node's; Debian keeps its libraries where only Debian's Node looks by itself. */
const HUB_PROXY = '/usr/share/nodejs/configurable-http-proxy/bin/configurable-http-proxy';
const HUB_LIBRARIES = { NODE_PATH: '/usr/share/nodejs' };
const FILES = { '/etc/services.d/one/run': '#!/bin/sh\nexec sleep 9999\n' };
const PREFIX = '/user/ada';
const skip = whyNot({ isRoot: true, programs: ['/usr/bin/chromium', NGINX] });
const needsHub = skip || whyNot({ programs: [HUB_PROXY] });

/** A program of this machine in the container's network, until the test ends. */
async function runBeside(
  t: TestContext,
  container: Container,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const network = `--net=/proc/${await container.pid()}/ns/net`;
  const proxy = execa('nsenter', [network, '--', ...command], { reject: false, env, all: true });
  t.after(async () => {
    proxy.kill('SIGKILL');
    await proxy;
  });
  proxy.then(({ all, isTerminated }) => {
    if (!isTerminated) t.diagnostic(`${command[0]} has ended: ${all}`);
  });
}

/** The page is live there, its links lead somewhere, and nothing was asked of anybody else. */
async function assertWorks(
  watched: Awaited<ReturnType<typeof watchWorkbench>>,
  address: string,
): Promise<void> {
  const { page } = watched;
  await visit(page, address);
  await waitForHeadline(page, 'The workbench is ready');
  for (const name of ['status.json', 'healthz', 'readyz']) {
    const status = await page.evaluate<number>(
      `fetch(document.querySelector('[data-path="${name}"]').href).then(answer => answer.status)`,
    );
    assert.equal(status, 200, `${name} from ${address}`);
  }
  assertQuiet(watched, address);
}

async function startNginx(t: TestContext, container: Container): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lintel-nginx-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const upstream = `http://127.0.0.1:${PORT}`;
  const file = join(folder, 'nginx.conf');
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${folder}/${name};`,
  );
  await writeFile(
    file,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    events {}
    http {
      access_log off; gzip on; gzip_types *; gzip_min_length 0; ${places.join(' ')}
      server {
        listen 127.0.0.1:8081;
        location /taken/away/ { proxy_pass ${upstream}/; }
        location = /bare { proxy_pass ${upstream}/; }
        location /bare/ { proxy_pass ${upstream}/; }
        location ${PREFIX} { proxy_pass ${upstream}; }
      }
    }`,
  );
  await runBeside(t, container, [NGINX, '-p', folder, '-c', file]);
}

test('the page works behind nginx, below a path that it takes away or leaves there', { skip }, async t => {
  const watched = await watchWorkbench(t, { files: FILES, environment: { LINTEL_HTTP_PREFIX: PREFIX } });
  await startNginx(t, watched.container);
  const origin = 'http://127.0.0.1:8081';
  // Without the slash: nginx sends the first there, the second is itself the page, and the third Lintel corrects.
  for (const path of ['/taken/away', '/taken/away/', '/bare', '/bare/', PREFIX, `${PREFIX}/`])
    await assertWorks(watched, `${origin}${path}`);
  // Beside the proxy there is no path.
  await assertWorks({ ...watched, asked: [] }, ADDRESS);
});

test('the page works behind JupyterHub’s proxy, which leaves the path there', { skip: needsHub }, async t => {
  const watched = await watchWorkbench(t, { files: FILES, environment: { LINTEL_HTTP_PREFIX: PREFIX } });
  const target = `http://127.0.0.1:${PORT}`;
  await runBeside(
    t,
    watched.container,
    [
      ...[process.execPath, HUB_PROXY, '--ip', '127.0.0.1', '--port', '8082'],
      ...['--api-ip', '127.0.0.1', '--api-port', '8083', '--default-target', target],
    ],
    HUB_LIBRARIES,
  );
  for (const path of [PREFIX, `${PREFIX}/`]) await assertWorks(watched, `http://127.0.0.1:8082${path}`);
});

test('behind a login, as jupyter-server-proxy’s, the page says when the session has ended', {
  skip,
}, async t => {
  const watched = await watchWorkbench(t, { files: FILES });
  const { page, container, complaints } = watched;
  const program = join(import.meta.dirname, 'fixtures/session-proxy.ts');
  await runBeside(t, container, [process.execPath, program, '8084']);
  const origin = 'http://127.0.0.1:8084';
  await assertWorks(watched, `${origin}/user/ada/proxy/${PORT}`);
  assert.equal(page.url(), `${origin}/user/ada/proxy/${PORT}/`);
  await page.evaluate(`fetch('/logout')`);
  await page.waitForSelector('#notice:has-text("a session may have ended")');
  await photograph(page, 'status page without a session');
  assert.deepEqual(complaints, []);
});

/** As it goes out, and behind a proxy that compresses. */
test('the page is one answer that nobody keeps, with a policy that allows nothing but itself', {
  skip,
}, async t => {
  const { page } = await watchWorkbench(t, { files: FILES });
  await visit(page);
  const answer = await page.goto(ADDRESS);
  const headers = answer?.headers() ?? {};
  assert.match(
    headers['content-security-policy'] ?? '',
    /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'$/,
  );
  assert.equal(headers['cache-control'], 'no-store');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  const refused = await page.evaluate<string>(`(() => {
    try {
      document.body.innerHTML = '<b>x</b>';
      return 'nothing';
    } catch (error) {
      return error.name;
    }
  })()`);
  assert.equal(refused, 'TypeError');
  const violation = page.evaluate<string>(
    `new Promise(resolve => addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective)))`,
  );
  await page.evaluate(
    `document.head.append(Object.assign(document.createElement('style'), { textContent: 'a{}' }))`,
  );
  assert.equal(await violation, 'style-src-elem');
});
