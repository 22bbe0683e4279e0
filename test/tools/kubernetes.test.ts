import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kubernetes } from '../../src/tools/kubernetes.ts';
import { makeFacts, makeSettings } from '../facts-fixture.ts';

const configure = (found: Parameters<typeof makeFacts>[0]) =>
  kubernetes.configure(makeSettings({}), makeFacts(found));

test('a pod’s variables say which one it is, where the container does not say it itself', () => {
  assert.deepEqual(
    configure({ kubernetes: { namespace: 'user-ada', serviceAccount: 'jupyter' } })?.defaults,
    {
      KUBERNETES_NAMESPACE: 'user-ada',
      KUBERNETES_SERVICE_ACCOUNT: 'jupyter',
    },
  );
  assert.deepEqual(
    configure({ kubernetes: { namespace: 'user-ada', serviceAccount: undefined } })?.defaults,
    {
      KUBERNETES_NAMESPACE: 'user-ada',
    },
  );
});

test('elsewhere nothing is set', () => {
  assert.equal(configure({ kubernetes: { namespace: undefined, serviceAccount: undefined } }), undefined);
});
