import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutServiceLinks } from '../../src/settings/service-links.ts';
import { parseSettings, type Settings } from '../../src/settings/settings.ts';
import { VARIABLES } from '../../src/settings/variables.ts';

const HTTP_URL = 'an http or https URL';
const FLAG = '1 or 0 (also true, false, yes, no)';
const MILLISECONDS = 'a whole number from 1 to 86400000 (milliseconds)';

/** Variable, what somebody wrote, and the setting that comes of it. */
const VALID: readonly (readonly [string, string, keyof Settings, unknown])[] = [
  ['PIP_REPOSITORY', 'https://mirror.example/simple', 'pipRepository', 'https://mirror.example/simple'],
  ['PIP_REPOSITORY', ' http://mirror.example\n', 'pipRepository', 'http://mirror.example'],
  ['CONDA_REPOSITORY', 'conda-forge', 'condaRepository', ['conda-forge']],
  [
    'CONDA_REPOSITORY',
    'https://mirror.example/conda, org/label/dev ,bioconda,',
    'condaRepository',
    ['https://mirror.example/conda', 'org/label/dev', 'bioconda'],
  ],
  ['R_REPOSITORY', 'https://cran.example', 'rRepository', 'https://cran.example'],
  ['PATH_TO_CA_BUNDLE', '/mnt/ca.pem', 'pathToCaBundle', '/mnt/ca.pem'],
  ['PATH_TO_CABUNDLE', '/mnt/ca.pem', 'pathToCaBundle', '/mnt/ca.pem'],
  ['PACKAGE_MANAGER_URL', 'https://ppm.example/cran', 'packageManagerUrl', 'https://ppm.example/cran'],
  ['NPM_REPOSITORY', 'https://npm.example/', 'npmRepository', 'https://npm.example/'],
  ['HTTP_PROXY', 'http://proxy.example:3128', 'httpProxy', 'http://proxy.example:3128'],
  ['http_proxy', 'proxy.example:3128', 'httpProxy', 'proxy.example:3128'],
  ['HTTPS_PROXY', 'socks5h://user:pass@proxy.example', 'httpsProxy', 'socks5h://user:pass@proxy.example'],
  ['https_proxy', 'https://proxy.example/', 'httpsProxy', 'https://proxy.example/'],
  ['NO_PROXY', 'localhost,.example', 'noProxy', 'localhost,.example'],
  ['no_proxy', '*', 'noProxy', '*'],
  ['VAULT_ADDR', 'https://vault.example:8200', 'vaultAddress', 'https://vault.example:8200'],
  ['VAULT_TOKEN', ' hvs.x ', 'vaultToken', ' hvs.x '],
  ['VAULT_NAMESPACE', 'team', 'vaultNamespace', 'team'],
  ['VAULT_MOUNT', '/onyxia-kv/', 'vaultMount', 'onyxia-kv'],
  ['VAULT_TOP_DIR', 'ada', 'vaultTopDir', 'ada'],
  ['VAULT_RELATIVE_PATH', 'projects/tables', 'vaultRelativePath', 'projects/tables'],
  ['VAULT_INJECTION_SA_ENABLED', 'true', 'vaultSaEnabled', true],
  ['VAULT_INJECTION_SA_MODE', 'jwt', 'vaultSaMode', 'jwt'],
  ['VAULT_INJECTION_SA_AUTH_PATH', 'kubernetes', 'vaultSaAuthPath', 'kubernetes'],
  ['VAULT_INJECTION_SA_AUTH_ROLE', 'reader', 'vaultSaAuthRole', 'reader'],
  ['AWS_ACCESS_KEY_ID', 'AKIA', 'awsAccessKeyId', 'AKIA'],
  ['AWS_SECRET_ACCESS_KEY', 'a/b+c', 'awsSecretAccessKey', 'a/b+c'],
  ['AWS_SESSION_TOKEN', 'x==', 'awsSessionToken', 'x=='],
  ['AWS_DEFAULT_REGION', 'eu-west-3', 'awsRegion', 'eu-west-3'],
  ['AWS_REGION', 'eu-west-3', 'awsRegion', 'eu-west-3'],
  ['AWS_S3_ENDPOINT', 'minio.example', 's3Endpoint', 'https://minio.example'],
  ['S3_ENDPOINT', 'http://minio:9000', 's3Endpoint', 'http://minio:9000'],
  ['AWS_PATH_STYLE_ACCESS', 'false', 's3PathStyle', false],
  ['PATH_STYLE_ACCES', 'true', 's3PathStyle', true],
  ['GIT_USER_NAME', 'Ada Lovelace', 'gitUserName', 'Ada Lovelace'],
  ['GIT_USER_MAIL', 'ada@example.org', 'gitUserMail', 'ada@example.org'],
  ['GIT_USER_EMAIL', 'ada@example.org', 'gitUserMail', 'ada@example.org'],
  ['GIT_CREDENTIALS_CACHE_DURATION', '3600', 'gitCredentialsCacheDuration', 3600],
  ['GIT_REPOSITORY', 'https://git.example/a/b.git', 'gitRepository', 'https://git.example/a/b.git'],
  ['GIT_REPOSITORY', 'git@git.example:a/b.git', 'gitRepository', 'git@git.example:a/b.git'],
  ['GIT_BRANCH', 'main', 'gitBranch', 'main'],
  ['GIT_PERSONAL_ACCESS_TOKEN', 'glpat-x', 'gitToken', 'glpat-x'],
  ['LINTEL_BIND', '127.0.0.1', 'bind', '127.0.0.1'],
  ['NB_PREFIX', '/notebook/ada/desk', 'nbPrefix', '/notebook/ada/desk'],
  ['NB_PREFIX', '/', 'nbPrefix', '/'],
  ['LINTEL_BIND', '::', 'bind', '::'],
  ['LINTEL_BIND', 'fd00::10.0.0.1', 'bind', 'fd00::10.0.0.1'],
  ['LINTEL_JUPYTER_PORT', '9999', 'jupyterPort', 9999],
  ['LINTEL_CODE_SERVER_PORT', '1', 'codeServerPort', 1],
  ['LINTEL_RSTUDIO_PORT', '8888', 'rstudioPort', 8888],
  ['LINTEL_X11VNC_PORT', '5901', 'x11vncPort', 5901],
  ['LINTEL_NOVNC_PORT', '65535', 'novncPort', 65_535],
  ['LINTEL_SSHD_PORT', '22', 'sshdPort', 22],
  ['LINTEL_SSH_HOST_KEYS_DIR', '/keys', 'sshHostKeysDir', '/keys'],
  ['SSH_ENABLE_PASSWORD_AUTH', 'false', 'sshPasswordAuth', false],
  ['TCP_FORWARDING', 'true', 'tcpForwarding', true],
  ['GATEWAY_PORTS', 'true', 'gatewayPorts', true],
  ['DISABLE_SFTP', '1', 'disableSftp', true],
  ['LINTEL_AUTH', 'none', 'auth', 'none'],
  ['RESOLUTION', '1920x1080', 'resolution', '1920x1080x24'],
  ['OPENBOX_ARGS', '--startup /usr/bin/xterm', 'openboxArgs', '--startup /usr/bin/xterm'],
  ['X11VNC_ARGS', '-viewonly', 'x11vncArgs', '-viewonly'],
  ['ROOT_PROJECT_DIRECTORY', '/home/ada/work', 'projectDirectory', '/home/ada/work'],
  ['WORKSPACE_DIR', '/home/ada/work', 'projectDirectory', '/home/ada/work'],
  ['REGION_INIT_SCRIPT', 'https://region.example/init.sh', 'regionScript', 'https://region.example/init.sh'],
  ['REGION_INIT_SCRIPT_CHECKSUM', 'AB'.repeat(32), 'regionScriptChecksum', 'ab'.repeat(32)],
  ['LINTEL_REGION_INIT_INSECURE', '1', 'regionScriptInsecure', true],
  ['PERSONAL_INIT_SCRIPT', 'https://ada.example/init.sh', 'personalScript', 'https://ada.example/init.sh'],
  ['PERSONAL_INIT_ARGS', '--quiet $(id)', 'personalScriptArgs', '--quiet $(id)'],
  ['LINTEL_ASYNC_INIT', 'clone', 'asyncInit', ['clone']],
  ['DARK_MODE', 'true', 'darkMode', true],
  ['NB_UID', '1234', 'newUid', 1234],
  ['PUID', '1234', 'newUid', 1234],
  ['NB_GID', '100', 'newGid', 100],
  ['PGID', '0', 'newGid', 0],
  ['NB_GROUP', 'team', 'newGroup', 'team'],
  ['NB_UMASK', '002', 'umask', 2],
  ['UMASK', '0022', 'umask', 18],
  ['GRANT_SUDO', 'yes', 'grantSudo', true],
  ['CHOWN_HOME', 'yes', 'chownHome', true],
  ['CHOWN_HOME_OPTS', '-R', 'chownHomeOptions', '-R'],
  ['CHOWN_EXTRA', '/data, /mnt/x', 'chownExtra', ['/data', '/mnt/x']],
  ['CHOWN_EXTRA_OPTS', '-R', 'chownExtraOptions', '-R'],
  ['HOME_TMP', '/tmp_home/jovyan', 'homeTemplate', '/tmp_home/jovyan'],
  ['PASSWORD', ' two blanks ', 'password', ' two blanks '],
  ['LINTEL_PREVIOUS_PASSWORD', 'chaimeleon', 'previousPassword', 'chaimeleon'],
  ['LINTEL_SET_PASSWORD', '0', 'setPassword', false],
  ['VNC_PASSWORD', 'secret', 'vncPassword', 'secret'],
  ['LINTEL_GPU', 'nvidia', 'gpu', 'nvidia'],
  ['LINTEL_GPU_COUNT', '2', 'gpuCount', 2],
  ['NVIDIA_VISIBLE_DEVICES', 'void', 'nvidiaVisibleDevices', 'void'],
  ['JUPYTER_ENV_VARS_TO_UNSET', 'ADMIN_TOKEN,OTHER', 'envVarsToUnset', ['ADMIN_TOKEN', 'OTHER']],
  ['_START_SH_EXECUTED', '1', 'startShExecuted', true],
  ['PANGEO_ENV', 'notebook', 'pangeoEnvironment', 'notebook'],
  ['CONDA_ENV', 'notebook', 'condaEnvironment', 'notebook'],
  ['CONDA_DIR', '/srv/conda', 'condaDir', '/srv/conda'],
  ['PANGEO_SCRATCH_PREFIX', 'gs://scratch', 'pangeoScratchPrefix', 'gs://scratch'],
  ['JUPYTERHUB_USER', 'ada', 'jupyterhubUser', 'ada'],
  ['LINTEL_USER', 'ada', 'user', 'ada'],
  ['LINTEL_USER', '1000:100', 'user', '1000:100'],
  ['NB_USER', 'jovyan', 'nbUser', 'jovyan'],
  ['DEFAULT_USER', 'rstudio', 'defaultUser', 'rstudio'],
  ['USERNAME', 'onyxia', 'username', 'onyxia'],
  ['LINTEL_SERVICE_USER', 'root', 'serviceUser', 'root'],
  ['LINTEL_SERVICE_USER', 'workbench', 'serviceUser', 'workbench'],
  ['LINTEL_SERVICES', 'auto', 'services', ['auto']],
  ['LINTEL_SERVICES', 'jupyter, ssh* x?nc', 'services', ['jupyter', 'ssh*', 'x?nc']],
  ['LINTEL_SERVICES_DISABLED', 'sshd', 'servicesDisabled', ['sshd']],
  ['LINTEL_LOG_FORMAT', 'json', 'logFormat', 'json'],
  ['LINTEL_LOG_FORMAT', 'text', 'logFormat', 'text'],
  ['LINTEL_ON_INIT_FAILURE', 'stop', 'onInitFailure', 'stop'],
  ['LINTEL_ON_INIT_FAILURE', 'warn', 'onInitFailure', 'warn'],
  ['LINTEL_ON_INIT_FAILURE', 'continue', 'onInitFailure', 'continue'],
  ['S6_BEHAVIOUR_IF_STAGE2_FAILS', '0', 's6OnInitFailure', '0'],
  ['S6_CMD_ARG0', '/usr/bin/wrap -x', 's6CmdArg0', '/usr/bin/wrap -x'],
  ['S6_KILL_FINISH_MAXTIME', '0', 's6FinishTimeoutMs', 0],
  ['S6_SERVICES_GRACETIME', '5000', 's6ServicesGraceMs', 5000],
  ['LINTEL_INIT_TIMEOUT_MS', '1', 'initTimeoutMs', 1],
  ['LINTEL_SHUTDOWN_TIMEOUT_MS', '86400000', 'shutdownTimeoutMs', 86_400_000],
  ['LINTEL_HTTP', '9180', 'http', { host: '127.0.0.1', port: 9180 }],
  ['LINTEL_HTTP', '0.0.0.0:1', 'http', { host: '0.0.0.0', port: 1 }],
  ['LINTEL_HTTP', '[::]:65535', 'http', { host: '::', port: 65_535 }],
  ['LINTEL_HTTP_PREFIX', '/status/of', 'httpPrefix', '/status/of'],
  ['LINTEL_HTTP_PREFIX', '//status///of/', 'httpPrefix', '/status/of'],
  ['LINTEL_HTTP_PREFIX', '/', 'httpPrefix', ''],
  ['LINTEL_STRICT', '1', 'strict', true],
  ['LINTEL_STRICT', '0', 'strict', false],
  ['LINTEL_ENFORCE', 'TRUE', 'enforce', true],
  ['LINTEL_ENFORCE', 'no', 'enforce', false],
  ['LINTEL_NOFILE', '64', 'openFilesSoft', 64],
  ['LINTEL_NOFILE', '1073741816', 'openFilesSoft', 1_073_741_816],
  ['LINTEL_NO_NEW_PRIVS', 'yes', 'noNewPrivs', true],
  ['LINTEL_NO_NEW_PRIVS', 'False', 'noNewPrivs', false],
  ['LINTEL_ROOT', '/tmp/elsewhere', 'root', '/tmp/elsewhere'],
  ['KUBERNETES_SERVICE_HOST', '10.0.0.1', 'kubernetesHost', '10.0.0.1'],
];

