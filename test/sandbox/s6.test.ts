import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { COMMANDS } from '../../src/commands/list.ts';
import { CONTAINER_PATH, type Container, startContainer, whyNot } from './container.ts';

/**
 * Images made for s6-overlay, in the manner of Kubeflow's notebook servers, rocker's RStudio and linuxserver's
 * applications: their scripts and folders run unchanged, started as root and as the image's own user.
 */
const NEEDS = { skip: whyNot({ programs: ['/usr/bin/bash'], isRoot: true }) };

type Files = Readonly<Record<string, string>>;

/** What an image's application is here: it says who and where it is, and serves until it is told to stop. */
const SERVE = `#!/bin/bash
trap 'echo served; exit "\${SERVE_CODE:-0}"' TERM INT USR1
echo "serve: $(id -un) in $PWD with $* | \${SHOWN//|/,} |"
if [ -n "\${NOTIFY:-}" ]; then echo >&3; fi
if [ -n "\${SERVE_CODE:-}" ]; then exit "$SERVE_CODE"; fi
while :; do sleep 0.05; done
`;

function makeImage(user: string, files: Files): Files {
  return {
    '/etc/passwd': `root:x:0:0::/root:/bin/bash\n${user}:x:1000:100::/home/lintel:/bin/bash\n`,
    '/usr/local/bin/serve': SERVE,
    ...files,
  };
}

/**
 * As s6-overlay wants it of an image that is not root's, its user owns /run; `owned` are what the image's Dockerfile
 * gave to that user.
 */
function startImage(
  t: TestContext,
  files: Files,
  options: {
    readonly isRoot: boolean;
    readonly environment?: Readonly<Record<string, string>>;
    readonly owned?: readonly string[];
  },
): Container {
  // This machine may have an sshd.
  const environment = { HOME: '/home/lintel', LINTEL_SERVICES_DISABLED: 'sshd', ...options.environment };
  if (options.isRoot) return startContainer(t, ['/init'], { files, environment });
  const drop = 'setpriv --reuid 1000 --regid 100 --clear-groups --inh-caps=-all -- /init';
  const own = ['/run', ...(options.owned ?? [])].join(' ');
  return startContainer(t, ['sh', '-c', `chown -R 1000:100 ${own}; exec ${drop}`], { files, environment });
}

