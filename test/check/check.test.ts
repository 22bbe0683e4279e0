import assert from 'node:assert/strict';
import { chmodSync, chownSync } from 'node:fs';
import { describe, test } from 'node:test';
import { RULE_DOCS } from '../../src/check/docs.ts';
import { TOPICS } from '../../src/check/list.ts';
import { type Entry, type Folder, makeFolder, script } from '../facts/folder.ts';
import { IS_ROOT, makeRoot, NEEDS_ROOT, WORKBENCH } from '../rig.ts';
import { makeImage, runCheck } from './image.ts';

type Entries = Readonly<Record<string, Entry>>;

interface Row {
  readonly name: string;
  readonly entries: Entries;
  /** Rows about owners. */
  readonly change?: (image: Folder) => void;
  /** The image's own variables, by --env-file. */
  readonly environment?: string;
  /** Exactly what is said, but for what of every such image. */
  readonly lines: readonly string[];
}

/** Of an image that holds none of the programs of shipped services; and where a test does not run as root. */
const USUAL =
  /^\/usr\/local\/lib\/lintel\/services\.d: note: not started here: |^\/: note: .* \(no-owners\)$/;

async function check(
  image: Folder,
  args: readonly string[] = [],
): Promise<{ lines: string[]; exitCode: number }> {
  const { text, exitCode } = await runCheck([...args, image.path]);
  const lines = text.replaceAll(image.path, '').trimEnd().split('\n');
  return { lines: lines.slice(0, -1).filter(line => !USUAL.test(line)), exitCode };
}

/** Rules of which some row knows an example. */
const shown = new Set<string>();

function ruleOf(line: string): string {
  return /\(([a-z0-9-]+)\)$/.exec(line)?.[1] ?? '';
}

function checkRows(rows: readonly Row[]): void {
  for (const { lines } of rows) for (const line of lines) shown.add(ruleOf(line));
  for (const { name, entries, change, environment, lines } of rows) {
    test(name, { skip: change !== undefined && NEEDS_ROOT }, async t => {
      const image = makeImage(t, {
        ...entries,
        ...(environment === undefined ? {} : { variables: environment }),
      });
      change?.(image);
      const found = await check(
        image,
        environment === undefined ? [] : ['--env-file', image.at('variables')],
      );
      assert.deepEqual(found.lines, lines);
      assert.equal(found.exitCode, lines.some(line => line.includes(': error: ')) ? 1 : 0);
    });
  }
}

const json = (value: object) => JSON.stringify(value);
const SECRET = 'hunter2hunter2';
const KEY = `-----BEGIN OPENSSH PRIVATE KEY-----\n${'b3BlbnNzaC1rZXktdjEAAAAA'.repeat(3)}\n-----END OPENSSH PRIVATE KEY-----\n`;

test('a healthy image is quiet', async t => {
  const image = makeImage(t, {
    'etc/cont-init.d/10-data': script(),
    'etc/cont-init.d/.gitkeep': '',
    'etc/services.d/web/run': script('#!/usr/bin/env -S sh -e\n'),
    'etc/services.d/web/service.json': json({
      ready: { http: 'http://127.0.0.1:${WEB_PORT:-80}/' },
      after: ['jupyter'],
    }),
    'etc/lintel/lintel.env': '# defaults\nLINTEL_JUPYTER_PORT=8889\n',
    'home/ada/.config/pip/pip.conf': '[global]\nindex-url = https://mirror.example/simple\n',
  });
  const { text, exitCode } = await runCheck([image.path]);
  const [note, ...rest] = text.split('\n').filter(line => !line.endsWith('(no-owners)'));
  assert.equal(
    note,
    '/usr/local/lib/lintel/services.d: note: not started here: code-server, jupyter, novnc, rstudio, sshd, x11vnc (not installed); openbox, xvfb (only with x11vnc) (not-started)',
  );
  assert.match(rest.join('\n'), /^no errors, no warnings, \d notes?; looked at 15 scripts and 9 services\n$/);
  assert.equal(exitCode, 0);
});

