import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { type BootRecord, makeRecordSchema, type Span } from '../../src/timing/record.ts';
import { AT_GATE, bootWorkbench, DOOMED, LASTING, NEVER, type Workbench } from '../control/workbench.ts';
import { type Files, IS_ROOT, makeRoot, type Root, WORKBENCH } from '../rig.ts';

const FILE = '/run/lintel/boot.json';
/** Says by a file that it is ready. */
const READY = '{"ready": {"file": "${LINTEL_ROOT}/tmp/ready", "intervalMs": 20}';

/** boot.json as its schema has it: nothing else may ever stand there. */
function readRecord(root: Root): BootRecord {
  return makeRecordSchema().parse(JSON.parse(readFileSync(root.at(FILE), 'utf8')));
}

async function untilSettled(bench: Pick<Workbench, 'lintel' | 'root'>): Promise<BootRecord> {
  return bench.lintel.waitUntil('boot.json says that the boot is over', () => {
    if (!existsSync(bench.root.at(FILE))) return undefined;
    const record = readRecord(bench.root);
    return record.outcome !== 'booting' && record;
  });
}

/** "service web 2 starts", "wait web for db": what of a record is the same in every run. */
function renderSpan({ kind, name, waitedFor, starts = 1, isFailed, endMs }: Span): string {
  return [
    kind,
    name,
    ...(waitedFor === undefined ? [] : [`for ${waitedFor.join(' ')}`]),
    ...(starts > 1 ? [`${starts} starts`] : []),
    ...(isFailed ? ['failed'] : []),
    ...(endMs === undefined ? ['open'] : []),
  ].join(' ');
}

function renderServices({ spans }: BootRecord): string[] {
  return spans.filter(({ kind }) => kind === 'service' || kind === 'wait').map(renderSpan);
}

