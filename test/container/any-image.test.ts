import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { whyNot } from '../../dev/engine.ts';
import { buildDockerfile } from './dockerfile.ts';
import { startWorkbench, type WorkbenchOptions } from './workbench.ts';

/**
 * Lintel as the last layer of images that others made. images/any-image.Dockerfile has them; in each are a script and
 * two services, one of them in s6's manner.
 */
const FOLDER = join(import.meta.dirname, 'images');
const skip = whyNot();

const images = new Map<string, Promise<string>>();

/** Once for each: engines take their time to find out that nothing has changed. */
function build(target: string): Promise<string> {
  const image =
    images.get(target) ??
    buildDockerfile(`any-${target}`, {
      dockerfile: { file: join(FOLDER, 'any-image.Dockerfile') },
      context: FOLDER,
      target,
    });
  images.set(target, image);
  return image;
}

/** Boots it, waits for both services and stops it: settings, scripts, users and the end are all as they should be. */
async function prove(
  t: TestContext,
  image: string,
  given: { readonly command?: readonly string[]; readonly flags?: readonly string[]; readonly uid?: number },
): Promise<string> {
  const environment = { PIP_REPOSITORY: 'https://pip.example/simple' };
  const options: WorkbenchOptions = { image, environment, flags: given.flags ?? [] };
  const workbench = startWorkbench(t, given.command ?? [], options);
  await workbench.waitFor(
    /^web \| web: 1000, hello, image, of a script, index https:\/\/pip\.example\/simple$/m,
  );
  await workbench.waitFor(/^old \| old: 1000, hello, image$/m);
  const { code } = await workbench.stop();
  const said = workbench.output();
  assert.equal(code, 0, said);
  assert.match(said, new RegExp(`^10-said \\| script: ${given.uid ?? 0}, hello, image$`, 'm'));
  assert.match(said, /^web \| web ends$/m);
  assert.match(said, /^old \| old ends$/m);
  assert.match(said, /ended with exit code 0: asked to stop by SIGTERM/);
  assert.doesNotMatch(said, /s6-overlay: /);
  return said;
}

/** What Lintel warns of. */
function warnings(said: string): string[] {
  return said.split('\n').flatMap(line => /^lintel: warning: (.*)$/.exec(line)?.slice(1) ?? []);
}

const AS_USER = ['--user', '1000:100'];
const SH = ['--entrypoint', 'sh'];