describe('scripts', () => {
  checkRows([
    {
      name: 'no x bit',
      entries: { 'etc/cont-init.d/10-a': '#!/bin/sh\n' },
      lines: ['/etc/cont-init.d/10-a: error: it is not executable, expected chmod +x (not-executable)'],
    },
    {
      name: 'run without x bit',
      entries: { 'etc/services.d/web/run': '#!/bin/sh\n' },
      lines: ['/etc/services.d/web/run: error: it is not executable, expected chmod +x (not-executable)'],
    },
    {
      name: 'a program of the folder without x bit',
      entries: {
        'etc/services.d/web/service.json': json({ command: ['./serve'], health: { exec: ['./ask'] } }),
        'etc/services.d/web/serve': script(),
        'etc/services.d/web/ask': '#!/bin/sh\n',
      },
      lines: ['/etc/services.d/web/ask: error: it is not executable, expected chmod +x (not-executable)'],
    },
    {
      name: 'a missing interpreter',
      entries: { 'etc/cont-init.d/10-a': script('#!/usr/bin/python3\n') },
      lines: [
        '/etc/cont-init.d/10-a:1: error: its first line needs /usr/bin/python3, which is not installed, expected an installed program (missing-interpreter)',
      ],
    },
    {
      name: 'a relative interpreter',
      entries: { 'etc/cont-init.d/10-a': script('#!sh\n') },
      lines: [
        '/etc/cont-init.d/10-a:1: error: its first line names sh without its folder, expected a path, or /usr/bin/env sh (missing-interpreter)',
      ],
    },
    {
      name: 'a missing interpreter behind env',
      entries: { 'etc/cont-finish.d/10-a': script('#!/usr/bin/env python3\n') },
      environment: 'PATH=/bin:/usr/bin\n',
      lines: [
        '/etc/cont-finish.d/10-a:1: error: its first line needs python3, which is not installed, expected an installed program (missing-interpreter)',
      ],
    },
    {
      name: 'one that may be on a PATH that is not known',
      entries: { 'etc/cont-finish.d/10-a': script('#!/usr/bin/env python3\n') },
      lines: [
        '/etc/cont-finish.d/10-a:1: warning: its first line needs python3, which is not installed, expected an installed program (missing-interpreter)',
      ],
    },
    {
      name: 'one of conda’s, where images have it',
      entries: {
        'etc/cont-init.d/10-a': script('#!/usr/bin/env python3\n'),
        'opt/conda/bin/python3': script(),
      },
      lines: [],
    },
    {
      name: 'a missing interpreter behind env -S',
      entries: { 'etc/cont-init.d/10-a': script('#!/usr/bin/env -S A=b -u C python3 -u\n') },
      environment: 'PATH=/bin:/usr/bin\n',
      lines: [
        '/etc/cont-init.d/10-a:1: error: its first line needs python3, which is not installed, expected an installed program (missing-interpreter)',
      ],
    },
    {
      name: 'words behind env that nobody splits',
      entries: { 'etc/cont-init.d/10-a': script('#!/usr/bin/env sh -e\n') },
      lines: [
        '/etc/cont-init.d/10-a:1: error: env looks for one program of the name "sh -e", expected env -S sh -e (missing-interpreter)',
      ],
    },
    {
      name: 'a missing interpreter behind with-contenv',
      entries: { 'etc/services.d/web/run': script('#!/command/with-contenv bash\n') },
      environment: 'PATH=/bin:/usr/bin\n',
      lines: [
        '/etc/services.d/web/run:1: error: its first line needs bash, which is not installed, expected an installed program (missing-interpreter)',
      ],
    },
    {
      name: 'a first line in CR LF',
      entries: { 'etc/cont-init.d/10-a': script('#!/bin/sh\r\nexit 0\r\n') },
      lines: ['/etc/cont-init.d/10-a:1: error: its lines end in CR LF, expected LF (line-ends)'],
    },
    {
      name: 'a later line in CR LF',
      entries: { 'etc/cont-init.d/10-a': script('#!/bin/sh\n\nexit 0\r\n') },
      lines: ['/etc/cont-init.d/10-a:3: error: this line ends in CR LF, expected LF (line-ends)'],
    },
    {
      name: 'a later line in CR LF of a language that takes it',
      entries: { 'bin/python3': script(), 'etc/cont-init.d/10-a': script('#!/bin/python3\n\npass\r\n') },
      lines: [],
    },
    {
      name: 'no shebang',
      entries: { 'etc/cont-init.d/10-a': script('echo hello\n') },
      lines: [
        '/etc/cont-init.d/10-a:1: error: its first line is no "#!" with an interpreter, expected one such as #!/bin/sh (no-shebang)',
      ],
    },
    {
      name: 'an empty file',
      entries: { 'etc/services.d/web/run': script('') },
      lines: ['/etc/services.d/web/run: error: it is empty, expected a script or program (empty-file)'],
    },
    {
      name: 'an empty file in place of a shipped script',
      entries: { 'etc/cont-init.d/20-x-displays': '' },
      lines: [],
    },
    {
      name: 'a byte order mark',
      entries: { 'etc/cont-init.d/10-a': script('\ufeff#!/bin/sh\n') },
      lines: [
        '/etc/cont-init.d/10-a:1: error: it begins with a byte order mark, expected "#!" as its first bytes (byte-order-mark)',
      ],
    },
    {
      name: 'a broken link',
      entries: { 'etc/cont-init.d/10-a': { link: '/opt/gone' } },
      lines: ['/etc/cont-init.d/10-a: error: it is a link to nothing, expected a script (broken-link)'],
    },
    {
      name: 'a link to a script',
      entries: { 'etc/cont-init.d/10-a': { link: '/opt/a' }, 'opt/a': script() },
      lines: [],
    },
    {
      name: 'a README and a folder',
      entries: { 'etc/cont-init.d/README': 'Hello', 'etc/cont-init.d/more/10-b': script() },
      lines: [
        '/etc/cont-init.d/README: warning: it is skipped: neither executable nor a script, expected scripts only (no-script)',
        '/etc/cont-init.d/more: warning: it is skipped: it is a folder, expected scripts only (no-script)',
      ],
    },
    {
      name: 'names that are skipped',
      entries: {
        'etc/cont-init.d/.10-a': script(),
        'etc/services.d/notes': 'x',
        'etc/services.d/.s6-svscan/finish': script(),
      },
      lines: [
        '/etc/cont-init.d/.10-a: warning: its name begins with a dot, so it is skipped, expected another name (skipped-name)',
        '/etc/services.d/.s6-svscan: warning: its name begins with a dot, so it is skipped, expected another name (skipped-name)',
        '/etc/services.d/notes: warning: it is no folder, so it is skipped, expected a folder with run or service.json (skipped-name)',
      ],
    },
    {
      name: 'what an editor left',
      entries: {
        'etc/cont-init.d/10-a': script(),
        'etc/cont-init.d/10-a~': script(),
        'etc/cont-init.d/10-a.bak': script(),
      },
      lines: [
        '/etc/cont-init.d/10-a.bak: warning: it looks like a copy that an editor left, and runs too, expected the script alone (backup-name)',
        '/etc/cont-init.d/10-a~: warning: it looks like a copy that an editor left, and runs too, expected the script alone (backup-name)',
      ],
    },
    {
      name: 'a run that the workbench user may not execute',
      entries: { 'etc/services.d/web/run': { text: '#!/bin/sh\n', mode: 0o744 } },
      change: () => {},
      lines: [
        '/etc/services.d/web/run: error: ada (uid 1000) may not run it, expected mode 755 (not-for-user)',
      ],
    },
    {
      name: 'a script that its user may not read',
      entries: { 'etc/services.d/web/run': { text: '#!/bin/sh\n', mode: 0o711 } },
      change: () => {},
      lines: [
        '/etc/services.d/web/run: error: ada (uid 1000) may not run it, expected mode 755 (not-for-user)',
      ],
    },
    {
      name: 'a folder that the workbench user may not enter',
      entries: { 'etc/services.d/web/run': script() },
      change: image => image.close('etc/services.d/web'),
      lines: [
        '/etc/services.d/web/run: error: ada (uid 1000) may not run it: /etc/services.d/web is closed to them, expected mode 755 (not-for-user)',
      ],
    },
    {
      name: 'what root runs may be closed to others',
      entries: {
        'etc/services.d/web/run': { text: '#!/bin/sh\n', mode: 0o700 },
        'etc/services.d/web/service.json': '{"user": "root"}',
        'etc/cont-init.d/10-a': { text: '#!/bin/sh\n', mode: 0o700 },
      },
      change: () => {},
      lines: [],
    },
    {
      name: 'a script of root’s that others may change',
      entries: { 'etc/cont-init.d/10-a': script(), 'etc/cont-finish.d/10-a': script() },
      change: image => {
        chownSync(image.at('etc/cont-init.d/10-a'), 1000, 1000);
        chownSync(image.at('etc/cont-finish.d'), 1000, 1000);
      },
      lines: [
        '/etc/cont-finish.d: warning: root runs scripts in it and uid 1000 may change it, expected root as its owner, and nobody else with w (writable-by-others)',
        '/etc/cont-init.d/10-a: warning: root runs it and uid 1000 may change it, expected root as its owner, and nobody else with w (writable-by-others)',
      ],
    },
    {
      name: 'execline without execline',
      entries: { 'etc/services.d/web/run': script('#!/command/execlineb -P\nforeground { echo }\nserve\n') },
      lines: [
        '/etc/services.d/web/run:1: error: its first line needs /command/execlineb, which is not installed, expected #!/bin/sh and exec, or execline left in the image: docs/migrate.md (missing-interpreter)',
      ],
    },
    {
      name: 'execline with a part of execline',
      entries: {
        'command/execlineb': script(),
        'command/foreground': script(),
        'etc/services.d/web/run': script(
          '#!/command/execlineb -P\n# importas in a comment\nforeground { echo }\nimportas DATA DATA\ns6-setuidgid ada\nserve\n',
        ),
      },
      lines: [
        '/etc/services.d/web/run:4: warning: it names importas, which is not installed, expected what a shell has for it, or s6 left in the image: docs/s6.md (s6-program)',
      ],
    },
    {
      name: 's6’s own programs in a shell’s script',
      entries: {
        'etc/services.d/web/finish': script('#!/bin/sh\ns6-svscanctl -t /run/service\n'),
        'etc/services.d/web/run': script(
          '#!/bin/sh\nexec s6-setuidgid ada s6-notifyoncheck -d /opt/s6-log/x\n',
        ),
      },
      lines: [
        '/etc/services.d/web/finish:2: warning: it names s6-svscanctl, which is not installed, expected lintel shutdown, or s6 left in the image: docs/s6.md (s6-program)',
        '/etc/services.d/web/run:2: warning: it names s6-notifyoncheck, which is not installed, expected "ready" in service.json, or s6 left in the image: docs/s6.md (s6-program)',
      ],
    },
  ]);
});

