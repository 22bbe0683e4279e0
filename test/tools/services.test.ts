import assert from 'node:assert/strict';
import { test } from 'node:test';
import { services } from '../../src/tools/services.ts';
import { makeFacts, makeSettings } from '../facts-fixture.ts';

const ROWS = [
  ['127.0.0.1', '127.0.0.1'],
  ['10.1.2.3', '10.1.2.3'],
  ['::', '[::1]'],
  ['fd00::1', '[fd00::1]'],
] as const;

for (const [bind, host] of ROWS) {
  test(`what listens on ${bind} is asked at ${host}`, () => {
    assert.deepEqual(services.configure(makeSettings({ LINTEL_BIND: bind }), makeFacts())?.env, {
      LINTEL_PROBE_HOST: host,
    });
  });
}

test('what listens everywhere is asked where probes look by themselves', () => {
  assert.equal(services.configure(makeSettings({ LINTEL_BIND: '0.0.0.0' }), makeFacts()), undefined);
  assert.equal(services.configure(makeSettings({}), makeFacts()), undefined);
});

for (const [resolution, screen] of [
  ['1920x1080', '1920x1080x24'],
  ['1024x768x16', '1024x768x16'],
  ['1024x768x32', '1024x768x24'],
  ['64x16384', '64x16384x24'],
] as const) {
  test(`RESOLUTION=${resolution} is ${screen} to an X server`, () => {
    const made = services.configure(makeSettings({ RESOLUTION: resolution }), makeFacts());
    assert.deepEqual(made?.env, { LINTEL_SCREEN: screen });
  });
}

test('services have NB_PREFIX and sshd’s switches as they were understood, and nothing of what was not', () => {
  const given = {
    NB_PREFIX: '/notebook/ada',
    SSH_ENABLE_PASSWORD_AUTH: ' No ',
    TCP_FORWARDING: 'true',
    GATEWAY_PORTS: '',
    DISABLE_SFTP: '0',
  };
  assert.deepEqual(services.configure(makeSettings(given), makeFacts())?.env, {
    LINTEL_NB_PREFIX: '/notebook/ada',
    LINTEL_SSHD_FLAGS: 'SSH_ENABLE_PASSWORD_AUTH=0 TCP_FORWARDING=1 DISABLE_SFTP=0',
  });
});
