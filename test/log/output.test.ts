import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test, { describe } from 'node:test';
import { FIELDS, LINE_FIELDS } from '../../src/log/fields.ts';
import { bootRoot, type Files, isAlive, type Lintel, makeRoot } from '../rig.ts';

/** The way of a line from a service to Lintel's stdout or stderr, whether anybody reads there or not. */
const MIB = 1024 * 1024;
/** What Lintel keeps for a reader that does not read, and the pipe's own 64 KiB. */
const BUFFERED_BYTES = 8 * MIB;
/** Node itself takes some 60 MiB; strings that are not collected yet, the rest. 300 MB kept would be far above it. */
const MEMORY_LIMIT_MIB = 400;
/** V8 compiles the loop that copies lines, which takes tens of MiB for a moment; lines that were kept would take 200. */
const GROWTH_LIMIT_MIB = 100;
/** Who has not written for so many looks stands still. */
const STILL_LOOKS = 20;

/** A service with this shell script as its `run`, and these fields in its service.json. */
function service(name: string, script: string, json: object = {}): Files {
  return {
    [`/etc/services.d/${name}/run`]: `#!/bin/sh\n${script}\n`,
    [`/etc/services.d/${name}/service.json`]: JSON.stringify(json),
  };
}

/** `count` lines "NAME 000000001 …" of 100 bytes each, and where to find them again. */
const WIDTH = 88;
const writeLines = (name: string, count: number) =>
  `seq -f "${name} %09.0f ${'x'.repeat(WIDTH - name.length)}" ${count}`;
const makeLines = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => makeLine(name, n + 1));
const makeLine = (name: string, number: number) =>
  `${name} ${String(number).padStart(9, '0')} ${'x'.repeat(WIDTH - name.length)}`;

/** Of a line of `writeLines` as it arrives: 100 bytes and, for a name of three letters, the name before it. */
const LINE_BYTES = 106;

/** Counts what `writeLines` wrote, line by line, and keeps only what is not as it was written. */
function makeCounter() {
  const counts: Record<string, number> = {};
  const wrong: string[] = [];
  let rest = '';
  const counter = { counts, wrong, bytes: 0, take };
  function take(data: Buffer): void {
    counter.bytes += data.length;
    const lines = (rest + data.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const name = line.slice(0, 3);
      const number = (counts[name] ?? 0) + 1;
      counts[name] = number;
      if (line !== `${name} | ${makeLine(name, number)}`) wrong.push(line);
    }
  }
  return counter;
}

const WAIT = 'echo up > "$LINTEL_ROOT/tmp/up"\nexec sleep 9999';

test('lines go to the stream that they came from, with the service’s name', async t => {
  const lintel = bootRoot(t, service('web', `echo out\necho err >&2\necho\n${WAIT}`));
  await lintel.waitForFile('/tmp/up');
  const { stdout, stderr } = await lintel.stop();
  assert.equal(stdout, 'web | out\nweb | \n');
  assert.deepEqual(
    stderr.split('\n').filter(line => !line.startsWith('lintel: ')),
    ['web | err', ''],
  );
});

test('with a CMD stdout is its alone, untouched, and the services’ lines go to stderr', async t => {
  const command = [
    'sh',
    '-c',
    'until [ -s "$LINTEL_ROOT/tmp/up" ]; do sleep 0.01; done; printf "no newline"; echo mine >&2',
  ];
  const lintel = bootRoot(t, service('web', `echo out\necho err >&2\n${WAIT}`), { command });
  const { code, stdout, stderr } = await lintel.end();
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'no newline');
  for (const line of ['web | out', 'web | err', 'mine']) assert.ok(stderr.split('\n').includes(line), stderr);
});

test('a last line without a newline is a line', async t => {
  const lintel = bootRoot(t, {
    ...service('web', 'printf "the end of web"; printf "its error" >&2', { restart: 'never' }),
    '/etc/cont-init.d/10-script': '#!/bin/sh\nprintf "the end of a script"\n',
  });
  const { stdout, stderr } = await lintel.end();
  assert.equal(stdout, '10-script | the end of a script\nweb | the end of web\n');
  assert.match(stderr, /^web \| its error$/m);
});

test('bytes that are no UTF-8 pass as they are, and so do all others', async t => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n).filter(byte => byte !== 10));
  const root = makeRoot(t, service('web', `cat "$LINTEL_ROOT/tmp/bytes"\necho\necho "Zoë → 東京"\n${WAIT}`));
  writeFileSync(root.at('/tmp/bytes'), bytes);
  const lintel = root.boot();
  await lintel.waitForFile('/tmp/up');
  const end = await lintel.stop();
  assert.deepEqual(
    end.bytes,
    Buffer.concat([Buffer.from('web | '), bytes, Buffer.from('\nweb | Zoë → 東京\n')]),
  );
});