/** Variable, what somebody wrote, how the problem shows it, what it expects. */
const MALFORMED: readonly (readonly [string, string, string, string | RegExp])[] = [
  ['PIP_REPOSITORY', 'mirror.example/simple', '"mirror.example/simple"', HTTP_URL],
  ['PIP_REPOSITORY', 'ftp://mirror.example', '"ftp://mirror.example"', HTTP_URL],
  ['PIP_REPOSITORY', 'https://', '"https://"', HTTP_URL],
  ['PIP_REPOSITORY', 'https://a.example/\n[x]', '"https://a.example/\\n[x]"', HTTP_URL],
  ['CONDA_REPOSITORY', ',', '","', 'http or https URLs or channel names, separated by commas'],
  ['CONDA_REPOSITORY', 'a b', '"a b"', 'http or https URLs or channel names, separated by commas'],
  ['R_REPOSITORY', 'cran', '"cran"', HTTP_URL],
  [
    'HTTPS_PROXY',
    'ftp://proxy.example',
    '"ftp://proxy.example"',
    'an http, https or socks URL, or host:port',
  ],
  [
    'VAULT_RELATIVE_PATH',
    '../../sys/mounts',
    '"../../sys/mounts"',
    'a path: names between slashes, none of them ".."',
  ],
  ['GIT_REPOSITORY', 'ext::sh -c id', '"ext::sh -c id"', /^an http, https, ssh or git URL/],
  ['GIT_REPOSITORY', '--upload-pack=id', '"--upload-pack=id"', /^an http, https, ssh or git URL/],
  [
    'GIT_REPOSITORY',
    'https://ada:pw@git.example/a b',
    '"https://***@git.example/a b"',
    /^an http, https, ssh or git/,
  ],
  ['REGION_INIT_SCRIPT_CHECKSUM', 'abc', '"abc"', 'a SHA-256 as 64 hexadecimal digits'],
  ['NB_UID', '0', '"0"', /^a whole number from 1 /],
  ['NB_UMASK', '9', '"9"', 'three or four octal digits, as 022 or 0002'],
  ['CHOWN_EXTRA', 'data', '"data"', 'absolute paths, separated by commas or blanks'],
  ['LINTEL_SERVICE_USER', 'ada', '"ada"', 'root, workbench'],
  ...['localhost', '256.0.0.1', '1.2.3', '1.2.3.4.', ':::', 'fd00::g', '[::1]', '::ffff:127.0.0.1'].map(
    bind =>
      ['LINTEL_BIND', bind, JSON.stringify(bind), 'an IP address, such as 0.0.0.0, 127.0.0.1 or ::'] as const,
  ),
  [
    'NB_PREFIX',
    'notebook/ada',
    '"notebook/ada"',
    'a path that begins with a slash, such as /notebook/namespace/name',
  ],
  ['LINTEL_NOVNC_PORT', '65536', '"65536"', 'a whole number from 1 to 65535 (a port)'],
  ['LINTEL_AUTH', 'off', '"off"', 'password, none'],
  ...['1920', '1920x', '1920 x 1080', '1920x1080x8', '63x1080', '1920x16385', '1920x1080;id', '-1x1'].map(
    size =>
      [
        'RESOLUTION',
        size,
        JSON.stringify(size),
        /^WIDTHxHEIGHT or WIDTHxHEIGHTxDEPTH, such as 1920x1080/,
      ] as const,
  ),
  ['LINTEL_LOG_FORMAT', 'xml', '"xml"', 'text, json'],
  ['LINTEL_LOG_FORMAT', 'JSON', '"JSON"', 'text, json'],
  ['LINTEL_ON_INIT_FAILURE', 'fail', '"fail"', 'stop, warn, continue'],
  ['S6_BEHAVIOUR_IF_STAGE2_FAILS', '3', '"3"', '0, 1, 2'],
  ['LINTEL_INIT_TIMEOUT_MS', '0', '"0"', MILLISECONDS],
  ['LINTEL_INIT_TIMEOUT_MS', '10s', '"10s"', MILLISECONDS],
  ['LINTEL_SHUTDOWN_TIMEOUT_MS', '-1', '"-1"', MILLISECONDS],
  ['LINTEL_SHUTDOWN_TIMEOUT_MS', '1.5', '"1.5"', MILLISECONDS],
  ['LINTEL_SHUTDOWN_TIMEOUT_MS', '1e3', '"1e3"', MILLISECONDS],
  ['LINTEL_SHUTDOWN_TIMEOUT_MS', '86400001', '"86400001"', MILLISECONDS],
  ['TCP_FORWARDING', 'local', '"local"', FLAG],
  ['LINTEL_HTTP', '0', '"0"', /PORT or HOST:PORT/],
  ['LINTEL_HTTP', '65536', '"65536"', /PORT or HOST:PORT/],
  ['LINTEL_HTTP', ':9180', '":9180"', /PORT or HOST:PORT/],
  ['LINTEL_HTTP', 'localhost:9180', '"localhost:9180"', /an IP address/],
  ['LINTEL_HTTP', '[127.0.0.1]:9180', '"[127.0.0.1]:9180"', /PORT or HOST:PORT/],
  ['LINTEL_HTTP_PREFIX', 'status', '"status"', /begins with a slash/],
  ['LINTEL_HTTP_PREFIX', '/a/../b', '"/a/../b"', /no "\." or "\.\."/],
  ['LINTEL_HTTP_PREFIX', '/a/%2e%2E', '"/a/%2e%2E"', /no "\." or "\.\."/],
  ['LINTEL_STRICT', 'on', '"on"', FLAG],
  ['LINTEL_ENFORCE', '2', '"2"', FLAG],
  ['LINTEL_NOFILE', '63', '"63"', 'a whole number from 64 to 1073741816 (files)'],
  ['LINTEL_NOFILE', '9999999999999999', '"9999999999999999"', 'a whole number from 64 to 1073741816 (files)'],
  ['LINTEL_NO_NEW_PRIVS', 'never', '"never"', FLAG],
  ['LINTEL_ROOT', 'relative/folder', '"relative/folder"', /absolute path/],
];

