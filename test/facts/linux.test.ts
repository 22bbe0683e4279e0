import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDistribution } from '../../src/facts/linux.ts';

for (const [what, text, distribution] of [
  ['Debian', 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n', 'bookworm'],
  ['Ubuntu', 'ID=ubuntu\nVERSION_ID="24.04"\nVERSION_CODENAME="noble"\nUBUNTU_CODENAME=noble\n', 'noble'],
  ['Red Hat', 'ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\n', 'rhel9'],
  ['Rocky Linux', 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.10"\n', 'rhel8'],
  ['Fedora, for which nothing is built', 'ID=fedora\nVERSION_ID=40\nVERSION_CODENAME=""\n', undefined],
  ['Debian unstable, which has no number and no name', 'ID=debian\n', undefined],
  ['no such file', '', undefined],
  ['a name that is none', 'VERSION_CODENAME="x/../y"\n', undefined],
] as const) {
  test(`the distribution that packages are built for: ${what}`, () =>
    assert.equal(parseDistribution(text), distribution));
}
