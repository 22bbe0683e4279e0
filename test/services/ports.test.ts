import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findPortClash } from '../../src/services/ports.ts';
import { parseSettings } from '../../src/settings/settings.ts';
import { ADA, makeDefinition } from '../facts-fixture.ts';

type Json = Readonly<Record<string, unknown>>;

const SHIPPED = join(import.meta.dirname, '../../services.d');

function readShipped(name: string): Json {
  return JSON.parse(readFileSync(join(SHIPPED, name, 'service.json'), 'utf8'));
}

function clash(environment: Readonly<Record<string, string>>, name: string, json?: Json) {
  const origin = json === undefined ? 'shipped' : 'image';
  const definition = makeDefinition(name, json ?? readShipped(name), { origin });
  const { settings } = parseSettings(environment);
  return findPortClash([{ definition, user: ADA }], settings, environment);
}

describe('LINTEL_HTTP on the port of a service', () => {
  for (const [name, port, variable] of [
    ['jupyter', 8888, 'LINTEL_JUPYTER_PORT'],
    ['code-server', 8080, 'LINTEL_CODE_SERVER_PORT'],
    ['rstudio', 8787, 'LINTEL_RSTUDIO_PORT'],
    ['x11vnc', 5900, 'LINTEL_X11VNC_PORT'],
    ['novnc', 6080, 'LINTEL_NOVNC_PORT'],
    ['sshd', 2222, 'LINTEL_SSHD_PORT'],
  ] as const) {
    test(`is refused for ${name}`, () => {
      assert.deepEqual(clash({ LINTEL_HTTP: String(port) }, name), [
        {
          what: 'LINTEL_HTTP',
          seen: `port ${port}, which service ${name} listens on`,
          expected: 'a port that no service has',
          fatal: true,
        },
      ]);
      assert.equal(clash({ LINTEL_HTTP: '9180', [variable]: '9180' }, name).length, 1);
      assert.equal(clash({ LINTEL_HTTP: String(port), [variable]: '9180' }, name).length, 0);
      assert.equal(clash({}, name).length, 0);
    });
  }

  for (const [what, ready, expected] of [
    ['a port', { tcp: 9180 }, 1],
    ['a port of an address', { tcp: 'localhost:9180' }, 1],
    ['a page', { http: 'http://[::1]:9180/up' }, 1],
    ['a page of another machine', { http: 'http://db.example:9180/' }, 0],
    ['another machine', { tcp: 'db.example:9180' }, 0],
    ['a file', { file: '/tmp/9180' }, 0],
    ['what is no URL', { http: '${NOWHERE}' }, 0],
  ] as const) {
    test(`is looked for where a service of the image is asked whether it is ready: ${what}`, () => {
      assert.equal(clash({ LINTEL_HTTP: '9180' }, 'web', { ready }).length, expected);
    });
  }

  test('is found on the address of LINTEL_BIND, and on a hub’s port', () => {
    const bind = { LINTEL_BIND: '10.1.2.3', LINTEL_PROBE_HOST: '10.1.2.3', LINTEL_HTTP: '8888' };
    assert.equal(clash(bind, 'jupyter').length, 1);
    const hub = { JUPYTERHUB_SERVICE_URL: 'http://127.0.0.1/user/ada/', LINTEL_HTTP: '80' };
    assert.equal(clash(hub, 'jupyter').length, 1);
    assert.equal(clash({ ...hub, LINTEL_HTTP: '8888' }, 'jupyter').length, 0);
  });
});
