import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import { escapeLine } from '../../../src/printable.ts';
import { STATES } from '../../../src/web/metrics/list.ts';
import { AT_GATE, DOOMED, LASTING, UNREADY, WAIT } from '../../control/workbench.ts';
import { type Files, NEEDS_PYTHON, PYTHON } from '../../rig.ts';
import { waitUntil } from '../../waiting.ts';
import { assertLinted, NEEDS_PARSERS, parseAll } from './parsers.ts';
import { bootScraped, CLASSIC, countersOf, OPEN_METRICS, readValue, type Scraped } from './scraping.ts';

const MIB = 1024 * 1024;

function service(name: string, run: string, json: object = {}): Files {
  return {
    [`/etc/services.d/${name}/run`]: run,
    [`/etc/services.d/${name}/service.json`]: JSON.stringify(json),
  };
}

/** In both formats, by both parsers; returns what OpenMetrics says. */
async function assertAccepted({ scrape }: Scraped): Promise<string> {
  const [open, classic] = [await scrape(OPEN_METRICS), await scrape(CLASSIC)];
  assertLinted(classic);
  const [families = [], others = []] = parseAll([
    ['openMetrics', open],
    ['classic', classic],
  ]);
  const names = (all: typeof families) => all.map(({ name }) => name);
  assert.deepEqual(names(families), names(others));
  return open;
}

const pidOf = async ({ run }: Scraped, name: string): Promise<number> => {
  const { stdout } = await run(['status', '--json', name]);
  return (JSON.parse(stdout) as { services: { pid: number }[] }).services[0]?.pid ?? assert.fail(stdout);
};

test('parsers accept what a workbench says while it boots, runs, fails and stops', {
  skip: NEEDS_PARSERS,
}, async t => {
  const workbench = await bootScraped(t, {
    '/etc/cont-init.d/10-gate': `#!/bin/sh\n${AT_GATE}`,
    ...service(
      'web',
      '#!/bin/sh\ntrap "read -r line < \\"$LINTEL_ROOT/tmp/gate\\"; exit 0" TERM\nwhile :; do sleep 0.01; done\n',
    ),
    ...service('bad', DOOMED, { ...UNREADY, restart: 'never' }),
    ...service('waits', LASTING, { requires: ['bad'] }),
    ...service('dies', DOOMED, { backoffMs: { min: 1, max: 1 } }),
  });
  const { until, gate, lintel } = workbench;
  await until('lintel_stage{stage="booting"}', value => value === 1);
  const booting = await assertAccepted(workbench);
  assert.equal(readValue(booting, 'lintel_ready'), 0);
  assert.doesNotMatch(booting, /lintel_service/);

  gate.open();
  await until('lintel_service_failing{service="dies"}', value => value === 1);
  await until('lintel_service_state{service="waits",state="failed"}', value => value === 1);
  const running = await assertAccepted(workbench);
  assert.equal(readValue(running, 'lintel_stage{stage="running"}'), 1);
  assert.equal(readValue(running, 'lintel_service_state{service="bad",state="failed"}'), 1);
  assert.equal(readValue(running, 'lintel_service_deaths_total{service="bad"}'), 1);
  assert.ok((readValue(running, 'lintel_boot_span_seconds{kind="script",name="10-gate"}') ?? 0) > 0);
  for (const name of ['web', 'bad', 'waits', 'dies']) {
    const states = STATES.map(state =>
      readValue(running, `lintel_service_state{service="${name}",state="${state}"}`),
    );
    assert.deepEqual(states.toSorted(), [...Array(STATES.length - 1).fill(0), 1], `${name} is in one state`);
  }

  lintel.signal('SIGTERM');
  await until('lintel_stage{stage="stopping"}', value => value === 1);
  const stopping = await assertAccepted(workbench);
  assert.equal(readValue(stopping, 'lintel_ready'), 0);
  gate.open();
  assert.equal(await lintel.exitCode(), 0);
});