describe('services', () => {
  checkRows([
    {
      name: 'an unknown field',
      entries: { 'etc/services.d/web/service.json': '{\n  "command": ["sh"],\n  "restrat": "never"\n}\n' },
      lines: [
        '/etc/services.d/web/service.json:3:3: error: unknown field "restrat", expected perhaps "restart" (service-json)',
      ],
    },
    {
      name: 'an unknown field of a probe',
      entries: {
        'etc/services.d/web/service.json':
          '{\n  "command": ["sh"],\n  "ready": { "htpp": "http://127.0.0.1/" }\n}\n',
      },
      lines: [
        '/etc/services.d/web/service.json:3:12: error: ready {"htpp":"http://127.0.0.1/"}, expected an object with exactly one of http, tcp, socket, file, exec and notifyFd (service-json)',
        '/etc/services.d/web/service.json:3:14: error: unknown field "ready.htpp", expected one of http, tcp, socket, file, exec, notifyFd, intervalMs, timeoutMs (service-json)',
      ],
    },
    {
      name: 'a wrong value',
      entries: {
        'etc/services.d/web/service.json':
          '{ "command": ["sh"],\n  "successCodes": [0, "SIGFOO"], "stopTimeoutMs": -1 }',
      },
      lines: [
        '/etc/services.d/web/service.json:2:23: error: successCodes.1 "SIGFOO", expected the name of a signal, such as "SIGINT" (service-json)',
        '/etc/services.d/web/service.json:2:51: error: stopTimeoutMs -1, expected a whole number of milliseconds from 0 to 86400000 (service-json)',
      ],
    },
    {
      name: 'no JSON',
      entries: { 'etc/services.d/web/service.json': '{\n  "command": ["sh"],\n}\n' },
      lines: [
        '/etc/services.d/web/service.json:3:1: error: no valid JSON, expected a JSON object (service-json)',
      ],
    },
    {
      name: 'JSON that ends too early',
      entries: { 'etc/services.d/web/service.json': '{\n  "command": ["sh"],\n' },
      lines: [
        '/etc/services.d/web/service.json:3:1: error: no valid JSON, expected a JSON object (service-json)',
      ],
    },
    {
      name: 'JSON with comments',
      entries: { 'etc/services.d/web/service.json': '{ // the web\n  "command": ["sh"]\n}\n' },
      lines: [
        '/etc/services.d/web/service.json:1:3: error: a comment, which JSON has not, expected a JSON object (service-json)',
      ],
    },
    {
      name: 'a service.json that leads nowhere',
      entries: { 'etc/services.d/web/service.json': { link: 'gone' } },
      lines: [
        '/etc/services.d/web/service.json: error: it is a link to nothing, expected a readable JSON file (service-json)',
      ],
    },
    {
      name: 'neither run nor command',
      entries: { 'etc/services.d/web/notes': 'x' },
      lines: [
        '/etc/services.d/web: error: neither "run" nor a "command" in service.json, expected one of them (service-folder)',
      ],
    },
    {
      name: 'a mistake in a file of s6’s',
      entries: { 'etc/services.d/web/run': script(), 'etc/services.d/web/timeout-kill': 'soon\n' },
      lines: [
        '/etc/services.d/web/timeout-kill: error: "soon", expected a whole number of milliseconds from 0 (for ever) to 86400000 (service-folder)',
      ],
    },
    {
      name: 'programs that are not installed',
      entries: {
        'etc/services.d/web/service.json':
          '{\n  "command": ["serve"],\n  "ready": { "exec": ["/opt/ask", "x"] }\n}',
      },
      lines: [
        '/etc/services.d/web/service.json:2:15: warning: serve is not installed, expected a program on PATH or an absolute path (missing-program)',
        '/etc/services.d/web/service.json:3:23: warning: /opt/ask is not installed, expected a program on PATH or an absolute path (missing-program)',
      ],
    },
    {
      name: 'a run that becomes a program which is not installed, where nothing can have changed that',
      entries: {
        'etc/services.d/a/run': script('#!/bin/sh\n# ours\n\nexec serve --port 9000\n'),
        'etc/services.d/b/run': script(
          '#!/usr/bin/env sh\nset -eu\nexec 2>&1\nexec serve \\\n  --port 9000\n',
        ),
        'etc/services.d/c/run': script('#!/bin/sh\nexport PATH=/opt/serve:$PATH\nexec serve\n'),
        'etc/services.d/d/run': script('#!/bin/sh\n. /opt/serve/activate\nexec serve\n'),
        'etc/services.d/e/run': script('#!/bin/sh\nexec serve || exec sh\n'),
        'etc/services.d/f/run': script('#!/bin/sh\nexec "$SERVE" here\n'),
        'etc/services.d/g/run': script('#!/bin/sh -l\nexec serve\n'),
        'etc/services.d/h/run': script('#!/bin/sh\nexec serve\n'),
        'etc/services.d/h/service.json': json({ env: { PATH: '/opt/serve' } }),
        'etc/services.d/i/run': script('#!/bin/sh\nexec serve\n'),
        'etc/services.d/i/service.json': json({ when: { command: 'serve' } }),
        'etc/services.d/j/run': script('#!/bin/sh\nexec base64 /dev/zero\n'),
      },
      lines: [
        '/etc/services.d: note: not started here: i (serve is not installed) (not-started)',
        '/etc/services.d/a/run:4: warning: serve is not installed, expected a program on PATH or an absolute path (missing-program)',
        '/etc/services.d/b/run:4: warning: serve is not installed, expected a program on PATH or an absolute path (missing-program)',
      ],
    },
    {
      name: 'no such run beside a script that may have changed PATH',
      entries: {
        'etc/services.d/a/run': script('#!/bin/sh\nexec serve\n'),
        'etc/cont-init.d/10-path': script('#!/bin/sh\necho "PATH=/opt/serve:$PATH" >> "$LINTEL_ENV"\n'),
      },
      lines: [],
    },
    {
      name: 'a program of the folder that is not there',
      entries: { 'etc/services.d/web/service.json': '{ "command": ["./serve"] }' },
      lines: [
        '/etc/services.d/web/service.json:1:15: error: there is no /etc/services.d/web/serve, expected a file of the service’s folder (missing-program)',
      ],
    },
    {
      name: 'unknown names',
      entries: {
        'etc/services.d/web/run': script(),
        'etc/services.d/web/service.json': '{ "requires": ["databse"],\n  "after": ["jupyter", "nobody"] }',
        'etc/services.d/database/run': script(),
      },
      lines: [
        '/etc/services.d/web/service.json:1:16: error: unknown service "databse", expected perhaps database (unknown-service)',
        '/etc/services.d/web/service.json:2:24: error: unknown service "nobody", expected one of code-server, database, jupyter, novnc, openbox, rstudio, sshd, x11vnc, xvfb (unknown-service)',
      ],
    },
    {
      name: 'all of a service.json at once, whatever of it is wrong',
      entries: {
        'etc/services.d/web/run': script(),
        'etc/services.d/web/service.json':
          '{ "restrat": "never",\n  "requires": ["databse"],\n  "user": "www" }',
        'etc/services.d/database/run': script(),
      },
      lines: [
        '/etc/services.d/web/service.json:1:3: error: unknown field "restrat", expected perhaps "restart" (service-json)',
        '/etc/services.d/web/service.json:2:16: error: unknown service "databse", expected perhaps database (unknown-service)',
        '/etc/services.d/web/service.json:3:11: error: "www" is no user of the image, expected the name of a user in /etc/passwd, a uid or uid:gid (unknown-user)',
      ],
    },
    {
      name: 'a circle',
      entries: {
        'etc/services.d/a/run': script(),
        'etc/services.d/a/service.json': '{ "requires": ["b"] }',
        'etc/services.d/b/run': script(),
        'etc/services.d/b/service.json': '{ "after": ["a"] }',
      },
      lines: [
        '/etc/services.d/a/service.json:1:16: error: a circle: a -> b -> a, expected an order in which each can start (service-circle)',
      ],
    },
    {
      name: 'an unknown user',
      entries: { 'etc/services.d/web/service.json': '{ "command": ["sh"], "user": "www" }' },
      lines: [
        '/etc/services.d/web/service.json:1:30: error: "www" is no user of the image, expected the name of a user in /etc/passwd, a uid or uid:gid (unknown-user)',
      ],
    },
    {
      name: 'a when that never holds',
      entries: {
        'etc/services.d/web/service.json':
          '{ "command": ["sh"], "when": { "file": "etc/web.conf", "env": ["A=b"] } }',
      },
      lines: [
        '/etc/services.d: note: not started here: web (there is no etc/web.conf) (not-started)',
        '/etc/services.d/web/service.json:1:40: warning: "etc/web.conf" is no absolute path, so the service never starts, expected one (when-never)',
        '/etc/services.d/web/service.json:1:63: warning: "A=b" can’t be a variable’s name, so the service never starts, expected one (when-never)',
      ],
    },
    {
      name: 'a service of the image that does not start',
      entries: {
        'etc/services.d/browser/service.json': '{ "command": ["sh"], "when": { "command": "firefox" } }',
      },
      lines: ['/etc/services.d: note: not started here: browser (firefox is not installed) (not-started)'],
    },
    {
      name: 'a named service that does not start',
      entries: { 'etc/lintel/lintel.env': '# the desktop\nLINTEL_SERVICES=x11vnc\n' },
      lines: [
        '/etc/lintel/lintel.env:2: warning: service x11vnc does not start here: x11vnc is not installed, expected one that can start (not-started)',
      ],
    },
    {
      name: 'a name that no service has',
      entries: { 'etc/lintel/lintel.env': 'LINTEL_SERVICES="jupyter wbe"\n', 'bin/jupyter-lab': script() },
      lines: [
        '/etc/lintel/lintel.env:1: error: LINTEL_SERVICES: "wbe", expected one of auto, image, none, code-server, jupyter, novnc, openbox, rstudio, sshd, x11vnc, xvfb, or a pattern (unknown-service)',
      ],
    },
    {
      name: 'the image’s own service in place of a shipped one',
      entries: {
        'etc/services.d/lab/run': script('#!/bin/sh\nexec jupyter-lab\n'),
        'bin/jupyter-lab': script(),
      },
      lines: [],
    },
    {
      name: 'a variable that nobody sets',
      entries: {
        'etc/services.d/web/service.json':
          '{ "command": ["sh", "-c", "echo ${NOT_MINE}"],\n  "ready": { "http": "http://127.0.0.1:${WEB_PORT}/${BASE:-}" } }',
      },
      environment: 'A=b\n',
      lines: [
        '/etc/services.d/web/service.json:2:40: note: nobody here sets WEB_PORT, expected a default: ${WEB_PORT:-…} (unset-variable)',
      ],
    },
    {
      name: 'a variable that is mistyped',
      entries: {
        'etc/services.d/web/service.json':
          '{ "command": ["sh"],\n  "ready": { "http": "http://127.0.0.1:${LINTEL_JUPITER_PORT}/" } }',
      },
      lines: [
        '/etc/services.d/web/service.json:2:40: warning: nobody here sets LINTEL_JUPITER_PORT, expected perhaps LINTEL_JUPYTER_PORT (unset-variable)',
      ],
    },
  ]);
});

