import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  makeHealth,
  makeProbeSchema,
  makeReadiness,
  PROBE_EXPECTED,
  PROBE_FIELDS,
  parseAddress,
} from '../../src/definitions/probe-schema.ts';

const SCHEMA = makeProbeSchema();

describe('what service.json says of readiness', () => {
  const LATE = { intervalMs: undefined, timeoutMs: 300_000 };
  for (const [json, readiness] of [
    [{ http: 'http://127.0.0.1:8888/api' }, { probe: { http: 'http://127.0.0.1:8888/api' }, ...LATE }],
    [{ tcp: 5900 }, { probe: { tcp: 5900 }, ...LATE }],
    [{ tcp: '[::1]:5900' }, { probe: { tcp: '[::1]:5900' }, ...LATE }],
    [{ socket: '/tmp/.X11-unix/X1' }, { probe: { socket: '/tmp/.X11-unix/X1' }, ...LATE }],
    [{ file: '/run/up' }, { probe: { file: '/run/up' }, ...LATE }],
    [{ exec: ['pg_isready', '', '-q'] }, { probe: { exec: ['pg_isready', '', '-q'] }, ...LATE }],
    [{ notifyFd: 3 }, { probe: { notifyFd: 3 }, ...LATE }],
    [
      { tcp: 1, intervalMs: 10, timeoutMs: 1 },
      { probe: { tcp: 1 }, intervalMs: 10, timeoutMs: 1 },
    ],
  ] as const) {
    test(`${JSON.stringify(json)} is understood`, () => {
      assert.deepEqual(makeReadiness(SCHEMA.ready.parse(json)), readiness);
    });
  }
});

describe('what service.json says of health', () => {
  for (const [json, health] of [
    [{ tcp: 65_535 }, { probe: { tcp: 65_535 }, intervalMs: 10_000, failures: 3 }],
    [
      { exec: ['true'], intervalMs: 86_400_000, failures: 1 },
      { probe: { exec: ['true'] }, intervalMs: 86_400_000, failures: 1 },
    ],
  ] as const) {
    test(`${JSON.stringify(json)} is understood`, () => {
      assert.deepEqual(makeHealth(SCHEMA.health.parse(json)), health);
    });
  }
});

describe('a probe may hold variables', () => {
  for (const json of [
    { http: 'http://127.0.0.1:${PORT}/api' },
    { http: 'http://127.0.0.1:${PORT:-8888}${NB_PREFIX}/api' },
    { http: '${URL}' },
    { http: '${URL%/}/api' },
    { http: '${URL:-${OTHER_URL}}' },
    { http: '${URL:-http://${HOST:-127.0.0.1}:${PORT:-8888}${PREFIX%/}/}api' },
    { http: '${BASE:-http://127.0.0.1:1}/api' },
    { http: 'https://user:${PASSWORD}@localhost' },
    { tcp: '${PORT}' },
    { tcp: '${HOST:-127.0.0.1}:${PORT:-8888}' },
    { tcp: '[${ADDRESS:-::1}]:80' },
    { socket: '${XDG_RUNTIME_DIR}/x' },
    { file: '${HOME}/.up' },
    { exec: ['${TOOL}', '${PORT}'] },
  ]) {
    test(`as ${JSON.stringify(json)}`, () => {
      assert.deepEqual(SCHEMA.ready.safeParse(json).error?.issues, undefined);
      assert.deepEqual(SCHEMA.health.safeParse(json).error?.issues, undefined);
    });
  }
});