describe('Lintel is the last layer of', { skip }, () => {
  test('an image without anything of its own', async t => {
    assert.deepEqual(warnings(await prove(t, await build('plain'), {})), []);
  });

  for (const version of ['3', '2']) {
    test(`one with s6-overlay ${version}`, async t => {
      const image = await build(`s6-overlay-${version}`);
      assert.deepEqual(warnings(await prove(t, image, {})), []);
    });

    test(`one with s6-overlay ${version}, started as its user, who owns /run as s6-overlay wants it`, async t => {
      const image = await build(`s6-overlay-${version}-user`);
      assert.deepEqual(warnings(await prove(t, image, { uid: 1000 })), []);
    });
  }

  test('one with s6-overlay 3, whose other programs and links stay', async t => {
    const workbench = startWorkbench(t, ['sh', '-c', LOOK], {
      image: await build('s6-overlay-3'),
      environment: { LINTEL_SERVICES: '' },
    });
    const { stdout } = await workbench.end();
    assert.deepEqual(
      stdout.split('\n').filter(line => line.includes(' -> ')),
      [
        '/bin -> usr/bin',
        '/command/execlineb -> ../package/admin/execline/command/execlineb',
        '/command/with-contenv -> ../usr/local/lib/lintel/shims/with-contenv',
        '/init -> usr/local/lib/lintel/lintel.cjs',
        '/lib -> usr/lib',
        '/package/admin/s6-overlay -> s6-overlay-3.2.0.2',
        '/sbin -> usr/sbin',
        '/usr/bin/s6-svc -> ../../command/s6-svc',
        '/var/run -> /run',
      ],
      stdout,
    );
    assert.match(stdout, /^s6-overlay: execlineb$/m);
  });

  describe('one with onyxia-init.sh', () => {
    for (const [what, given] of [
      ['whose ENTRYPOINT stays', { flags: AS_USER }],
      ['with /init as its ENTRYPOINT', { flags: [...AS_USER, '--entrypoint', '/init'] }],
      [
        'as its charts call it',
        { flags: [...AS_USER, ...SH], command: ['-c', 'exec /opt/onyxia-init.sh /init'] },
      ],
    ] as const)
      test(what, async t => {
        const [warning = '', ...more] = warnings(
          await prove(t, await build('onyxia'), { ...given, uid: 1000 }),
        );
        assert.deepEqual(more, []);
        // Its user does not own /run: two of s6's paths are missing.
        assert.match(warning, /^scripts made for s6 do not find /);
      });

    test('as root, as RStudio’s was', async t => {
      assert.deepEqual(warnings(await prove(t, await build('onyxia'), { flags: ['--user', '0'] })), []);
    });

    test('whose shell stays PID 1: a stop never arrives, and that is said', async t => {
      const workbench = startWorkbench(t, ['-c', '/opt/onyxia-init.sh /init'], {
        image: await build('onyxia'),
        flags: [...AS_USER, ...SH, '--stop-timeout', '1'],
      });
      await workbench.waitFor(
        /warning: PID 1 is sh, which keeps a stop to itself: .*write exec before its name/,
      );
      await workbench.waitFor(/^old \| old: 1000/m);
      const { code } = await workbench.stop();
      assert.equal(code, 137);
      assert.doesNotMatch(workbench.output(), /web ends/);
    });

    test('that gives /usr/local to its user: who root would then obey is said', async t => {
      const image = await build('given-away');
      assert.deepEqual(warnings(await prove(t, image, { flags: ['--user', '0'] })), [
        'root runs what others may change (uid 1000): /usr/local; expected root’s own: let COPY --from=lintel / / be the image’s last layer',
      ]);
      // Nobody can change it here.
      const flags = ['--user', '0', '--read-only', '--tmpfs', '/run', '--tmpfs', '/tmp'];
      const readOnly = startWorkbench(t, [], {
        image,
        flags,
        environment: { PIP_REPOSITORY: 'https://pip.example' },
      });
      await readOnly.waitFor(/^web \| web: 1000/m);
      await readOnly.stop();
      assert.doesNotMatch(readOnly.output(), /root runs what others may change/);
    });
  });

  test('one without libatomic', async t => {
    assert.deepEqual(warnings(await prove(t, await build('no-libatomic'), {})), []);
  });

  test('one where /bin and /usr/bin are two folders', async t => {
    assert.deepEqual(warnings(await prove(t, await build('not-merged'), {})), []);
  });

  const NOBODY =
    'the workbench user, uid 1000, has no line in /etc/passwd: its HOME is /tmp, and whoami and ssh know nobody of that uid; better add one to the image: useradd --create-home --uid 1000 NAME';
  for (const [what, target, flags] of [
    ['one that knows no uid 1000', 'no-account', []],
    ['one without /etc/passwd', 'no-passwd', ['--passwd=false']],
  ] as const) {
    test(what, async t => {
      assert.deepEqual(warnings(await prove(t, await build(target), { flags })), [NOBODY]);
    });

    test(`${what}, as uid 1000`, async t => {
      const said = await prove(t, await build(target), {
        flags: ['--user', '1000', '--passwd=false'],
        uid: 1000,
      });
      assert.match(said, /uid 1000 has no line in \/etc\/passwd, and none can be added/);
    });
  }

  test('one without setpriv, which nothing here needs', async t => {
    assert.deepEqual(warnings(await prove(t, await build('no-setpriv'), {})), []);
  });

  test('one without setpriv: no_new_privs is never silently left out', async t => {
    const workbench = startWorkbench(t, ['id'], {
      image: await build('no-setpriv'),
      environment: { LINTEL_NO_NEW_PRIVS: '1', PIP_REPOSITORY: 'https://pip.example' },
    });
    const { code, stdout, stderr } = await workbench.end();
    assert.equal(code, 126);
    assert.match(stderr, /Cannot run the CMD: no_new_privs needs setpriv \(util-linux\)/);
    assert.equal(stdout, '');
  });

  test('one without setpriv and chroot: s6-setuidgid fails rather than stay root', async t => {
    const workbench = startWorkbench(t, [], { image: await build('no-helper') });
    await workbench.waitFor(/old exited with code 111; .*there is no setpriv, su-exec, gosu or chroot/);
    await workbench.stop();
    assert.doesNotMatch(workbench.output(), /old: 0/);
  });

  // Without FFI s6-setuidgid and child_process do it.
  const UNREAPED = /^orphaned processes are not reaped: .*--init$/;
  const GROUPLESS =
    'there is no setpriv (util-linux) either: services run without their supplementary groups';
  for (const [target, more, groups] of [
    ['no-ffi', [], '100 44'],
    ['no-ffi-no-setpriv', [GROUPLESS], '100'],
  ] as const)
    test(`one whose Node has no FFI: ${target}`, async t => {
      const image = await build(target);
      const [first = '', ...rest] = warnings(await prove(t, image, {}));
      assert.match(first, UNREAPED);
      assert.deepEqual(rest, more);
      const { code, stdout } = await startWorkbench(t, ['id', '-G'], { image }).end();
      assert.deepEqual([code, stdout.split('\n').at(-2)], [0, groups]);
    });
});

const LOOK = `for link in /bin /command/execlineb /command/with-contenv /init /lib /package/admin/s6-overlay /sbin /usr/bin/s6-svc /var/run; do
  echo "$link -> $(readlink "$link")"
done
/command/execlineb`;