const isFatal = (name: string) => /^(LINTEL|S6_BEHAVIOUR)_/.test(name);

describe('settings', () => {
  test('are absent where no variable is set, without a problem or a warning', () => {
    const { settings, problems, warnings } = parseSettings({});
    assert.deepEqual(problems, []);
    assert.deepEqual(warnings, []);
    assert.deepEqual(Object.keys(settings).sort(), Object.keys(VARIABLES).sort());
    for (const [key, value] of Object.entries(settings)) assert.equal(value, undefined, key);
  });

  test('are all tried below, under every name', () => {
    const tried = new Set(VALID.map(([name]) => name));
    const names = Object.values(VARIABLES).flatMap(variable => [...variable.names]);
    assert.deepEqual([...tried].sort(), names.sort());
  });

  for (const name of new Set(VALID.map(row => row[0]))) {
    for (const [how, text] of [
      ['empty', ''],
      ['blank', ' \t\n'],
    ] as const) {
      test(`are absent where ${name} is ${how}`, () => {
        const { settings, problems, warnings } = parseSettings({ [name]: text });
        assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] });
        for (const [key, value] of Object.entries(settings)) assert.equal(value, undefined, key);
      });
    }
  }

  for (const [name, text, key, value] of VALID) {
    test(`take ${name}=${JSON.stringify(text)}`, () => {
      const { settings, problems, warnings } = parseSettings({ [name]: text });
      assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] });
      assert.deepEqual(settings[key], value);
    });
  }

  for (const [name, text, seen, expected] of MALFORMED) {
    test(`refuse ${name}=${JSON.stringify(text)}, ${isFatal(name) ? 'and the boot' : 'not the boot'}`, () => {
      const { settings, problems } = parseSettings({ [name]: text });
      assert.equal(problems.length, 1);
      const [problem] = problems;
      assert.equal(problem?.what, name);
      assert.equal(problem?.seen, seen);
      if (typeof expected === 'string') assert.equal(problem?.expected, expected);
      else assert.match(problem?.expected ?? '', expected);
      assert.equal(problem?.fatal, isFatal(name));
      for (const [key, value] of Object.entries(settings)) assert.equal(value, undefined, key);
    });
  }

  test('name every problem at once and keep what is right', () => {
    const { settings, problems } = parseSettings({
      PIP_REPOSITORY: 'ftp://mirror.example',
      R_REPOSITORY: 'https://cran.example',
      LINTEL_LOG_FORMAT: 'xml',
      LINTEL_NOFILE: 'many',
      LINTEL_USER: 'ada',
    });
    assert.deepEqual(problems, [
      { what: 'PIP_REPOSITORY', seen: '"ftp://mirror.example"', expected: HTTP_URL, fatal: false },
      { what: 'LINTEL_LOG_FORMAT', seen: '"xml"', expected: 'text, json', fatal: true },
      {
        what: 'LINTEL_NOFILE',
        seen: '"many"',
        expected: 'a whole number from 64 to 1073741816 (files)',
        fatal: true,
      },
    ]);
    assert.equal(settings.rRepository, 'https://cran.example');
    assert.equal(settings.user, 'ada');
  });

  test('a URL around an object storage that nobody filled in is an absent one', () => {
    for (const url of ['https:///', 'https://', 'HTTP://', ' https:/// ']) {
      const { settings, problems } = parseSettings({ S3_ENDPOINT: url, LINTEL_STRICT: '1' });
      assert.deepEqual([settings.s3Endpoint, problems], [undefined, []], url);
    }
    const both = { AWS_S3_ENDPOINT: 'https://', S3_ENDPOINT: 'minio.example' };
    assert.equal(parseSettings(both).settings.s3Endpoint, 'https://minio.example');
    const wrong = { AWS_S3_ENDPOINT: 'https:///', S3_ENDPOINT: 'a b' };
    assert.equal(parseSettings(wrong).problems[0]?.what, 'S3_ENDPOINT');
  });

  test('with LINTEL_STRICT=1 make a malformed platform variable fatal', () => {
    const given = { PIP_REPOSITORY: 'ftp://mirror.example', CONDA_REPOSITORY: 'a b' };
    const fatal = (strict: string) =>
      parseSettings({ ...given, LINTEL_STRICT: strict }).problems.map(problem => problem.fatal);
    assert.deepEqual(fatal('1'), [true, true]);
    assert.deepEqual(fatal('0'), [false, false]);
    assert.deepEqual(fatal(''), [false, false]);
  });

  test('with a malformed LINTEL_STRICT refuse only that', () => {
    const { problems } = parseSettings({ PIP_REPOSITORY: 'ftp://mirror.example', LINTEL_STRICT: 'very' });
    assert.deepEqual(
      problems.map(({ what, fatal }) => [what, fatal]),
      [
        ['PIP_REPOSITORY', false],
        ['LINTEL_STRICT', true],
      ],
    );
  });

  test('take PATH_TO_CA_BUNDLE before PATH_TO_CABUNDLE, unless it is empty', () => {
    const read = (bundle: string) =>
      parseSettings({ PATH_TO_CA_BUNDLE: bundle, PATH_TO_CABUNDLE: '/b' }).settings.pathToCaBundle;
    assert.equal(read('/a'), '/a');
    assert.equal(read(''), '/b');
  });
});