test('with LINTEL_LOG_FORMAT=json each line is one object, whatever stands in it', async t => {
  const lintel = bootRoot(
    t,
    {
      ...service(
        'web',
        `printf '%s\\n' 'say "hello" \\ {}' 'Zoë → 東京' '' '{"msg":"json"}'\nprintf 'tab\\tbell\\a\\377\\n50 %%\\r100 %%\\r\\n\\r\\n'\necho err >&2\nexit 3`,
        { restart: 'never' },
      ),
      '/etc/cont-init.d/10-script': '#!/bin/sh\necho from a script\n',
    },
    { environment: { LINTEL_LOG_FORMAT: 'json' } },
  );
  const { code, stdout, stderr } = await lintel.end();
  assert.equal(code, 3, stderr);
  const parse = (text: string) =>
    text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
  const lines = parse(stdout);
  assert.deepEqual(
    lines.map(({ service: source, script, stream, msg }) => [source ?? script, stream, msg]),
    [
      ['10-script', 'stdout', 'from a script'],
      ['web', 'stdout', 'say "hello" \\ {}'],
      ['web', 'stdout', 'Zoë → 東京'],
      ['web', 'stdout', ''],
      ['web', 'stdout', '{"msg":"json"}'],
      ['web', 'stdout', 'tab\tbell\x07\ufffd'],
      // As sshd and others end their lines; only there is it no part of them.
      ['web', 'stdout', '50 %\r100 %'],
      ['web', 'stdout', ''],
    ],
  );
  const all = [...lines, ...parse(stderr)];
  for (const { time, level, msg } of all) {
    assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000, time);
    assert.match(level, /^(info|warn|error)$/);
    assert.equal(typeof msg, 'string');
  }
  assert.ok(
    all.some(({ service: source, stream, msg }) => source === 'web' && stream === 'stderr' && msg === 'err'),
  );
  const death = all.find(
    ({ level, stream, msg }) => level === 'warn' && stream === undefined && /exited/.test(msg),
  );
  assert.deepEqual(rest(death), { service: 'web', exitCode: 3 });
  assert.equal(lines.find(({ msg }) => msg === 'from a script')?.script, '10-script');
  // The paragraph of the end is one line, too.
  const last = parse(stderr).at(-1);
  assert.match(last.msg, /^ended with exit code 3: service web .*\n[\s\S]*\| err$/);
  assert.deepEqual(rest(last), { exitCode: 3 });
  const known = { ...LINE_FIELDS, ...FIELDS };
  for (const [name, value] of all.flatMap(line => Object.entries(line)))
    assert.equal(typeof value, known[name as keyof typeof known]?.type, name);
});

/** What a line has besides that which every one has. */
function rest(line: object): object {
  return Object.fromEntries(Object.entries(line).filter(([name]) => !(name in LINE_FIELDS)));
}

test('in JSON the refusal of a boot is one line with known fields, too', async t => {
  const environment = { LINTEL_LOG_FORMAT: 'json', LINTEL_BIND: 'no address', LINTEL_NOFILE: 'many' };
  const { code, stderr } = await bootRoot(t, service('web', WAIT), { environment }).end();
  assert.equal(code, 2);
  const lines = stderr.trim().split('\n');
  assert.equal(lines.length, 2, stderr);
  const { level, msg, exitCode } = JSON.parse(lines[1] ?? '');
  assert.deepEqual([level, exitCode], ['error', 2]);
  assert.match(msg, /Cannot use LINTEL_BIND: .*\n.*Cannot use LINTEL_NOFILE: /);
});

test('a line of 1 MiB arrives whole, in pieces that each have the name, and the next one is intact', async t => {
  const lintel = bootRoot(
    t,
    service('web', `echo before\nhead -c ${MIB} /dev/zero | tr '\\0' a\nprintf 'END\\nafter\\n'\n${WAIT}`),
  );
  await lintel.waitForFile('/tmp/up');
  const lines = (await lintel.stop()).stdout.split('\n');
  assert.equal(lines.pop(), '');
  for (const line of lines) assert.ok(line.startsWith('web | '), line.slice(0, 80));
  const bare = lines.map(line => line.slice('web | '.length));
  assert.equal(bare.shift(), 'before');
  assert.equal(bare.pop(), 'after');
  assert.equal(bare.join(''), `${'a'.repeat(MIB)}END`);
});