for (const isRoot of [true, false]) {
  const how = isRoot ? 'started as root' : 'started as the image’s user';

  describe(how, NEEDS, () => {
    test('a notebook server in the manner of Kubeflow’s', async t => {
      const files = makeImage('jovyan', {
        '/etc/cont-init.d/01-copy-tmp-home': `#!/command/with-contenv bash
# an empty volume hides what the image holds in HOME
cp -n -r "\${HOME_TMP}/." "\${HOME}/"
`,
        '/etc/cont-init.d/02-set-prefix': `#!/command/with-contenv bash
if [[ -z "\${NB_PREFIX}" ]]; then
  NB_PREFIX="/"
fi
printf '%s' "\${NB_PREFIX%/}/lab" > /run/s6/container_environment/SHOWN
`,
        '/etc/services.d/jupyterlab/run': `#!/command/with-contenv bash
cd "\${HOME}"
exec s6-setuidgid jovyan /opt/conda/bin/jupyter lab --ServerApp.base_url="\${NB_PREFIX}"
`,
        '/opt/conda/bin/jupyter': '#!/bin/sh\nexec serve "$@"\n',
        '/opt/conda/bin/jupyter-lab': '#!/bin/sh\nexec serve the shipped one\n',
        '/tmp_home/.bashrc': '# from the image\n',
      });
      const environment = {
        PATH: `/opt/conda/bin:${CONTAINER_PATH}`,
        HOME_TMP: '/tmp_home',
        NB_PREFIX: '/notebook/team-one/$(id)',
      };
      const container = startImage(t, files, { isRoot, environment });
      const line = await container.waitFor(/^jupyterlab \| serve: .*$/m);
      assert.equal(
        line[0],
        'jupyterlab | serve: jovyan in /home/lintel with lab --ServerApp.base_url=/notebook/team-one/$(id) | /notebook/team-one/$(id)/lab |',
      );
      await container.signal('SIGTERM');
      const { code, stdout, stderr } = await container.end();
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^jupyterlab \| served$/m);
      assert.match(stderr, /jupyter \(the image's service jupyterlab runs the same program\)/);
      assert.doesNotMatch(stderr, /warning|error/);
    });

    test('RStudio in the manner of rocker’s', async t => {
      const files = makeImage('rstudio', {
        '/etc/cont-init.d/01_set_env': `#!/usr/bin/with-contenv bash
## Rscript and RStudio's sessions do not see the container's variables
exec 2>&1
for file in /var/run/s6/container_environment/*; do
  sed -e "s/^/\${file##*/}=/" "$file" >> /etc/R-site/Renviron.site
done
`,
        '/etc/cont-init.d/02_userconf': `#!/usr/bin/with-contenv bash
DEFAULT_USER=\${DEFAULT_USER:-rstudio}
if [ "$DISABLE_AUTH" = "true" ]; then
  echo "auth-none=1" > /etc/R-site/disable_auth.conf
fi
echo "rocker" > /run/s6/container_environment/SHOWN
echo -n "12345" >/var/run/s6/container_environment/LC_MONETARY
`,
        '/etc/services.d/rstudio/run': `#!/usr/bin/with-contenv bash
## load the variables of the image
while read -r line; do export "$line"; done < /etc/R-site/environment
exec serve rserver --server-daemonize 0 "$R_HOME" "$LC_MONETARY"
`,
        '/etc/services.d/rstudio/finish': `#!/bin/bash
echo "rstudio-server stop $1"
`,
        '/etc/R-site/environment': 'R_HOME=/usr/local/lib/R\n',
      });
      const environment = { DISABLE_AUTH: 'true', PASSWORD: 'a "b" $c' };
      const container = startImage(t, files, { isRoot, environment, owned: ['/etc/R-site'] });
      const line = await container.waitFor(/^rstudio \| serve: .*$/m);
      assert.equal(
        line[0],
        `rstudio | serve: ${isRoot ? 'root' : 'rstudio'} in /etc/services.d/rstudio with rserver --server-daemonize 0 /usr/local/lib/R 12345 | rocker |`,
      );
      await container.signal('SIGTERM');
      const { code, stdout, stderr } = await container.end();
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^rstudio \| rstudio-server stop 0$/m);
      assert.doesNotMatch(stdout + stderr, /a "b"/);
    });

    test('an application in the manner of linuxserver’s', async t => {
      const files = makeImage('abc', {
        '/etc/cont-init.d/10-adduser': `#!/usr/bin/with-contenv bash
PUID=\${PUID:-911}
echo "
User uid:    $(id -u abc)
───────────────────────────────
"
if [ "$(id -u)" = 0 ]; then
  chown abc:100 /config
fi
`,
        '/etc/cont-init.d/30-config': `#!/usr/bin/with-contenv bash
s6-setuidgid abc mkdir -p /config/log
[[ ! -f /config/app.conf ]] && printf 'password=%s\\n' "$PASSWORD" > /config/app.conf
s6-setuidgid abc touch /config/log/app.log
exit 0
`,
        '/etc/services.d/app/run': `#!/usr/bin/with-contenv bash
umask "$UMASK"
export SHOWN="$(stat -c %U /config/log/app.log) $(wc -c < /config/app.conf) $(umask)"
exec \\
  s6-setuidgid abc serve --config /config
`,
        '/etc/services.d/app/notification-fd': '3\n',
        '/etc/services.d/app/down-signal': 'USR1\n',
        '/etc/services.d/app/timeout-kill': '20000\n',
        '/etc/services.d/idle/run': '#!/usr/bin/with-contenv bash\nexec sleep infinity\n',
        '/etc/services.d/idle/down': '',
        '/etc/services.d/after/run': '#!/bin/bash\necho "the application is ready"\nexec sleep infinity\n',
        '/etc/services.d/after/service.json': '{"requires": ["app"]}',
        '/config/.keep': '',
        '/secret/password': 'correct horse\n',
      });
      const environment = {
        PUID: '1000',
        PGID: '100',
        UMASK: '027',
        FILE__PASSWORD: '/secret/password',
        NOTIFY: '1',
      };
      const container = startImage(t, files, { isRoot, environment, owned: ['/config'] });
      const line = await container.waitFor(/^app \| serve: .*$/m);
      const shown = `abc ${'password=correct horse\n'.length} 0027`;
      assert.equal(line[0], `app | serve: abc in /etc/services.d/app with --config /config | ${shown} |`);
      await container.waitFor(/^after \| the application is ready$/m);
      await container.signal('SIGTERM');
      const { code, stdout, stderr } = await container.end();
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^10-adduser \| User uid: {4}1000$/m);
      assert.match(stdout, /^app \| served$/m);
      assert.doesNotMatch(stdout + stderr, /horse|idle starts/);
    });

    test('a finish script that chooses the exit code and calls halt', async t => {
      const files = makeImage('app', {
        '/etc/services.d/main/run': '#!/command/with-contenv bash\nexec s6-setuidgid app serve\n',
        '/etc/services.d/main/finish': `#!/bin/sh
if test "$1" -eq 256 ; then
  e=$((128 + $2))
else
  e="$1"
fi
echo "$e" > /run/s6-linux-init-container-results/exitcode
exec /run/s6/basedir/bin/halt
`,
        '/etc/services.d/other/run': '#!/command/with-contenv bash\nSHOWN= SERVE_CODE= exec serve\n',
        '/etc/cont-finish.d/10-last': '#!/command/with-contenv bash\necho "last words"\n',
      });
      const container = startImage(t, files, { isRoot, environment: { SERVE_CODE: '42' } });
      const { code, stdout, stderr } = await container.end();
      assert.equal(code, 42, stderr);
      assert.match(stdout, /^other \| served$/m);
      assert.match(stdout, /^10-last \| last words$/m);
      assert.match(stderr, /main exited with code 42/);
    });

    test('a finish script of a service of the workbench user’s may do so too', {
      skip: !COMMANDS.some(({ name }) => name === 'shutdown') && isRoot && 'there is no lintel shutdown yet',
    }, async t => {
      const files = makeImage('app', {
        '/etc/services.d/main/run': '#!/bin/bash\nexec serve\n',
        '/etc/services.d/main/finish':
          '#!/bin/bash\necho 43 > /run/s6-linux-init-container-results/exitcode\nexec /run/s6/basedir/bin/halt\n',
      });
      const container = startImage(t, files, { isRoot, environment: { SERVE_CODE: '42' } });
      const { code, stderr } = await container.end();
      assert.equal(code, 43, stderr);
    });
  });
}

test('where /run is not the user’s, that is said once and the rest works', NEEDS, async t => {
  const files = makeImage('app', {
    '/etc/cont-init.d/10-adds': '#!/command/with-contenv bash\necho "SHOWN=by LINTEL_ENV" >> "$LINTEL_ENV"\n',
    '/etc/services.d/main/run': '#!/command/with-contenv bash\nexec s6-setuidgid app serve\n',
  });
  const user = { uid: 1000, gid: 100 };
  const container = startContainer(t, ['/init'], { files, user, environment: { HOME: '/home/lintel' } });
  await container.waitFor(/serve: app in \/etc\/services\.d\/main with {2}\| by LINTEL_ENV \|/);
  await container.signal('SIGTERM');
  const { code, stderr } = await container.end();
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/warning: scripts made for s6 do not find/g)?.length, 1, stderr);
  assert.match(stderr, /do not find \/run\/s6\/container_environment: permission denied, /);
});