describe('a problem never shows a secret', () => {
  for (const environment of [
    { PIP_REPOSITORY: 'ftp://user:secret@mirror.example/simple' },
    { PIP_REPOSITORY: 'https//user:secret@mirror.example/simple' },
    { PIP_REPOSITORY: 'https//user:top secret@mirror.example/simple' },
    { PIP_REPOSITORY: 'user:secret@mirror.example' },
    { R_REPOSITORY: 'https://user:secret@mirror.example:port/' },
    { R_REPOSITORY: 'ftp://mirror.example/?token=secret' },
    { CONDA_REPOSITORY: 'https://user:secret@a.example,ftp://user:secret@b.example' },
    { CONDA_REPOSITORY: 'ftp://user:secret@b.example,https://user:secret@a.example' },
    { CONDA_REPOSITORY: 'conda-forge, user:secret@mirror.example' },
    { PIP_REPOSITORY: `ftp://user:${'secret'.repeat(40)}@mirror.example` },
  ]) {
    test(`as in ${JSON.stringify(environment).slice(0, 100)}`, () => {
      const { problems, warnings } = parseSettings(environment);
      assert.equal(problems.length, 1);
      assert.doesNotMatch(JSON.stringify({ problems, warnings }), /secret|top/);
    });
  }

  test('and a long value is cut', () => {
    const { problems } = parseSettings({ LINTEL_LOG_FORMAT: 'x'.repeat(5000) });
    assert.equal(problems[0]?.seen, `"${'x'.repeat(120)}"`);
  });
});