test('lines of many megabytes from several services at once keep apart, and lose nothing', async t => {
  const letters = ['a', 'b', 'c'] as const;
  const size = 8 * MIB;
  const write = (letter: string) =>
    `head -c ${size} /dev/zero | tr '\\0' ${letter}\nprintf 'END\\nafter\\n'\n`;
  const lintel = bootRoot(
    t,
    Object.assign({}, ...letters.map(letter => service(letter, write(letter), { restart: 'never' }))),
  );
  const { stdout } = await lintel.end();
  const lines = stdout.split('\n');
  assert.equal(lines.pop(), '');
  for (const letter of letters) {
    const own = lines.filter(line => line.startsWith(`${letter} | `)).map(line => line.slice(4));
    assert.equal(own.pop(), 'after');
    const whole = own.join('');
    assert.equal(whole.length, size + 3);
    assert.ok(whole === `${letter.repeat(size)}END`, `another's bytes are in ${letter}`);
  }
  assert.equal(lines.filter(line => !/^[abc] \| /.test(line)).length, 0);
});

test('a burst of 200 MB from four services arrives whole, and the memory stays flat', async t => {
  const count = 500_000;
  const names = ['ada', 'bob', 'cyd', 'dan'] as const;
  const loud = (name: string) => service(name, writeLines(name, count), { restart: 'never' });
  const lintel = bootRoot(t, Object.assign({}, ...names.map(loud)), { isUnread: true });
  const seen = makeCounter();
  let early = 0;
  lintel.readOutput(data => {
    seen.take(data);
    // A tenth of all: by then whatever a burst needs is there.
    if (early === 0 && seen.bytes > 20_000_000) early = peakOf(lintel);
  });
  let peak = 0;
  await lintel.waitUntil('all has been written', () => {
    peak = peakOf(lintel) || peak;
    return seen.bytes >= names.length * count * LINE_BYTES;
  });
  const { code, stderr } = await lintel.end();
  assert.equal(code, 0, stderr);
  assert.deepEqual(seen.wrong, []);
  assert.deepEqual(seen.counts, Object.fromEntries(names.map(name => [name, count])));
  assert.ok(peak - early < GROWTH_LIMIT_MIB, `${early} MiB after a tenth, ${peak} MiB at the end`);
});

test('what a service wrote last is read before its death is explained, however many die at once', async t => {
  const names = Array.from({ length: 20 }, (_, n) => `n${n}`);
  const script = 'read -r _ < "$LINTEL_ROOT/tmp/gate"\nseq 8000\nexit 3';
  const root = makeRoot(
    t,
    Object.assign({}, ...names.map(name => service(name, script, { restart: 'never' }))),
  );
  const gate = root.gate('/tmp/gate');
  for (const _ of names) gate.open();
  const { stdout, stderr } = await root.boot().end();
  for (const name of names) {
    const lines = stdout.split('\n').filter(line => line.startsWith(`${name} | `));
    assert.deepEqual(
      lines,
      Array.from({ length: 8000 }, (_, n) => `${name} | ${n + 1}`),
    );
    const explanation = new RegExp(
      `${name} exited with code 3; its last lines: 7996 / 7997 / 7998 / 7999 / 8000;`,
    );
    assert.match(stderr, explanation);
  }
});

test('a process that outlives its service with kill group still speaks under its name', async t => {
  const script = `if mkdir "$LINTEL_ROOT/tmp/once"; then
    setsid sh -c 'echo $$ > "$LINTEL_ROOT/tmp/stray"; read -r _ < "$LINTEL_ROOT/tmp/gate"; echo still here; exec sleep 9999' &
    until [ -s "$LINTEL_ROOT/tmp/stray" ]; do sleep 0.01; done
    exit 3
  fi
  ${WAIT}`;
  const lintel = bootRoot(t, service('web', script, { kill: 'group', backoffMs: { min: 10, max: 10 } }));
  const gate = lintel.root.gate('/tmp/gate');
  await lintel.waitForFile('/tmp/up');
  gate.open();
  await lintel.waitForText(/^web \| still here$/m);
  await lintel.stop();
});

test('a service may open /dev/stdout and /dev/stderr again', async t => {
  const lintel = bootRoot(
    t,
    service('web', `echo "as $(id -u)" > /dev/stdout\necho err > /dev/stderr\n${WAIT}`),
  );
  await lintel.waitForFile('/tmp/up');
  const { stdout, stderr } = await lintel.stop();
  assert.match(stdout, /^web \| as \d+\n$/);
  assert.match(stderr, /^web \| err$/m);
});