describe('variables', () => {
  checkRows([
    {
      name: 'unknown ones, file by file',
      entries: {
        'etc/lintel/lintel.env': '\nexport PIP_REPOSITRY=https://mirror.example\n',
        'etc/lintel/env.d/10-a.env': 'A="one\ntwo"\nLINTEL_SERVICE_USERS=x\nLINTEL_NOSUCHTHING=1\n',
      },
      lines: [
        '/etc/lintel/env.d/10-a.env:3: warning: LINTEL_SERVICE_USERS is no setting of Lintel, expected perhaps LINTEL_SERVICE_USER (unknown-variable)',
        '/etc/lintel/env.d/10-a.env:4: warning: LINTEL_NOSUCHTHING is no setting of Lintel and has no effect, expected a name of docs/variables.md (unknown-variable)',
        '/etc/lintel/lintel.env:2: warning: PIP_REPOSITRY is no setting of Lintel, expected perhaps PIP_REPOSITORY (unknown-variable)',
      ],
    },
    {
      name: 'unknown ones of the image',
      entries: {},
      environment: 'PATH=/bin:/usr/bin\nGIT_REPOSITRY=https://git.example/a\nS6_LOGGING=1\n',
      lines: [
        '/variables:2: warning: GIT_REPOSITRY is no setting of Lintel, expected perhaps GIT_REPOSITORY (unknown-variable)',
        '/variables:3: warning: without effect: S6_LOGGING (logs go to stdout and stderr), expected nothing of it: docs/s6.md (without-effect)',
      ],
    },
    {
      name: 'malformed values',
      entries: {
        'etc/lintel/lintel.env': `LINTEL_JUPYTER_PORT=eighty\nPIP_REPOSITORY=ftp://ada:${SECRET}@mirror\n`,
      },
      lines: [
        '/etc/lintel/lintel.env:1: error: LINTEL_JUPYTER_PORT: "eighty", expected a whole number from 1 to 65535 (a port) (malformed-value)',
        '/etc/lintel/lintel.env:2: error: PIP_REPOSITORY: "ftp://***@mirror", expected an http or https URL (malformed-value)',
        '/etc/lintel/lintel.env:2: error: PIP_REPOSITORY holds a URL with credentials, which everybody has who has the image, expected them from the platform at run time (baked-credentials)',
      ],
    },
    {
      name: 'lines that set nothing',
      entries: { 'etc/lintel/lintel.env': 'A=1\nthis is no assignment\n# a comment\nB: 2\n' },
      lines: [
        '/etc/lintel/lintel.env:2: warning: this line sets nothing, expected NAME=value or # comment (no-assignment)',
      ],
    },
  ]);
});