describe('boot.json', () => {
  test('says of each stage, script, wait and service when it began and ended, and what was reduced', async t => {
    const bench = bootWorkbench(
      t,
      {
        '/etc/cont-init.d/10-hello': '#!/bin/sh\necho hello\n',
        '/etc/services.d/db/run': LASTING,
        '/etc/services.d/web/run': LASTING,
        '/etc/services.d/web/service.json': '{"requires": ["db"]}',
        '/etc/services.d/spare/run': LASTING,
        '/etc/services.d/spare/down': '',
      },
      { environment: { PIP_REPOSITORY: 'ftp://mirror.example' } },
    );
    const record = await untilSettled(bench);
    assert.equal(record.outcome, 'ready');
    assert.equal(record.reason, undefined);
    assert.deepEqual(record.reduced, ['PIP_REPOSITORY']);
    assert.deepEqual(record.spans.map(renderSpan), [
      'stage node',
      'stage settings and facts',
      'stage files',
      'step password',
      'script 10-hello',
      'service db',
      'wait web for db',
      'service web',
    ]);
    const [db, wait, web] = record.spans.slice(-3);
    assert.equal(wait?.endMs, web?.startMs);
    assert.ok((wait?.endMs ?? 0) >= (db?.endMs ?? 0), 'it waited until the other was ready');
    for (const { startMs, endMs = Number.NaN } of record.spans)
      assert.ok(0 <= startMs && startMs <= endMs && endMs <= record.tookMs);
    assert.doesNotMatch(bench.root.read(FILE), /mirror\.example|hello\\n|db runs/);
    const [, said] = await bench.lintel.waitForText(/^lintel: (ready after .*)$/m);
    assert.match(
      said ?? '',
      /^ready after [\d.]+ s: .*[\d.]+ s (db|web), .* before services; reduced: 1 \(PIP_REPOSITORY\)$/,
    );
  });

  test('is the workbench user’s to read, and Lintel’s alone to write', {
    skip: !IS_ROOT && 'needs root',
  }, async t => {
    const bench = bootWorkbench(t, { '/etc/services.d/web/run': LASTING });
    await untilSettled(bench);
    const { mode, uid, gid } = statSync(bench.root.at(FILE));
    assert.deepEqual([(mode & 0o777).toString(8), uid, gid], ['640', 0, WORKBENCH.gid]);
  });

  test('counts how often a service was started until it was ready', async t => {
    const bench = bootWorkbench(t, {
      '/etc/services.d/web/run':
        '#!/bin/sh\necho x >> "$LINTEL_ROOT/tmp/lives"\n[ "$(wc -l < "$LINTEL_ROOT/tmp/lives")" -ge 3 ] || exit 3\n: > "$LINTEL_ROOT/tmp/ready"\nexec sleep 9999\n',
      '/etc/services.d/web/service.json': `${READY}, "backoffMs": {"min": 10, "max": 20}}`,
    });
    const record = await untilSettled(bench);
    assert.deepEqual([record.outcome, renderServices(record)], ['ready', ['service web 3 starts']]);
    await bench.lintel.waitForText(/ready after .* s web \(3 starts\)/);
  });

  test('names whoever has failed, and whoever waits for nobody any more', async t => {
    const bench = bootWorkbench(t, {
      '/etc/services.d/alive/run': LASTING,
      '/etc/services.d/bad/run': DOOMED,
      '/etc/services.d/bad/service.json': NEVER,
      '/etc/services.d/child/run': LASTING,
      '/etc/services.d/child/service.json': '{"requires": ["bad"]}',
      '/etc/services.d/waiter/run': LASTING,
      '/etc/services.d/waiter/service.json': '{"requires": ["spare"]}',
      '/etc/services.d/spare/run': LASTING,
      '/etc/services.d/spare/down': '',
    });
    const record = await untilSettled(bench);
    assert.equal(record.outcome, 'incomplete');
    assert.equal(
      record.reason,
      'bad (failed: exited with code 3), child (failed: requires bad, which will not come), waiter (waits for spare)',
    );
    assert.deepEqual(renderServices(record), [
      'service alive',
      'service bad failed',
      'wait child for bad failed',
      'wait waiter for spare open',
    ]);
    await bench.lintel.waitForText(
      /warning: booted after [\d.]+ s without bad \(failed: exited with code 3\), child/,
    );
  });

  test('says of two that are not ready for which it waited last', async t => {
    const bench = bootWorkbench(t, {
      '/etc/services.d/late/run': LASTING,
      '/etc/services.d/late/service.json': `${READY.slice(0, -1)}, "timeoutMs": 1}}`,
      '/etc/services.d/broken/run': `#!/bin/sh\n${AT_GATE}exit 3\n`,
      '/etc/services.d/broken/service.json': `${READY}, "restart": "never"}`,
    });
    await bench.lintel.waitForText(/late is not ready in time/);
    bench.gate.open();
    const record = await untilSettled(bench);
    assert.deepEqual(renderServices(record), ['service broken failed', 'service late failed open']);
    await bench.lintel.waitForText(/: booted after .+ without .+: [\d.]+ s broken, /);
  });

  test('waits for nobody who is late, nor for those who wait for that one', async t => {
    const bench = bootWorkbench(t, {
      '/etc/services.d/late/run': LASTING,
      '/etc/services.d/late/service.json': `${READY.slice(0, -1)}, "timeoutMs": 300}}`,
      '/etc/services.d/next/run': LASTING,
      '/etc/services.d/next/service.json': '{"requires": ["late"]}',
    });
    const record = await untilSettled(bench);
    assert.equal(record.outcome, 'incomplete');
    assert.match(record.reason ?? '', /^late \(late to become ready.*\), next \(waits for late\)$/);
    assert.deepEqual(renderServices(record), ['service late failed open', 'wait next for late open']);
    const late = record.spans.find(({ kind }) => kind === 'service');
    // Node counts a timer's time from the beginning of the turn that sets it, which may have been a long one.
    assert.ok((late?.givenUpMs ?? 0) >= (late?.startMs ?? 0) + 150, JSON.stringify(late));
    assert.ok((late?.givenUpMs ?? Number.POSITIVE_INFINITY) <= record.tookMs, JSON.stringify(record));
    await bench.lintel.waitForText(/: booted after .+ without late \(.+\): [\d.]+ s late, /);
    // It comes after all; what is written is of the boot.
    bench.root.write({ '/tmp/ready': '' });
    await bench.lintel.waitForText(/next starts/);
    assert.deepEqual(readRecord(bench.root), record);
  });

  test('is there while the boot goes on, and lintel analyze says for whom it waits', async t => {
    const bench = bootWorkbench(t, {
      '/etc/cont-init.d/10-wait': `#!/bin/sh\n${AT_GATE}`,
      '/etc/services.d/slow/run': LASTING,
      '/etc/services.d/slow/service.json': `${READY}}`,
    });
    await bench.lintel.waitUntil('the socket is there', () =>
      existsSync(bench.root.at('/run/lintel/control.sock')),
    );
    const early = await bench.run(['analyze']);
    assert.match(early.stdout, /^still booting for [\d.]+ s: waits for script 10-wait\n/);
    assert.equal(
      existsSync(bench.root.at(FILE)),
      false,
      'nothing is written before the first service has started',
    );
    bench.gate.open();
    await bench.lintel.waitForText(/slow starts/);
    await bench.lintel.waitUntil('boot.json is there', () => existsSync(bench.root.at(FILE)));
    const record = readRecord(bench.root);
    assert.deepEqual([record.outcome, renderServices(record)], ['booting', ['service slow open']]);
    const later = await bench.run(['analyze']);
    assert.match(later.stdout, /^still booting for [\d.]+ s: waits for slow\n/);
    bench.root.write({ '/tmp/ready': '' });
    assert.equal((await untilSettled(bench)).outcome, 'ready');
  });
});