const LOUD_LINES = 300_000;
const VERY_LOUD_LINES = 3_000_000;
/** Says its pid in /tmp/loud, writes lines of 100 bytes, and says so in /tmp/done. */
const writeLoudly = (lines: number) =>
  `echo $$ > "$LINTEL_ROOT/tmp/loud"\n${writeLines('loud', lines)}\necho done > "$LINTEL_ROOT/tmp/done"`;
const LOUD = service('loud', writeLoudly(LOUD_LINES), { restart: 'never' });
/** Lives until it is killed; says so in each life, and then its pid in /tmp/phoenix. */
const PHOENIX = service(
  'phoenix',
  'life=$(cat "$LINTEL_ROOT/tmp/phoenix" 2>/dev/null | wc -l)\necho "life $((life + 1))"\necho $$ >> "$LINTEL_ROOT/tmp/phoenix"\nexec sleep 9999',
  { backoffMs: { min: 10, max: 10 } },
);
const lastPid = (text: string) => Number(text.trim().split('\n').at(-1));
const lifeEnds = (lives: number) => new RegExp(`^(\\d+\\n){${lives}}$`);

test('a reader that stalls for a moment loses nothing, not even of a service that died meanwhile', async t => {
  const lintel = bootRoot(t, { ...LOUD, ...PHOENIX }, { isUnread: true });
  await waitUntilFull(lintel);
  for (const life of [1, 2, 3])
    process.kill(lastPid(await lintel.waitForFile('/tmp/phoenix', lifeEnds(life))), 'SIGKILL');
  await lintel.waitForFile('/tmp/phoenix', lifeEnds(4));
  lintel.readOutput();
  await lintel.waitForFile('/tmp/done');
  await lintel.waitForText(/life 4/);
  const { code, stdout, stderr } = await lintel.stop();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /dropped/);
  const lines = stdout.split('\n');
  assert.deepEqual(
    lines.filter(line => line.startsWith('phoenix')),
    [1, 2, 3, 4].map(life => `phoenix | life ${life}`),
  );
  assert.deepEqual(
    lines.filter(line => line.startsWith('loud')),
    makeLines('loud', LOUD_LINES).map(line => `loud | ${line}`),
  );
});

test('what a service wrote last is read before its death is explained, even while nobody reads the log', async t => {
  const script = `[ ! -e "$LINTEL_ROOT/tmp/short" ] || { echo up > "$LINTEL_ROOT/tmp/again"; exec sleep 9999; }
    echo up > "$LINTEL_ROOT/tmp/short"\nread -r _ < "$LINTEL_ROOT/tmp/gate"\necho last words\nexit 3`;
  const root = makeRoot(t, { ...LOUD, ...service('short', script, { backoffMs: { min: 1, max: 1 } }) });
  const gate = root.gate('/tmp/gate');
  const lintel = root.boot({ isUnread: true });
  await lintel.waitForFile('/tmp/short');
  await waitUntilFull(lintel);
  gate.open();
  await lintel.waitForFile('/tmp/again');
  lintel.readOutput();
  await lintel.waitForText(/short exited with code 3; its last lines: last words;/);
  await lintel.stop();
});

test('a probe that says much is answered, even while nobody reads the log', async t => {
  const exec = ['sh', '-c', 'head -c 200000 /dev/zero; echo asked >> "$LINTEL_ROOT/tmp/asked"'];
  const health = { exec, intervalMs: 20, failures: 1 };
  const root = makeRoot(t, { ...LOUD, ...service('web', WAIT, { health }) });
  const lintel = root.boot({ isUnread: true });
  await lintel.waitForFile('/tmp/asked');
  await waitUntilFull(lintel);
  const before = root.read('/tmp/asked').length;
  await lintel.waitUntil('it was asked on', () => root.read('/tmp/asked').length > before + 30);
  lintel.readOutput();
  const { stderr } = await lintel.stop();
  assert.doesNotMatch(stderr, /unhealthy/);
});

