import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ONYXIA_VARIABLES } from '../../src/settings/onyxia-variables.ts';
import { S6_VARIABLES } from '../../src/settings/s6-variables.ts';
import { SECRETS, VARIABLES } from '../../src/settings/variables.ts';
import { type BootOptions, makeRoot, NEEDS_ROOT } from '../rig.ts';

/*
 * Images bake in empty variables, and charts leave them empty where somebody filled nothing in. To Lintel that is as if
 * they were not there at all; whom it starts gets them as they were given.
 */
const NAMES = [
  ...Object.values(VARIABLES).flatMap(({ names }) => [...names]),
  ...SECRETS.map(name => `${name}_FILE`),
  ...Object.keys({ ...S6_VARIABLES.always, ...S6_VARIABLES.never }),
  ...Object.keys({ ...ONYXIA_VARIABLES.always, ...ONYXIA_VARIABLES.never }),
  'FILE__MY_SECRET',
  // Where the rig's root is.
].filter(name => name !== 'LINTEL_ROOT');
/** No child sees it, not even where it says nothing. */
const HIDDEN = 'LINTEL_PREVIOUS_PASSWORD';

const DUMP = '#!/bin/sh\nenv > "$LINTEL_ROOT/tmp/seen"\nexec sleep 9999\n';
const FILES = {
  '/etc/services.d/web/run': DUMP,
  '/etc/cont-init.d/10-hello': '#!/bin/sh\necho hello\n',
  '/etc/os-release': 'VERSION_CODENAME=bookworm\n',
};

/** Boots, plans and stops; what varies from boot to boot is taken out. */
async function see(t: TestContext, values: Readonly<Record<string, string>>, options: BootOptions) {
  const root = makeRoot(t, FILES);
  const environment = values;
  const clean = (text: string) => text.replaceAll(root.at(''), '/');
  const planned = await root.boot({ ...options, environment, command: ['lintel', 'plan', '--json'] }).end();
  const lintel = root.boot({ ...options, environment });
  const seen = await lintel.waitForFile('/tmp/seen', /^LINTEL_SERVICE=/m);
  await lintel.waitForText(/web starts/);
  const { code, stderr } = await lintel.stop();
  return {
    plan: JSON.parse(clean(planned.stdout)),
    complaints: planned.stderr,
    code,
    log: clean(stderr)
      .replace(/pid=\d+/g, 'pid=N')
      .replace(/ms=\d+/g, 'ms=N')
      // The stop may come before it.
      .replace(/^.*ready after .*\n/m, '')
      .split('\n')
      .sort(),
    given: Object.fromEntries(
      clean(seen)
        .split('\n')
        .map(line => line.split('=') as [string, string])
        .filter(([name]) => name !== HIDDEN && NAMES.includes(name)),
    ),
  };
}

for (const [who, options, skip] of [
  ['as root', {}, NEEDS_ROOT],
  ['as an ordinary user', { isUnprivileged: true }, false],
] as const) {
  describe(`started ${who}, a boot with every variable`, { skip }, () => {
    for (const [how, value] of [
      ['empty', ''],
      ['blank', ' \t'],
    ] as const) {
      test(`${how} is one without any, and services get them so`, async t => {
        const values = Object.fromEntries(NAMES.map(name => [name, value]));
        const { given: none, ...without } = await see(t, {}, options);
        const { given, ...withThem } = await see(t, values, options);
        assert.deepEqual(withThem, without);
        assert.equal(without.code, 0);
        assert.doesNotMatch(without.log.join('\n'), /warning|error/);
        // What the boot sets itself it sets in either case.
        const { [HIDDEN]: _, ...visible } = values;
        assert.deepEqual(given, { ...visible, ...none });
      });
    }
  });
}
