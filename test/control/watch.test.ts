import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NEEDS_TMUX, startTmux } from './tmux.ts';
import { bootWorkbench, DOOMED, LASTING, NEVER, untilThere } from './workbench.ts';

const SERVICES = {
  '/etc/services.d/db/run': LASTING,
  '/etc/services.d/web/run': LASTING,
  '/etc/services.d/bad/run': DOOMED.replace(
    'no good',
    'a rather long reason why this service is no good at all',
  ),
  '/etc/services.d/bad/service.json': NEVER,
};
const MANY = Object.fromEntries(
  Array.from({ length: 20 }, (_, index) => [`/etc/services.d/more-${index}/run`, LASTING]),
);
const OWN_PAGE = { isOwnPage: true, hasCursor: true };
const DRAWN_PAGE = { isOwnPage: false, hasCursor: false };

describe('lintel status --watch on a terminal', { skip: NEEDS_TMUX }, () => {
  test('draws in place, follows changes and the size, and leaves the screen as it was', async t => {
    const { root, run } = bootWorkbench(t, SERVICES);
    await untilThere(run, ['start', 'web', 'db', '--wait']);
    const terminal = await startTmux(t, root, { columns: 80, rows: 12 });
    terminal.type('echo before; lintel status --watch', 'Enter');
    const first = await terminal.see(/^web +ready +yes/m);
    assert.deepEqual(terminal.state(), DRAWN_PAGE);
    assert.match(
      first,
      /^Lintel \S+, pid \d+, up \d+s: the workbench runs; 2 of 3 services ready, 1\sin\strouble\n\n/,
    );
    assert.match(first, /^NAME +STATE +READY +SINCE +NOTE\n(.*\n){2}web .*$/m);
    assert.match(first, /^bad +failed .*…$/m);

    await run(['stop', 'db', '--wait']);
    const changed = await terminal.see(/^db +down/m);
    assert.equal(changed.split('\n').length, first.split('\n').length, 'in place of the one before');
    assert.doesNotMatch(changed, /before/);

    terminal.resize(120, 12);
    await terminal.see(/^NAME +STATE +READY +PID +SINCE +RESTARTS +NOTE$/m);
    await terminal.see(/^bad +failed .* a rather long reason why this service/m);

    terminal.type('C-c');
    assert.equal(await terminal.code(), 130);
    assert.match(
      terminal.look(),
      /^\$ echo before; lintel status --watch\nbefore\n\$ echo code \$\?\ncode 130\n\$$/,
    );
    assert.deepEqual(terminal.state(), OWN_PAGE);
  });

  test('shows what is in trouble where there is no room for all, and counts the others', async t => {
    const { root, run } = bootWorkbench(t, { ...SERVICES, ...MANY });
    await untilThere(run, [
      'start',
      ...Object.keys(MANY).map(path => path.split('/')[3] ?? ''),
      'db',
      'web',
      '--wait',
    ]);
    const terminal = await startTmux(t, root, { columns: 100, rows: 9 });
    terminal.type('lintel status -w', 'Enter');
    const shown = await terminal.see(/^… /m);
    assert.match(shown, /^bad +failed/m);
    assert.match(shown, /\n… 18 more: 18 ready$/);
    assert.equal(shown.split('\n').length, 9);
    terminal.type('q');
    assert.equal(await terminal.code(), 0);
    assert.deepEqual(terminal.state(), OWN_PAGE);
  });

  test('gives the terminal back for as long as it is suspended', async t => {
    const { root, run } = bootWorkbench(t, SERVICES);
    await untilThere(run, ['start', 'web', '--wait']);
    const terminal = await startTmux(t, root, { columns: 100, rows: 12 });
    terminal.type('set -m; lintel status -w', 'Enter');
    await terminal.see(/^web +ready/m);
    terminal.type('C-z');
    await terminal.see(/Stopped/);
    assert.deepEqual(terminal.state(), OWN_PAGE);
    terminal.type('fg', 'Enter');
    await terminal.see(/^web +ready/m);
    assert.deepEqual(terminal.state(), DRAWN_PAGE);
  });

  for (const [what, signal, code] of [
    ['a TERM', 'TERM', 143],
    ['an INT from elsewhere', 'INT', 130],
  ] as const) {
    test(`leaves the screen as it was after ${what}`, async t => {
      const { root, run } = bootWorkbench(t, SERVICES);
      await untilThere(run, ['start', 'web', '--wait']);
      const terminal = await startTmux(t, root, { columns: 100, rows: 12 });
      terminal.type(`sh -c 'echo $$ > ${root.at('/tmp/watcher')}; exec lintel status -w'`, 'Enter');
      await terminal.see(/^web +ready/m);
      process.kill(Number(root.read('/tmp/watcher')), `SIG${signal}`);
      assert.equal(await terminal.code(), code);
      assert.deepEqual(terminal.state(), OWN_PAGE);
    });
  }

  test('leaves what it saw last when Lintel ends, with exit code 0', async t => {
    const { root, run, lintel } = bootWorkbench(t, SERVICES);
    await untilThere(run, ['start', 'web', '--wait']);
    const terminal = await startTmux(t, root, { columns: 100, rows: 20 });
    terminal.type('lintel status -w', 'Enter');
    await terminal.see(/^web +ready/m);
    lintel.signal('SIGTERM');
    await lintel.exitCode();
    assert.equal(await terminal.code(), 0);
    const shown = terminal.look();
    assert.match(shown, /^\$ lintel status -w\nLintel .*: the workbench .*\n/);
    assert.match(shown, /^NAME [\s\S]*\n\nLintel has ended\.\n/m);
    assert.deepEqual(terminal.state(), OWN_PAGE);
  });

  test('says what is wrong where it can be read', async t => {
    const { root, run } = bootWorkbench(t, SERVICES);
    await untilThere(run, ['start', 'web', '--wait']);
    const terminal = await startTmux(t, root, { columns: 100, rows: 12 });
    terminal.type('lintel status -w wbe; echo code $?', 'Enter');
    const shown = await terminal.see(/^code \d+$/m);
    assert.match(
      shown,
      /\nlintel: error: Cannot show "wbe": no such service, expected perhaps web\ncode 2\n/,
    );
    assert.deepEqual(terminal.state(), OWN_PAGE);
  });

  test('with TERM=dumb writes each state below the one before, without a colour', async t => {
    const { root, run } = bootWorkbench(t, SERVICES);
    await untilThere(run, ['start', 'web', 'db', '--wait']);
    const terminal = await startTmux(t, root, { columns: 100, rows: 40 });
    terminal.type('TERM=dumb lintel status -w', 'Enter');
    await terminal.see(/^web +ready/m);
    await run(['stop', 'db', '--wait']);
    await terminal.see(/^db +ready[\s\S]*^db +down/m);
    assert.deepEqual(terminal.state(), OWN_PAGE);
    terminal.type('C-c');
    assert.equal(await terminal.code(), 130);
  });
});