describe('secrets', () => {
  checkRows([
    {
      name: 'in env files',
      entries: {
        'etc/lintel/lintel.env': `PASSWORD=${SECRET}\nAWS_SECRET_ACCESS_KEY=${SECRET}\nMY_TOKEN=${SECRET}\nSORT_KEY=${SECRET}\nLINTEL_PREVIOUS_PASSWORD=known\nGIT_PERSONAL_ACCESS_TOKEN=\n`,
      },
      lines: [
        '/etc/lintel/lintel.env:1: error: PASSWORD holds a secret, which everybody has who has the image, expected it from the platform at run time (baked-secret)',
        '/etc/lintel/lintel.env:2: error: AWS_SECRET_ACCESS_KEY holds a secret, which everybody has who has the image, expected it from the platform at run time (baked-secret)',
        '/etc/lintel/lintel.env:3: error: MY_TOKEN holds a secret, which everybody has who has the image, expected it from the platform at run time (baked-secret)',
        '/etc/lintel/lintel.env:4: warning: SORT_KEY sounds like a secret, which everybody has who has the image, expected it from the platform at run time (baked-secret)',
      ],
    },
    {
      name: 'in the image’s variables',
      entries: {},
      environment: `JUPYTER_TOKEN=${SECRET}\nGPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568\nDB=postgres://ada:${SECRET}@db/x\nPASSWORD_FILE=/run/secrets/password\nTOKENIZERS_PARALLELISM=false\n`,
      lines: [
        '/variables:1: error: JUPYTER_TOKEN holds a secret, which everybody has who has the image, expected it from the platform at run time (baked-secret)',
        '/variables:3: error: DB holds a URL with credentials, which everybody has who has the image, expected them from the platform at run time (baked-credentials)',
      ],
    },
    {
      name: 'private keys',
      entries: {
        'etc/lintel/key.pem': KEY,
        'home/ada/.ssh/id_ed25519': KEY,
        'root/.ssh/id_rsa': KEY,
        'etc/services.d/web/run': script(`#!/bin/sh\ncat <<END\n${KEY}END\n`),
        'etc/cont-init.d/10-a': script('#!/bin/sh\ngrep -q "BEGIN OPENSSH PRIVATE KEY-----" "$1"\n'),
      },
      lines: [
        '/etc/lintel/key.pem:1: error: it holds a private key, which everybody has who has the image, expected it from the platform at run time (private-key)',
        '/etc/services.d/web/run:3: error: it holds a private key, which everybody has who has the image, expected it from the platform at run time (private-key)',
        '/home/ada/.ssh/id_ed25519:1: error: it holds a private key, which everybody has who has the image, expected it from the platform at run time (private-key)',
        '/root/.ssh/id_rsa:1: error: it holds a private key, which everybody has who has the image, expected it from the platform at run time (private-key)',
      ],
    },
    {
      name: 'host keys',
      entries: { 'etc/ssh/ssh_host_rsa_key': KEY, 'etc/ssh/ssh_host_rsa_key.pub': 'ssh-rsa AAAA' },
      lines: [
        '/etc/ssh/ssh_host_rsa_key:1: warning: each container of the image has this host key, expected none: sshd makes one at start (host-key)',
      ],
    },
    {
      name: 'in the settings of tools',
      entries: {
        'etc/pip.conf': `[global]\nindex-url = https://ada:${SECRET}@mirror.example/simple\n`,
        'opt/conda/.condarc': `channels:\n  - https://conda.example/t/${SECRET}/main\n`,
        'home/ada/.npmrc': `registry=https://npm.example/\n//npm.example/:_authToken=${SECRET}\n`,
        'root/.npmrc': '//npm.example/:_authToken=${NPM_TOKEN}\n',
        'home/ada/.netrc': `machine git.example\n  login ada\n  password ${SECRET}\n`,
        'root/.netrc': `machine git.example login ada password ${SECRET}\n`,
        'home/ada/.git-credentials': `https://ada:${SECRET}@git.example\n`,
      },
      lines: [
        '/etc/pip.conf:2: error: it holds credentials, which everybody has who has the image, expected them from the platform at run time (baked-credentials)',
        '/home/ada/.git-credentials:1: error: it holds credentials, which everybody has who has the image, expected them from the platform at run time (baked-credentials)',
        '/home/ada/.netrc:3: error: it holds credentials, which everybody has who has the image, expected them from the platform at run time (baked-credentials)',
        '/home/ada/.npmrc:2: error: it holds credentials, which everybody has who has the image, expected them from the platform at run time (baked-credentials)',
        '/opt/conda/.condarc:2: error: it holds credentials, which everybody has who has the image, expected them from the platform at run time (baked-credentials)',
        '/root/.netrc:1: error: it holds credentials, which everybody has who has the image, expected them from the platform at run time (baked-credentials)',
      ],
    },
  ]);
});