test('services and scripts may be called whatever a file can be called', { skip: NEEDS_PARSERS }, async t => {
  const names = ['a"b', 'c\\d', 'e f', '{g="h"}', 'ü → 東京', 'n\nm', '#'];
  const workbench = await bootScraped(
    t,
    Object.assign({}, ...names.map(name => service(name, LASTING)), {
      '/etc/cont-init.d/"\\': '#!/bin/sh\necho said\n',
    }),
  );
  await workbench.until('lintel_ready', value => value === 1);
  const text = await assertAccepted(workbench);
  const [families = []] = parseAll([['openMetrics', text]]);
  const find = (name: string) => families.find(family => family.name === name)?.samples ?? [];
  assert.deepEqual(
    new Set(find('lintel_service_ready').map(({ labels }) => labels['service'])),
    new Set(names.map(escapeLine)),
  );
  assert.ok(
    find('lintel_log_lines').some(({ labels, value }) => labels['source'] === '"\\' && value === 1),
    text,
  );
});

describe('the numbers are true:', () => {
  test('a killed service has died once and started again once', async t => {
    const workbench = await bootScraped(t, service('web', LASTING));
    await workbench.run(WAIT);
    const before = await workbench.scrape();
    assert.equal(readValue(before, 'lintel_service_restarts_total{service="web"}'), 0);
    process.kill(await pidOf(workbench, 'web'), 'SIGKILL');
    const after = await workbench.until('lintel_service_restarts_total{service="web"}', value => value > 0);
    assert.equal(readValue(after, 'lintel_service_restarts_total{service="web"}'), 1);
    assert.equal(readValue(after, 'lintel_service_deaths_total{service="web"}'), 1);
    await workbench.run(['restart', '--wait', 'web']);
    const last = await workbench.until('lintel_service_restarts_total{service="web"}', value => value > 1);
    assert.equal(
      readValue(last, 'lintel_service_deaths_total{service="web"}'),
      1,
      'an operator’s restart is no death',
    );
  });

  test('every line and byte that was said is counted, and none twice', async t => {
    const lines = 20_000;
    const workbench = await bootScraped(t, {
      '/etc/cont-init.d/10-says': '#!/bin/sh\necho one\nprintf "a\\nbc" >&2\n',
      ...service('web', `#!/bin/sh\nseq -w ${lines}\necho err >&2\nprintf end\n`, { restart: 'never' }),
      ...service('mute', '#!/bin/sh\nexec sleep 9999\n'),
    });
    const text = await workbench.until(
      'lintel_service_state{service="web",state="down"}',
      value => value === 1,
    );
    const of = (source: string) =>
      ['lines', 'bytes'].map(unit => readValue(text, `lintel_log_${unit}_total{source="${source}"}`));
    assert.deepEqual(of('10-says'), [3, 'one\na\nbc\n'.length]);
    assert.deepEqual(of('web'), [lines + 2, lines * 6 + 'err\nend\n'.length]);
    assert.deepEqual(of('mute'), [0, 0]);
    assert.equal(readValue(text, 'lintel_log_dropped_lines_total'), 0);
    await workbench.lintel.stop();
    const own = workbench.lintel
      .log()
      .split('\n')
      .filter(line => line.startsWith('lintel: ')).length;
    assert.ok((of('lintel')[0] ?? 0) > 0 && (of('lintel')[0] ?? 0) < own);
  });

  test('as many lines are dropped as the log says', async t => {
    const workbench = await bootScraped(t, service('web', `#!/bin/sh\nseq 4000000\nexec sleep 9999\n`), {
      isUnread: true,
    });
    await workbench.until('lintel_log_dropped_lines_total', value => value > 0);
    await workbench.until('lintel_log_lines_total{source="web"}', value => value === 4_000_000);
    const dropped = readValue(await workbench.scrape(), 'lintel_log_dropped_lines_total');
    workbench.lintel.readOutput();
    const [, said] = await workbench.lintel.waitForText(/log lines were dropped: .*lines=(\d+)/);
    assert.equal(dropped, Number(said));
  });

  test('orphans are counted when Lintel has reaped them', { skip: NEEDS_PYTHON }, async t => {
    const workbench = await bootScraped(
      t,
      service(
        'web',
        '#!/bin/sh\nfor n in 1 2 3 4 5 6 7; do (exec sh -c "(:) & exit 0" & ); done\nexec sleep 9999\n',
      ),
    );
    const counted = await workbench.until('lintel_orphans_reaped_total', value => value >= 7);
    assert.ok((readValue(counted, 'lintel_orphans_reaped_total') ?? 0) >= 7);
  });

  test('memory and CPU time are those of the whole tree, orphans and other sessions too', {
    skip: NEEDS_PYTHON,
  }, async t => {
    const burns = `#!${PYTHON}
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() != 0: os._exit(0)
    # An orphan in a session of its own.
    kept = bytearray(b"x") * (64 * ${MIB})
    # The kernel rounds down to its ticks.
    while time.process_time() < 0.6: pass
    time.sleep(9999)
os.wait()
time.sleep(9999)
`;
    const workbench = await bootScraped(t, { ...service('web', burns), ...service('idle', LASTING) });
    const cpu = (name: string) => `lintel_service_cpu_seconds_total{service="${name}"}`;
    const text = await workbench.until(cpu('web'), value => value >= 0.5);
    assert.equal(readValue(text, 'lintel_service_processes{service="web"}'), 2);
    assert.ok((readValue(text, 'lintel_service_resident_memory_bytes{service="web"}') ?? 0) > 64 * MIB, text);
    assert.ok((readValue(text, cpu('idle')) ?? 1) < 0.5, text);
    assert.ok(
      (readValue(text, 'lintel_service_resident_memory_bytes{service="idle"}') ?? MIB * 99) < 64 * MIB,
      text,
    );
    process.kill(await pidOf(workbench, 'web'), 'SIGKILL');
    const later = await workbench.until('lintel_service_restarts_total{service="web"}', value => value === 1);
    assert.ok((readValue(later, cpu('web')) ?? 0) >= 0.5, later);
  });

  test('memory of the container and its limit are its cgroup’s', async t => {
    const workbench = await bootScraped(t, {
      ...service('web', LASTING),
      '/sys/fs/cgroup/memory.max': '2147483648\n',
      '/sys/fs/cgroup/memory.current': '1048576\n',
      '/sys/fs/cgroup/memory.events': 'oom 3\noom_kill 2\n',
    });
    await workbench.run(WAIT);
    const text = await workbench.scrape();
    assert.equal(readValue(text, 'lintel_memory_limit_bytes'), 2 ** 31);
    assert.equal(readValue(text, 'lintel_memory_used_bytes'), 2 ** 20);
    assert.equal(readValue(text, 'lintel_oom_kills_total'), 2);
  });
});

