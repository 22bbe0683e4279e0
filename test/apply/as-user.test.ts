import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { asUser } from '../../src/apply/as-user.ts';
import { NEEDS_ROOT } from '../rig.ts';

const ADA = { uid: 1000, gid: 1000, groups: [44] };
const ids = () => [process.geteuid?.(), process.getegid?.(), process.getgroups?.()];

test('what is done as a user is done with that user’s rights alone, and root is back afterwards', {
  skip: NEEDS_ROOT,
}, t => {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-as-user-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const root = ids();
  writeFileSync(`${folder}/roots`, 'secret', { mode: 0o600 });
  chmodSync(folder, 0o755);
  assert.throws(() => asUser(ADA, () => writeFileSync(`${folder}/roots`, 'taken')), { code: 'EACCES' });
  assert.deepEqual(ids(), root);
  chownSync(folder, ADA.uid, ADA.gid);
  const seen = asUser(ADA, () => {
    writeFileSync(`${folder}/adas`, '');
    return ids();
  });
  assert.deepEqual(seen, [1000, 1000, [44, 1000]]);
  const { uid, gid } = statSync(`${folder}/adas`);
  assert.deepEqual([uid, gid], [1000, 1000]);
  assert.deepEqual(ids(), root);
});