describe('Lintel itself and its user', () => {
  checkRows([
    {
      name: 'no Lintel',
      entries: { 'usr/local/lib/lintel/lintel.cjs': 'a folder' },
      lines: [
        '/usr/local/lib/lintel/lintel.cjs: error: Lintel is not in the image, expected COPY --from=lintel / / as the last layer (not-installed)',
      ],
    },
    {
      name: 'an /init of another program',
      entries: { init: script('#!/bin/sh\n# s6-overlay\n'), 'command/with-contenv': script() },
      lines: [
        '/command/with-contenv: error: it is not Lintel’s: a later layer has replaced it, expected COPY --from=lintel / / as the last layer (not-installed)',
        '/init: error: it is not Lintel’s: a later layer has replaced it, expected COPY --from=lintel / / as the last layer (not-installed)',
      ],
    },
    {
      name: 'a library that Node needs',
      entries: { 'lib/libc.so.6': 'a folder' },
      lines: [
        '/usr/local/lib/lintel/node: error: it needs libc.so.6, which is not in the image, expected the package that holds it (missing-library)',
      ],
    },
    {
      name: 'a loader that is another libc’s',
      entries: { 'lib/loader.so': { link: '/gone' } },
      lines: [
        '/usr/local/lib/lintel/node: error: it needs /lib/loader.so, which is not in the image, expected the package that holds it (missing-library)',
      ],
    },
    {
      name: 'programs of the system',
      entries: {
        'usr/bin/setpriv': { link: '/bin/busybox' },
        'bin/busybox': script(),
        'usr/bin/base64': 'no program',
      },
      lines: [
        '/usr/bin/base64: warning: base64 is not installed, expected coreutils, which hands odd variables on unchanged (missing-tool)',
        '/usr/bin/setpriv: warning: setpriv is not installed, expected util-linux, for services with noNewPrivs and where Node has no FFI (missing-tool)',
      ],
    },
    {
      name: 'setpriv, where a service asks for no_new_privs',
      entries: {
        'usr/bin/setpriv': 'no program',
        'etc/services.d/web/run': script(),
        'etc/services.d/web/service.json': '{"noNewPrivs": true}',
      },
      lines: [
        '/usr/bin/setpriv: error: setpriv is not installed, expected util-linux, for services with noNewPrivs and where Node has no FFI (missing-tool)',
      ],
    },
    {
      name: 'an installation that others may change',
      entries: {},
      change: image => chownSync(image.at('usr/local/lib/lintel'), 1000, 1000),
      lines: [
        '/usr/local/lib/lintel: warning: root runs what is here, and uid 1000 may change it, expected root’s own (foreign-owner)',
      ],
    },
    {
      name: 'no workbench user',
      entries: { 'etc/passwd': 'root:x:0:0::/root:/bin/sh\n' },
      lines: [
        '/etc/passwd: warning: the workbench user, uid 1000, has no line in /etc/passwd: its HOME is /tmp, and whoami and ssh know nobody of that uid, expected useradd --create-home --uid 1000 NAME (no-user)',
      ],
    },
    {
      name: 'a LINTEL_USER whom nobody knows',
      entries: { 'etc/lintel/lintel.env': 'LINTEL_USER=grace\n' },
      lines: [
        '/etc/lintel/lintel.env:1: error: LINTEL_USER: "grace", expected the name of a user in /etc/passwd, a uid or uid:gid (no-user)',
      ],
    },
    {
      name: 'no home',
      entries: { 'etc/passwd': 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/nobody:/bin/sh\n' },
      change: () => {},
      lines: [
        '/home/nobody: warning: ada has no home to write to, expected a folder that is theirs, or a volume (no-home)',
      ],
    },
    {
      name: 'root’s folders in the home',
      entries: { 'home/ada/.config/pip/pip.conf': '', 'home/ada/.local': 'a folder' },
      change: image => {
        for (const name of ['.config', '.local']) chownSync(image.at(`home/ada/${name}`), 0, 0);
      },
      lines: [
        '/home/ada/.config: error: ada (uid 1000) can’t write it: it is uid 0’s, expected chown 1000 (foreign-home)',
        '/home/ada/.local: error: ada (uid 1000) can’t write it: it is uid 0’s, expected chown 1000 (foreign-home)',
      ],
    },
    {
      name: 'root’s folders in a home that the start gives away',
      entries: {
        'home/ada/.config/pip/pip.conf': '',
        'etc/lintel/lintel.env': 'CHOWN_HOME=yes\nCHOWN_HOME_OPTS=-R\n',
      },
      change: image => chownSync(image.at('home/ada/.config'), 0, 0),
      lines: [],
    },
  ]);
});

describe('what other supervisors read', () => {
  checkRows([
    {
      name: 's6-rc',
      entries: {
        'etc/s6-overlay/s6-rc.d/server/type': 'longrun\n',
        'etc/s6-overlay/s6-rc.d/page/type': 'oneshot\n',
        'etc/s6-overlay/s6-rc.d/user/type': 'bundle\n',
      },
      lines: [
        '/etc/s6-overlay/s6-rc.d/page: warning: page is not run: Lintel does not read s6-rc.d, expected a script in /etc/cont-init.d: docs/migrate.md (s6-rc)',
        '/etc/s6-overlay/s6-rc.d/server: warning: server is not started: Lintel does not read s6-rc.d, expected a folder in /etc/services.d: docs/migrate.md (s6-rc)',
      ],
    },
    {
      name: 'fix-attrs.d, a logger, supervisord',
      entries: {
        'etc/fix-attrs.d/10-data': '/data true ada 0644 0755\n',
        'etc/services.d/web/run': script(),
        'etc/services.d/web/log/run': script(),
        'etc/supervisor/conf.d/web.conf': '; the web\n[program:web]\ncommand=serve\n[program:db]\n',
      },
      lines: [
        '/etc/fix-attrs.d/10-data: warning: Lintel does not read fix-attrs.d, expected RUN install or COPY --chown, for a volume a script: docs/migrate.md (fix-attrs)',
        '/etc/services.d/web/log: warning: it is not started: every line of web goes to the container’s log, expected no logger: docs/migrate.md (logger)',
        '/etc/supervisor/conf.d/web.conf:2: warning: web is not started: Lintel does not read it, expected a folder in /etc/services.d: docs/migrate.md (supervisord)',
        '/etc/supervisor/conf.d/web.conf:4: warning: db is not started: Lintel does not read it, expected a folder in /etc/services.d: docs/migrate.md (supervisord)',
      ],
    },
  ]);
});

describe('each rule', () => {
  for (const { rules } of TOPICS) {
    for (const [name, severity] of Object.entries(rules)) {
      const { example = '' } = RULE_DOCS[name] ?? {};
      test(`${name} is told by an example of its own, and found in an image`, () => {
        assert.equal(ruleOf(example), name);
        assert.match(example, new RegExp(`^(/|environment: )[^ ]*(: )?(.*: )?${severity}: `));
        assert.ok(shown.has(name) || ['unread', 'no-owners'].includes(name), 'no row shows it');
      });
    }
  }
});

describe('lintel check', () => {
  test('prints no secret, whatever else is wrong with it', async t => {
    const image = makeImage(t, {
      'etc/lintel/lintel.env': `PASSWORD=${SECRET}\nPIP_REPOSITORY=ftp://ada:${SECRET}@mirror\n${SECRET}\nVAULT_TOKEN="${SECRET}\n`,
      'etc/pip.conf': `index-url = https://ada:${SECRET}@mirror.example/simple\n`,
      'etc/services.d/web/service.json': `{"command": ["sh"], "env": {"A": ["${SECRET}"]}, "ready": {"http": "ada:${SECRET}@x"}}`,
      'etc/services.d/db/service.json': `{"env": {"A": "${SECRET}" "B"}}`,
    });
    for (const args of [[image.path], ['--json', image.path]]) {
      const { text, exitCode } = await runCheck(args);
      assert.ok(!text.includes(SECRET), text);
      assert.equal(exitCode, 1);
    }
  });

  test('says it as data, with the fields that are promised', async t => {
    const image = makeImage(t, { 'etc/services.d/web/service.json': '{\n  "comand": ["sh"]\n}' });
    const { text } = await runCheck(['--json', image.path]);
    const { findings, ...counts } = JSON.parse(text);
    assert.deepEqual(findings[0], {
      severity: 'error',
      rule: 'service-json',
      path: '/etc/services.d/web/service.json',
      line: 2,
      column: 3,
      what: 'unknown field "comand"',
      expected: 'perhaps "command"',
    });
    assert.deepEqual({ ...counts, notes: 0 }, { errors: 1, warnings: 0, notes: 0 });
  });

  test('lets warnings pass, but with --strict', async t => {
    const image = makeImage(t, { 'etc/cont-init.d/README': 'Hello' });
    assert.equal((await runCheck([image.path])).exitCode, 0);
    assert.equal((await runCheck(['--strict', image.path])).exitCode, 1);
    assert.equal((await runCheck(['--strict', makeImage(t).path])).exitCode, 0);
  });

  for (const [args, message] of [
    [['/nowhere/at/all'], 'Cannot check "/nowhere/at/all": no such folder, expected the folder of an image'],
    [['/dev/null'], 'Cannot check "/dev/null": it is no folder, expected the folder of an image'],
    [
      ['--env-file', '/nowhere', '/'],
      'Cannot use --env-file "/nowhere": no such file, expected a file of NAME=value',
    ],
    [['/', '/'], 'Cannot use argument "/", expected --json or --strict or --env-file'],
  ] as const) {
    test(`refuses ${args.join(' ')}`, async () => {
      await assert.rejects(runCheck(args), { message, exitCode: 2 });
    });
  }

  test('says what it could not read, and goes on', async t => {
    const image = makeImage(t, { 'root/.ssh/id_rsa': KEY, 'etc/cont-init.d/10-a': '#!/bin/sh\n' });
    image.close('root');
    // Lintel's copy in it may well be there.
    image.close('opt');
    chmodSync(image.path, 0o755);
    const command = ['lintel', 'check', image.path];
    const { stdout, stderr } = await makeRoot(t)
      .boot({ command, ...(IS_ROOT && { uid: WORKBENCH.uid }) })
      .end();
    assert.equal(stderr, '', stdout);
    assert.deepEqual(
      stdout.split('\n').filter(line => line !== '' && !USUAL.test(line) && !line.includes('; looked at ')),
      [
        '/etc/cont-init.d/10-a: error: it is not executable, expected chmod +x (not-executable)',
        '/opt: note: it could not be read: permission denied, expected to be looked at as root (unread)',
        '/root: note: it could not be read: permission denied, expected to be looked at as root (unread)',
      ],
    );
  });

  test('below LINTEL_ROOT, which is for files alone, a home of the image is still its home', {
    skip: NEEDS_ROOT,
  }, async t => {
    const image = makeImage(t, { 'home/ada/.config': 'a folder' });
    chownSync(image.at('home/ada/.config'), 0, 0);
    const { text } = await runCheck([], { LINTEL_ROOT: image.path, PATH: '/usr/bin:/bin' });
    assert.deepEqual(
      text.split('\n').filter(line => line.includes('/home/ada')),
      [
        '/home/ada/.config: error: ada (uid 1000) can’t write it: it is uid 0’s, expected chown 1000 (foreign-home)',
      ],
    );
  });

  test('below LINTEL_ROOT, a layer’s files need no users, no programs and no Lintel', async t => {
    const layer = makeFolder(t, {
      'etc/cont-init.d/10-a': script('#!/command/with-contenv sh\n'),
      'etc/services.d/web/run': script('#!/usr/bin/env sh\nexec s6-setuidgid ada sleep 9999\n'),
    });
    const { text } = await runCheck([], { LINTEL_ROOT: layer.path, PATH: '/usr/bin:/bin' });
    const lines = text.split('\n').filter(line => line !== '' && !line.endsWith('(no-owners)'));
    assert.equal(lines.length, 1, text);
    assert.match(text, /no errors, no warnings, (?:no notes|1 note); looked at 2 scripts and 1 service\n$/);
  });

  test('takes LINTEL_ROOT for the files alone, as a boot does: programs and homes are this machine’s', async t => {
    const root = makeFolder(t, {
      'etc/passwd': 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/nowhere/at/all:/bin/sh\n',
      'etc/cont-init.d/10-a': script('#!/bin/sh\n'),
      'etc/cont-init.d/20-b': script('#!/bin/nothing-of-that-name\n'),
    });
    const { text } = await runCheck([], {
      LINTEL_ROOT: root.path,
      PATH: '/usr/bin:/bin',
      GIT_REPOSITRY: 'x',
    });
    assert.deepEqual(
      text.split('\n').filter(line => !/\((no-owners|no-home)\)$/.test(line)),
      [
        '/etc/cont-init.d/20-b:1: error: its first line needs /bin/nothing-of-that-name, which is not installed, expected an installed program (missing-interpreter)',
        'environment: warning: GIT_REPOSITRY is no setting of Lintel, expected perhaps GIT_REPOSITORY (unknown-variable)',
        text.split('\n').at(-2),
        '',
      ],
    );
  });
});