// Side by side, because they wait out Lintel's 5 s.
describe('when nobody reads for long', { concurrency: true }, () => {
  test('while nobody reads, services are supervised; after 5 s the oldest lines are dropped, and counted', async t => {
    const loud = service('loud', writeLoudly(VERY_LOUD_LINES), { restart: 'never' });
    const lintel = bootRoot(t, { ...loud, ...PHOENIX }, { isUnread: true });
    await waitUntilFull(lintel);
    process.kill(lastPid(await lintel.waitForFile('/tmp/phoenix', lifeEnds(1))), 'SIGKILL');
    await lintel.waitForFile('/tmp/phoenix', lifeEnds(2));
    // The loud one waits as it would under any engine, but not for ever.
    await lintel.waitForFile('/tmp/done');
    assertMemory(lintel);
    process.kill(lastPid(lintel.root.read('/tmp/phoenix')), 'SIGKILL');
    await lintel.waitForFile('/tmp/phoenix', lifeEnds(3));
    lintel.readOutput();
    await lintel.waitForText(/life 3/);
    const { code, stdout, stderr } = await lintel.stop();
    assert.equal(code, 0, stderr);
    const dropped =
      (stdout + stderr).match(/^lintel: warning: log lines were dropped.*lines=(\d+)\)$/gm) ?? [];
    assert.equal(dropped.length, 1, stderr);
    const count = Number(/lines=(\d+)/.exec(dropped[0] ?? '')?.[1]);
    const seen = stdout.split('\n').filter(line => /^(loud|phoenix) \| /.test(line));
    assert.equal(seen.length + count, VERY_LOUD_LINES + 3);
    // The newest are kept, as whole lines and in order.
    assert.ok(seen.length * 100 > BUFFERED_BYTES / 4);
    const numbers = seen.flatMap(line => /^loud \| loud (\d{9}) x{84}$/.exec(line)?.[1] ?? []);
    assert.equal(numbers.length, seen.filter(line => line.startsWith('loud')).length);
    assert.deepEqual(numbers, numbers.toSorted());
    assert.equal(Number(numbers.at(-1)), VERY_LOUD_LINES);
  });

  test('a script that nobody reads does not fill the memory', async t => {
    const lintel = bootRoot(
      t,
      {
        '/etc/cont-init.d/10-loud': `#!/bin/sh\n${writeLoudly(VERY_LOUD_LINES)}\n`,
        ...service('web', WAIT),
      },
      { isUnread: true },
    );
    await lintel.waitForFile('/tmp/done');
    assertMemory(lintel);
    lintel.readOutput();
    await lintel.waitForFile('/tmp/up');
    assert.equal((await lintel.stop()).code, 0);
  });

  test('Lintel ends although nobody reads what it wrote', async t => {
    const lintel = bootRoot(t, { ...LOUD, ...PHOENIX }, { isUnread: true });
    await waitUntilFull(lintel);
    lintel.signal('SIGTERM');
    assert.equal(await lintel.exitCode(), 0);
  });

  test('a CMD’s code ends the container although nobody reads what services wrote', async t => {
    const command = ['sh', '-c', 'read -r _ < "$LINTEL_ROOT/tmp/gate"; exit 7'];
    const lintel = bootRoot(t, LOUD, { isUnread: true, command });
    const gate = lintel.root.gate('/tmp/gate');
    await waitUntilFull(lintel);
    gate.open();
    assert.equal(await lintel.exitCode(), 7);
  });
});

test('a reader that is gone is no reason to end: services run on and restart, and TERM ends them with 0', async t => {
  const lintel = bootRoot(t, { ...LOUD, ...PHOENIX });
  await lintel.waitForFile('/tmp/phoenix', lifeEnds(1));
  lintel.closeOutput();
  await lintel.waitForFile('/tmp/done');
  process.kill(lastPid(lintel.root.read('/tmp/phoenix')), 'SIGKILL');
  const pid = lastPid(await lintel.waitForFile('/tmp/phoenix', lifeEnds(2)));
  assert.equal(isAlive(pid), true);
  lintel.signal('SIGTERM');
  assert.equal(await lintel.exitCode(), 0);
});

/** Waits until Lintel's buffer is full and the loud one stands still before a full pipe. */
async function waitUntilFull(lintel: Lintel): Promise<void> {
  const pid = Number(await lintel.waitForFile('/tmp/loud'));
  let before = 0;
  let looks = 0;
  await lintel.waitUntil('the pipe of the loud one is full', () => {
    const written = Math.max(...[pid, ...childrenOf(pid)].map(readWritten));
    looks = written === before ? looks + 1 : 0;
    before = written;
    return written > 0.9 * BUFFERED_BYTES && looks > STILL_LOOKS;
  });
}

/** Bytes that a process has written so far. */
const readWritten = (pid: number) => Number(/^wchar: (\d+)/m.exec(readProc(pid, 'io'))?.[1] ?? 0);

const childrenOf = (pid: number) =>
  readProc(pid, `task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);

/** The most memory that Lintel has taken so far. MiB. */
function peakOf({ pid }: Lintel): number {
  return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(readProc(pid, 'status'))?.[1] ?? 0) / 1024);
}

function assertMemory(lintel: Lintel): void {
  const peakMiB = peakOf(lintel);
  assert.ok(peakMiB < MEMORY_LIMIT_MIB, `Lintel took ${peakMiB} MiB, more than ${MEMORY_LIMIT_MIB}`);
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