test('counters only grow, whatever dies between two scrapes', { skip: NEEDS_PYTHON }, async t => {
  const crashes = `#!${PYTHON}
import os, time
for n in range(3):
    if os.fork() == 0:
        os.fork()
        while time.process_time() < 0.03: pass
        os._exit(0)
    if n > 0: os.wait()
print("crash", flush=True)
os._exit(1)
`;
  const workbench = await bootScraped(t, service('web', crashes, { backoffMs: { min: 1, max: 10 } }));
  await workbench.run(['status']);
  let before = new Map<string, number>();
  await waitUntil('it has been started often enough', async () => {
    const now = countersOf(await workbench.scrape().catch(() => ''));
    for (const [series, value] of before) {
      if (now.size > 0)
        assert.ok((now.get(series) ?? -1) >= value, `${series} was ${value}, is ${now.get(series)}`);
    }
    before = now.size > 0 ? now : before;
    return (now.get('lintel_service_restarts_total{service="web"}') ?? 0) >= 8;
  });
  assert.ok((before.get('lintel_service_cpu_seconds_total{service="web"}') ?? 0) > 0);
});

test('nothing that is secret, said or configured stands in it', async t => {
  const secret = 'sesame-4711';
  const workbench = await bootScraped(
    t,
    {
      ...service('web', `#!/bin/sh\necho "$PASSWORD ${secret}"\nexec sleep 9999\n`, {
        description: `about ${secret}`,
        env: { INNER: secret },
      }),
      ...service('bad', `#!/bin/sh\necho "${secret}"\nexit 3\n`, { restart: 'never' }),
    },
    {
      environment: {
        PASSWORD: secret,
        SOME_VALUE: secret,
        PIP_REPOSITORY: `https://${secret}.example/simple`,
      },
    },
  );
  await workbench.until('lintel_service_state{service="bad",state="failed"}', value => value === 1);
  for (const accept of [OPEN_METRICS, CLASSIC]) assert.ok(!(await workbench.scrape(accept)).includes(secret));
});