describe('a boot that is cut short leaves a boot.json', () => {
  test('of the script that failed, without a word of it', async t => {
    const root = makeRoot(t, {
      '/etc/cont-init.d/10-good': '#!/bin/sh\n',
      '/etc/cont-init.d/20-bad': '#!/bin/sh\necho "the password is hunter2"\nexit 3\n',
      '/etc/services.d/web/run': LASTING,
    });
    const { code } = await root.boot().end();
    assert.equal(code, 1);
    const record = readRecord(root);
    assert.equal(record.outcome, 'failed');
    assert.equal(record.reason, `Script ${root.at('/etc/cont-init.d/20-bad')} exited with code 3`);
    assert.deepEqual(record.spans.map(renderSpan).slice(-2), ['script 10-good', 'script 20-bad failed']);
    assert.doesNotMatch(root.read(FILE), /hunter2/);
  });

  test('of a script that failed where that stops nothing', async t => {
    const bench = bootWorkbench(
      t,
      { '/etc/cont-init.d/20-bad': '#!/bin/sh\nexit 3\n', '/etc/services.d/web/run': LASTING },
      { environment: { LINTEL_ON_INIT_FAILURE: 'warn' } },
    );
    const { outcome, reduced } = await untilSettled(bench);
    assert.deepEqual([outcome, reduced], ['ready', ['script 20-bad']]);
  });

  test('of a stop while a script ran', async t => {
    const bench = bootWorkbench(t, {
      '/etc/cont-init.d/10-wait': `#!/bin/sh\necho waits\n${AT_GATE}`,
      '/etc/services.d/web/run': LASTING,
    });
    await bench.lintel.waitForText(/waits/);
    await bench.lintel.stop();
    const record = readRecord(bench.root);
    assert.deepEqual([record.outcome, record.reason], ['stopped', 'asked to stop by SIGTERM']);
    assert.equal(record.spans.at(-1)?.name, '10-wait');
  });

  test('of a stop while a service started', async t => {
    const bench = bootWorkbench(t, {
      '/etc/services.d/slow/run': LASTING,
      '/etc/services.d/slow/service.json': `${READY}}`,
    });
    await bench.lintel.waitForText(/slow runs/);
    await bench.lintel.stop();
    const record = readRecord(bench.root);
    assert.deepEqual([record.outcome, record.reason], ['stopped', 'asked to stop by SIGTERM']);
    assert.deepEqual(renderServices(record), ['service slow open']);
  });

  test('of the only service’s failure', async t => {
    const root = makeRoot(t, {
      '/etc/services.d/bad/run': DOOMED,
      '/etc/services.d/bad/service.json': NEVER,
    });
    const { code, stderr } = await root.boot().end();
    assert.equal(code, 3);
    const record = readRecord(root);
    assert.deepEqual([record.outcome, record.reason], ['failed', 'bad (failed: exited with code 3)']);
    assert.doesNotMatch(stderr, /booted after|ready after/);
  });

  test('but none of another Lintel’s', async t => {
    const bench = bootWorkbench(t, { '/etc/services.d/web/run': LASTING });
    const record = await untilSettled(bench);
    const { code, stderr } = await bench.root.boot().end();
    assert.equal(code, 2, stderr);
    assert.deepEqual(readRecord(bench.root), record);
  });
});

describe('with a CMD', () => {
  const boot = async (t: TestContext, files: Files, script: string) => {
    const root = makeRoot(t, files);
    const end = await root.boot({ command: ['sh', '-c', script] }).end();
    return { root, ...end };
  };

  test('and no services the boot is over when that starts; a plain one says nothing', async t => {
    const { root, stderr } = await boot(t, {}, 'exit 0');
    const record = readRecord(root);
    assert.deepEqual([record.outcome, renderServices(record)], ['ready', []]);
    assert.equal(stderr, '');
  });

  test('the line stands above what the CMD says', async t => {
    const files = { '/etc/cont-init.d/10-hello': '#!/bin/sh\necho hello\n' };
    const { stderr } = await boot(t, files, 'echo the CMD speaks >&2');
    assert.match(stderr, /^lintel: ready after [\d.]+ s: [\d.]+ s \w.*\nthe CMD speaks$/m);
  });

  test('that ends before the services are ready the boot was stopped', async t => {
    const files = {
      '/etc/services.d/slow/run': LASTING,
      '/etc/services.d/slow/service.json': `${READY}}`,
    };
    const { root } = await boot(
      t,
      files,
      'while [ ! -e "$LINTEL_ROOT/run/lintel/boot.json" ]; do sleep 0.01; done',
    );
    const record = readRecord(root);
    assert.deepEqual([record.outcome, record.reason], ['stopped', 'the CMD has ended']);
  });
});
