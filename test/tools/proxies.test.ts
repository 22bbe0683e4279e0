import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makePlan } from '../../src/plan.ts';
import { parseSettings } from '../../src/settings/settings.ts';
import { makeFacts } from '../facts-fixture.ts';

const LOOPBACK = 'localhost,127.0.0.1,::1';

function plan(environment: Readonly<Record<string, string>>) {
  const { environment: added, ...made } = makePlan({
    ...parseSettings(environment),
    facts: makeFacts(),
    environment,
    command: [],
  });
  const own = Object.fromEntries(Object.entries(added).filter(([name]) => /^(https?|no)_proxy$/i.test(name)));
  return {
    added: own,
    warnings: made.warnings,
    notes: made.notes.filter(({ tool }) => tool === 'proxies').map(({ text }) => text),
  };
}

describe('proxies', () => {
  test('need nothing where none is given', () => {
    assert.deepEqual(plan({}).added, {});
    assert.deepEqual(plan({ HTTP_PROXY: '', https_proxy: '' }).added, {});
  });

  for (const [given, upper, lower] of [
    ['HTTP_PROXY', 'HTTP_PROXY', 'http_proxy'],
    ['http_proxy', 'HTTP_PROXY', 'http_proxy'],
    ['https_proxy', 'HTTPS_PROXY', 'https_proxy'],
  ] as const) {
    test(`are there in both cases when ${given} is given, and not for the container itself`, () => {
      const url = 'http://proxy.example:3128';
      assert.deepEqual(plan({ [given]: url }).added, {
        [upper]: url,
        [lower]: url,
        NO_PROXY: LOOPBACK,
        no_proxy: LOOPBACK,
      });
    });
  }

  test('are left as they are where both cases are given, and that is said where they differ', () => {
    const given = {
      HTTP_PROXY: 'http://a.example:1',
      http_proxy: 'http://b.example:1',
      NO_PROXY: 'localhost',
    };
    const { added, warnings } = plan(given);
    assert.deepEqual(added, { HTTP_PROXY: given.HTTP_PROXY, NO_PROXY: 'localhost', no_proxy: 'localhost' });
    assert.deepEqual(warnings, ['proxies: http_proxy is already set in the container: left alone']);
    assert.deepEqual(plan({ ...given, http_proxy: given.HTTP_PROXY }).warnings, []);
  });

  test('an empty variable counts as absent', () => {
    const { added } = plan({ HTTP_PROXY: '', http_proxy: 'http://b.example:1', NO_PROXY: '*' });
    assert.equal(added['HTTP_PROXY'], 'http://b.example:1');
  });

  test('keep the NO_PROXY that is given, and say where it lacks the container itself', () => {
    const proxy = { HTTPS_PROXY: 'http://proxy.example:3128' };
    const { added, warnings } = plan({ ...proxy, no_proxy: '.svc,10.0.0.0/8' });
    assert.deepEqual([added['NO_PROXY'], added['no_proxy']], ['.svc,10.0.0.0/8', '.svc,10.0.0.0/8']);
    assert.deepEqual(warnings, [
      'proxies: NO_PROXY lacks localhost: requests to this container’s own services go to the proxy',
    ]);
    for (const spared of ['*', 'localhost', 'a.example, 127.0.0.1', '127.0.0.0/8'])
      assert.deepEqual(plan({ ...proxy, NO_PROXY: spared }).warnings, [], spared);
  });

  test('are there in both cases for hosts alone', () => {
    assert.deepEqual(plan({ no_proxy: '.svc' }).added, { NO_PROXY: '.svc', no_proxy: '.svc' });
  });

  test('are said without their credentials', () => {
    for (const url of ['http://ada:hunter2@proxy.example:3128', 'ada:hunter2@proxy.example:3128']) {
      const { notes, added } = plan({ HTTP_PROXY: url });
      assert.equal(added['http_proxy'], url);
      assert.match(notes.join(), /^http by (http:\/\/)?\*\*\*@proxy\.example:3128, not for localhost/);
    }
  });
});
