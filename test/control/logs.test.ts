import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { AT_GATE, bootWorkbench, countConnections, LASTING, WAIT } from './workbench.ts';

const TALKER = `#!/bin/sh
for i in 1 2 3; do echo "line $i"; done
echo "oh dear" >&2
${AT_GATE}echo "at last"
exec sleep 9999
`;
const SERVICES = { '/etc/services.d/talker/run': TALKER, '/etc/services.d/web/run': LASTING };

test('lintel logs shows the last lines of all, of some, and only so many', async t => {
  const { run, lintel } = bootWorkbench(t, SERVICES);
  await lintel.waitForText(/oh dear/);
  await lintel.waitForText(/web runs/);
  const all = (await run(['logs'])).stdout.trimEnd().split('\n');
  assert.ok(
    all.includes('talker | line 1') && all.includes('talker | oh dear') && all.includes('web | web runs'),
  );
  const mine = ['line 1', 'line 2', 'line 3', 'oh dear'].map(line => `talker | ${line}\n`);
  assert.deepEqual((await run(['logs', 'talker'])).stdout.split(/(?<=\n)/).toSorted(), mine);
  assert.equal((await run(['logs', '-n', '2', 'talker'])).stdout.split('\n').length, 3);
  assert.equal((await run(['logs', '-n0', 'talker'])).stdout, '');
});

test('a Lintel that has had nothing to say has logs too, and a workbench without services says so', async t => {
  const { run } = bootWorkbench(t, {}, { command: ['sleep', '9999'] });
  await run(WAIT);
  const { code, stdout, stderr } = await run(['logs', 'lintel']);
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' });
  assert.match((await run(['restart', 'web'])).stderr, /"web": no such service: there is none\n$/);
});

test('lintel logs --json is one object a line', async t => {
  const { run, lintel } = bootWorkbench(t, SERVICES);
  await lintel.waitForText(/oh dear/);
  const { stdout } = await run(['logs', '--json', 'talker']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, string>);
  const said = lines.find(({ stream }) => stream === 'stderr') ?? {};
  const { time = '', ...rest } = said;
  assert.deepEqual(rest, { service: 'talker', stream: 'stderr', text: 'oh dear' });
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time);
  assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('lintel logs -f goes on with what comes, and Ctrl-C ends it quietly', async t => {
  const { run, start, gate } = bootWorkbench(t, SERVICES);
  await run(WAIT);
  const following = start(['logs', '-f', '-n', '1']);
  await following.waitForText(/ \| .*\n$/);
  gate.open();
  await following.waitForText(/^talker \| at last\n$/m);
  following.signal('SIGINT');
  const { code, stderr } = await following.end();
  assert.deepEqual([code, stderr], [null, ''], 'ended by the signal: 130 to a shell');
});

test('lintel logs -f ends with 0 when Lintel ends', async t => {
  const { run, start, lintel } = bootWorkbench(t, SERVICES);
  await run(WAIT);
  const following = start(['logs', '-f']);
  await following.waitForText(/web runs/);
  lintel.signal('SIGTERM');
  assert.equal((await following.end()).code, 0);
});

test('a reader that goes away ends it quietly', async t => {
  const { run, start, gate } = bootWorkbench(t, SERVICES);
  await run(WAIT);
  const following = start(['logs', '-f', 'talker']);
  await following.waitForText(/line 3/);
  following.closeOutput();
  gate.open();
  assert.equal(await following.exitCode(), 141);
});

test('what is no UTF-8 is shown as such; into a pipe lines go as they are', async t => {
  const { run, lintel } = bootWorkbench(t, {
    '/etc/services.d/odd/run': `#!/bin/sh\nprintf 'a\\033[31mred\\033[0m\\tz\\n\\377 end\\n'\nexec sleep 9999\n`,
  });
  await lintel.waitForText(/ end/);
  assert.equal((await run(['logs', 'odd'])).stdout, 'odd | a\x1b[31mred\x1b[0m\tz\nodd | \ufffd end\n');
});

test('a follower that does not read costs Lintel little, and hears how much it missed', async t => {
  const { run, start, gate, lintel, root } = bootWorkbench(t, {
    '/etc/services.d/flood/run': `#!/bin/sh\n${AT_GATE}yes "$(printf '%01000d' 7)" | head -n 30000\necho over\nexec sleep 9999\n`,
  });
  await run(WAIT);
  const following = start(['logs', '-f', '-n', '0'], { isUnread: true });
  await following.waitUntil(
    'it is connected',
    () => countConnections(root.at('/run/lintel/control.sock')) > 0,
  );
  gate.open();
  await lintel.waitForText(/flood \| over/);
  following.readOutput();
  await following.waitForText(/\(\d+ lines left out: read too slowly\)/);
  assert.match((await run(['status'])).stdout, /^flood +ready/m);
  // It still has megabytes to read.
  following.signal('SIGKILL');
  await following.exitCode();
});

test('a follower that stopped reading for too long hears that it follows no longer', async t => {
  const { run, start, gate, lintel, root } = bootWorkbench(t, {
    '/etc/services.d/flood/run': `#!/bin/sh\n${AT_GATE}yes "$(printf '%01000d' 7)" | head -n 30000\necho over\nexec sleep 9999\n`,
  });
  await run(WAIT);
  const following = start(['logs', '-f', '-n', '0'], { isUnread: true });
  const connections = () => countConnections(root.at('/run/lintel/control.sock'));
  await following.waitUntil('it is connected', () => connections() > 0);
  gate.open();
  await lintel.waitForText(/flood \| over/);
  await following.waitUntil('Lintel hangs up', () => connections() === 0);
  following.readOutput();
  const { code, stderr } = await following.end();
  assert.deepEqual(
    [code, stderr],
    [1, 'lintel: error: Cannot follow any longer: nothing was read for too long, so Lintel hung up\n'],
  );
});

function readRssMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

test('many who ask for everything and do not read cost Lintel little', async t => {
  const { run, lintel, root } = bootWorkbench(t, {
    '/etc/services.d/short/run': '#!/bin/sh\nyes "" | head -n 100000\necho over\nexec sleep 9999\n',
  });
  await lintel.waitForText(/short \| over/);
  await run(WAIT);
  const before = readRssMiB(lintel.pid);
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(root.at('/run/lintel/control.sock')).on('error', () => undefined);
    socket.write('GET /v1/logs?lines=1000000 HTTP/1.1\r\nhost: x\r\n\r\n');
    return socket;
  });
  await Promise.all(sockets.map(async socket => once(socket, 'readable')));
  const after = readRssMiB(lintel.pid);
  for (const socket of sockets) socket.destroy();
  assert.ok(after - before < 60, `${before} MiB -> ${after} MiB`);
  assert.match((await run(['logs', '-n', '9', 'short'])).stdout, /^short \| over\n/m);
});