describe('a name that is no setting', () => {
  for (const [name, warning] of [
    ['PIP_REPOSITRY', 'PIP_REPOSITRY is no setting of Lintel: did you mean PIP_REPOSITORY?'],
    ['CONDA_REPOSITORYS', 'CONDA_REPOSITORYS is no setting of Lintel: did you mean CONDA_REPOSITORY?'],
    ['PATH_TO_CA_BUNDEL', 'PATH_TO_CA_BUNDEL is no setting of Lintel: did you mean PATH_TO_CA_BUNDLE?'],
    ['LINTEL_USR', 'LINTEL_USR is no setting of Lintel: did you mean LINTEL_USER?'],
    ['LINTEL_STRCT', 'LINTEL_STRCT is no setting of Lintel: did you mean LINTEL_STRICT?'],
    ['lintel_strict', 'lintel_strict is no setting of Lintel: did you mean LINTEL_STRICT?'],
    ['LINTEL_JUPITER_PORT', 'LINTEL_JUPITER_PORT is no setting of Lintel: did you mean LINTEL_JUPYTER_PORT?'],
    ['LINTEL_COLOUR', 'LINTEL_COLOUR is no setting of Lintel and has no effect'],
  ] as const) {
    test(`is said: ${name}`, () => {
      const { problems, warnings } = parseSettings({ [name]: '8888' });
      assert.deepEqual({ problems, warnings }, { problems: [], warnings: [warning] });
    });
  }

  test('is not said to be another that is set too', () => {
    const { warnings } = parseSettings({ PIP_REPOSITRY: 'x', PIP_REPOSITORY: 'https://mirror.example' });
    assert.deepEqual(warnings, []);
  });

  test('is said to be another that is set but empty', () => {
    const { warnings } = parseSettings({ PIP_REPOSITRY: 'x', PIP_REPOSITORY: '' });
    assert.deepEqual(warnings, ['PIP_REPOSITRY is no setting of Lintel: did you mean PIP_REPOSITORY?']);
  });

  for (const name of ['PATH', 'HOME', 'PIP_INDEX_URL', 'CONDA_DIR', 'NB_UID', 'a.b', 'my-var', 'X']) {
    test(`is nobody’s business: ${name}`, () => {
      assert.deepEqual(parseSettings({ [name]: '1' }).warnings, []);
    });
  }

  for (const name of [
    'LINTEL_ENV',
    'LINTEL_RUNTIME_DIR',
    'LINTEL_ORIGIN_FD',
    'LINTEL_SERVICE',
    'LINTEL_WORKBENCH_UID',
    'LINTEL_PREVIOUS_PASSWORD_FILE',
  ]) {
    test(`is known to shipped services and scripts: ${name}`, () => {
      assert.deepEqual(parseSettings({ [name]: '1' }).warnings, []);
    });
  }

  test('comes from Kubernetes, which names every service so: nothing is said', () => {
    const links = (service: string) => ({
      [`${service}_SERVICE_HOST`]: '10.0.0.1',
      [`${service}_SERVICE_PORT`]: '8080',
      [`${service}_SERVICE_PORT_HTTP`]: '8080',
      [`${service}_PORT`]: 'tcp://10.0.0.1:8080',
      [`${service}_PORT_8080_TCP`]: 'tcp://10.0.0.1:8080',
      [`${service}_PORT_8080_TCP_PROTO`]: 'tcp',
      [`${service}_PORT_8080_TCP_PORT`]: '8080',
      [`${service}_PORT_8080_TCP_ADDR`]: '10.0.0.1',
      [`${service}_PORT_53_UDP`]: 'udp://10.0.0.1:53',
      [`${service}_PORT_53_UDP_PROTO`]: 'udp',
    });
    const given = { ...links('LINTEL'), ...links('LINTEL_DOCS'), ...links('LINTEL_JUPYTER'), KEPT: '' };
    const environment = withoutServiceLinks(given);
    const { LINTEL_JUPYTER_PORT: _, ...others } = given as Record<string, string>;
    assert.deepEqual(environment, others);
    assert.deepEqual(parseSettings(environment), { ...parseSettings({}), problems: [], warnings: [] });
  });

  test('is no such link: a port that nobody reads, or a setting that is wrong', () => {
    const environment = {
      LINTEL_DOCS_PORT: '8080',
      LINTEL_JUPITER_PORT: '9',
      LINTEL_JUPYTER_PORT: 'http://a:8',
    };
    const { problems, warnings } = parseSettings(withoutServiceLinks(environment));
    assert.deepEqual(
      problems.map(({ what, seen }) => `${what} ${seen}`),
      ['LINTEL_JUPYTER_PORT "http://a:8"'],
    );
    assert.deepEqual(warnings, [
      'LINTEL_DOCS_PORT is no setting of Lintel and has no effect',
      'LINTEL_JUPITER_PORT is no setting of Lintel and has no effect',
    ]);
  });
});

test('every variable says what it is and what it expects', () => {
  for (const [key, { names, doc, expected, owner }] of Object.entries(VARIABLES)) {
    assert.match(doc, /^\S.*\.$/s, key);
    assert.notEqual(expected, '', key);
    const isOurs = /^(LINTEL_|S6_BEHAVIOUR_)/.test(names[0] ?? '');
    assert.equal(owner, isOurs ? 'lintel' : 'platform', key);
  }
});