/** Field, what stands there, and the place of the problem, whose expectation has to be a sentence of its own. */
const WRONG: readonly (readonly ['ready' | 'health', unknown, string])[] = [
  ['ready', true, 'ready'],
  ['ready', {}, 'ready'],
  ['ready', { intervalMs: 100 }, 'ready'],
  ['ready', { tcp: 1, http: 'http://localhost' }, 'ready'],
  ['ready', { tcp: 1, notifyFd: 3 }, 'ready'],
  ['health', {}, 'health'],
  ['health', { file: '/a', exec: ['true'] }, 'health'],
  ['ready', { http: '' }, 'ready.http'],
  ['ready', { http: 8888 }, 'ready.http'],
  ['ready', { http: '/api' }, 'ready.http'],
  ['ready', { http: 'ftp://localhost' }, 'ready.http'],
  ['ready', { http: 'http:/localhost' }, 'ready.http'],
  ['ready', { http: 'http://localhost:99999' }, 'ready.http'],
  ['health', { http: '${SCHEME:-ftp}://localhost' }, 'health.http'],
  ['ready', { tcp: 0 }, 'ready.tcp'],
  ['ready', { tcp: 65_536 }, 'ready.tcp'],
  ['ready', { tcp: 80.5 }, 'ready.tcp'],
  ['ready', { tcp: 'localhost' }, 'ready.tcp'],
  ['ready', { tcp: 'localhost:' }, 'ready.tcp'],
  ['ready', { tcp: '::1:80' }, 'ready.tcp'],
  ['ready', { tcp: 'tcp://localhost:80' }, 'ready.tcp'],
  ['ready', { tcp: 'localhost:65536' }, 'ready.tcp'],
  ['health', { tcp: '' }, 'health.tcp'],
  ['ready', { socket: 'run/x' }, 'ready.socket'],
  ['ready', { socket: '' }, 'ready.socket'],
  ['health', { file: '~/x' }, 'health.file'],
  ['ready', { exec: 'true' }, 'ready.exec'],
  ['ready', { exec: [] }, 'ready.exec'],
  ['ready', { exec: [''] }, 'ready.exec'],
  ['ready', { exec: ['sleep', 5] }, 'ready.exec'],
  ['ready', { notifyFd: 2 }, 'ready.notifyFd'],
  ['ready', { notifyFd: 1024 }, 'ready.notifyFd'],
  ['ready', { notifyFd: '3' }, 'ready.notifyFd'],
  ['ready', { tcp: 1, intervalMs: 9 }, 'ready.intervalMs'],
  ['ready', { tcp: 1, timeoutMs: 0 }, 'ready.timeoutMs'],
  ['ready', { tcp: 1, timeoutMs: '5m' }, 'ready.timeoutMs'],
  ['health', { tcp: 1, intervalMs: 86_400_001 }, 'health.intervalMs'],
  ['health', { tcp: 1, failures: 0 }, 'health.failures'],
  ['health', { tcp: 1, failures: 1001 }, 'health.failures'],
];

describe('a problem is found', () => {
  for (const [field, json, place] of WRONG) {
    test(`in ${place} of ${JSON.stringify({ [field]: json })}`, () => {
      const [issue] = SCHEMA[field].safeParse(json).error?.issues ?? [];
      assert.ok(issue !== undefined, 'nothing was found');
      const found = [field, ...issue.path.slice(0, 1)].join('.');
      assert.equal(found, place);
      assert.match(PROBE_EXPECTED[found] ?? '', /\w+ \w+/);
    });
  }

  test('where the other one’s fields are used', () => {
    for (const [field, json, keys] of [
      ['ready', { tcp: 1, failures: 3 }, ['failures']],
      ['health', { tcp: 1, timeoutMs: 3, notifyFd: 3 }, ['timeoutMs', 'notifyFd']],
    ] as const) {
      const [issue] = SCHEMA[field].safeParse(json).error?.issues ?? [];
      assert.deepEqual(issue?.code === 'unrecognized_keys' && issue.keys, keys);
    }
  });
});

test('the lists of fields are those of the schemas', () => {
  for (const field of ['ready', 'health'] as const)
    assert.deepEqual([...PROBE_FIELDS[field]].sort(), Object.keys(SCHEMA[field].shape).sort());
});

describe('an address', () => {
  for (const [text, address] of [
    ['8888', { host: '127.0.0.1', port: 8888 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['10.0.0.1:80', { host: '10.0.0.1', port: 80 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['[fe80::1%eth0]:80', { host: 'fe80::1%eth0', port: 80 }],
    ['my_host-1.example:65535', { host: 'my_host-1.example', port: 65_535 }],
    ['host:0', undefined],
    ['host:65536', undefined],
    ['host:80 ', undefined],
    [':80', undefined],
    ['host', undefined],
    ['', undefined],
  ] as const) {
    test(`${JSON.stringify(text)} ${address === undefined ? 'is none' : 'is understood'}`, () => {
      assert.deepEqual(parseAddress(text), address);
    });
  }
});