test('names do not reach the terminal of whoever looks as they are', async t => {
  const { lintel, scrape } = await bootScraped(t, {
    '/etc/cont-init.d/10-\x1b[2J\u202e': '#!/bin/sh\necho said\n',
    ...service('web', LASTING),
  });
  await lintel.waitForText(/ready after/);
  const text = await scrape(CLASSIC);
  assert.match(text, /kind="script",name="10-\\\\x1b\[2J\\\\u202e"/);
  assert.match(text, /lintel_log_lines_total\{source="10-\\\\x1b/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
});

test('a scraper gets the format that it asks for', async t => {
  const { url, run } = await bootScraped(t, service('web', LASTING));
  await run(WAIT);
  for (const [accept, type] of [
    [`${OPEN_METRICS};q=0.9,text/plain;q=0.5`, OPEN_METRICS],
    ['*/*', CLASSIC],
    ['text/html', CLASSIC],
  ] as const) {
    const response = await fetch(url, { headers: { accept } });
    const text = await response.text();
    assert.deepEqual(
      [response.status, response.headers.get('content-type'), response.headers.get('vary')],
      [200, type, 'accept'],
    );
    assert.equal(text.endsWith('\n# EOF\n'), type === OPEN_METRICS);
  }
  const head = await fetch(url, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('a thousand scrapes at once are answered, all of them whole', async t => {
  const { scrape, run } = await bootScraped(t, service('web', LASTING));
  await run(WAIT);
  const texts = await Promise.all(Array.from({ length: 1000 }, () => scrape()));
  assert.deepEqual(
    texts.filter(text => !text.endsWith('\n# EOF\n')),
    [],
  );
  // Those that come together share what was read: else each would have found more CPU time than the one before.
  assert.ok(new Set(texts).size < 100, `${new Set(texts).size} readings`);
});

/** Of what is asked for again and again, so much may stay: strings that are not collected yet. A leak of 2 kB a scrape is twice that. */
const GROWTH_LIMIT_KIB = 20 * 1024;
const WARM_UP = 5000;
const SCRAPES = 20_000;
const AT_ONCE = 50;

test('20,000 scrapes leave memory as it was', async t => {
  const { url, run, lintel } = await bootScraped(t, service('web', LASTING));
  await run(WAIT);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  t.after(() => agent.destroy());
  const scrapeTimes = async (count: number) => {
    for (let left = count; left > 0; left -= AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, () => readAll(url, agent)));
  };
  await scrapeTimes(WARM_UP);
  const before = readRssKiB(lintel.pid);
  await scrapeTimes(SCRAPES);
  const after = readRssKiB(lintel.pid);
  assert.ok(after - before < GROWTH_LIMIT_KIB, `${before} KiB before, ${after} after`);
});

/** As fetch, which takes longer to ask than Lintel to answer. */
async function readAll(url: string, agent: Agent): Promise<void> {
  const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  await once(response.resume(), 'end');
}

function readRssKiB(pid: number): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
