import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import { whyNot } from '../../dev/engine.ts';
import { testTable } from './docs-table.ts';
import { type Layer, makeLayer, PROOFS, SETTINGS } from './matrix.ts';
import { CELLS, type Cell } from './matrix-cells.ts';
import { startNeighbour } from './neighbour.ts';
import { type End, startWorkbench, type Workbench } from './workbench.ts';

/** The image, however a container of it is started: settings are applied, scripts run, services are up, the stop is in order. */
const skip = whyNot();
/** Half of a cell is the engine's work, and waiting. */
const AT_A_TIME = 3;

suite('the image', { skip, concurrency: AT_A_TIME }, () => {
  let layer: Layer;
  const rows = new Map<Cell, readonly string[]>();
  before(async () => {
    layer = await makeLayer();
  });
  after(() => layer.remove());
  after(() => {
    // Of a part of the cells no table can be made.
    if (rows.size < CELLS.length) return;
    testTable(
      'cells',
      ['container', '`podman run …`', 'holds', 'is reduced: Lintel says'],
      CELLS.map(cell => rows.get(cell) ?? []),
    );
  });

  for (const cell of CELLS) {
    test(`works: ${cell.how} (${cell.flags.join(' ')})`, async t => {
      rows.set(cell, await testCell(t, cell, layer));
    });
  }

  test('gives clients nothing where no setting is', async t => {
    const { LINTEL_SERVICES } = SETTINGS;
    const workbench = startWorkbench(t, [], { flags: layer.flags, environment: { LINTEL_SERVICES } });
    await workbench.waitFor(/lintel: web is ready/);
    const tried = await tryClients(workbench);
    const { bash: _ofTheScript, ...ofSettings } = PROOFS;
    for (const [name, proof] of Object.entries(ofSettings)) assert.doesNotMatch(tried.get(name) ?? '', proof);
  });
});

/** Boots, uses and stops it, and tells what was seen as a row of the docs. */
async function testCell(t: TestContext, cell: Cell, layer: Layer): Promise<readonly string[]> {
  const { LINTEL_SERVICES } = SETTINGS;
  const services = cell.hasJupyter === true ? `${LINTEL_SERVICES} jupyter` : LINTEL_SERVICES;
  const [program, ...words] = cell.entrypoint ?? [];
  const beside = cell.neighbour === undefined ? undefined : await startNeighbour(t, cell.neighbour);
  const workbench = startWorkbench(t, words, {
    flags: [
      ...layer.flags,
      ...(beside?.flags ?? cell.flags),
      ...(program === undefined ? [] : [`--entrypoint=${program}`]),
    ],
    environment: { ...SETTINGS, LINTEL_SERVICES: services },
  });
  for (const name of services.split(' ')) await workbench.waitFor(new RegExp(`lintel: ${name} is ready`));
  const tried = await tryClients(workbench);
  for (const [name, proof] of Object.entries(PROOFS)) assert.match(tried.get(name) ?? '', proof, name);
  const status = await workbench.exec(['lintel', 'status']);
  assert.match(status.stdout, /: the workbench runs; (\d) of \1 services ready/, status.stderr);
  const end = cell.isStoppedByCommand === true ? await shutDown(workbench) : await workbench.stop();
  await beside?.assertAlive();
  return assertCell(cell, end);
}

async function shutDown(workbench: Workbench): Promise<End> {
  const { code, stderr } = await workbench.exec(['lintel', 'shutdown']);
  assert.equal(code, 0, stderr);
  return workbench.end();
}

/** What each client printed last; for one that failed, its exit code before that. */
async function tryClients(workbench: Workbench): Promise<ReadonlyMap<string, string>> {
  const { stdout, stderr } = await workbench.exec(['lintel', 'run', '--', '/srv/try.sh']);
  const lines = [...stdout.matchAll(/^(\S+) (\d+) (.*)$/gm)];
  assert.equal(lines.length, Object.keys(PROOFS).length, `${stdout}${stderr}`);
  return new Map(
    lines.map(([, name = '', code, said = '']) => [name, code === '0' ? said : `${code} ${said}`]),
  );
}

const STOP = ['web closes', 'store closes', 'farewell', 'lintel: ended with exit code 0'];

function assertCell(cell: Cell, { code, stdout, stderr }: End): readonly string[] {
  const log = `${stdout}${stderr}`;
  assert.equal(code, 0, log);
  assert.deepEqual(
    [stdout, stderr].flatMap(text => [...text.matchAll(/^lintel: error: .*/gm)].map(([line]) => line)),
    [],
  );
  const find = (pattern: RegExp) => pattern.exec(log)?.[1] ?? `no ${pattern}`;
  assert.equal(find(/store runs as (\S+) with PROOF=by-script/), cell.servicesRunAs, log);
  assert.match(log, /^web \| web runs with PROOF=by-script$/m);
  // What services and scripts say is on stdout, in its order; what Lintel says is on stderr.
  const said = `${stdout}${stderr}`.split('\n').map(line => line.replace(/^\S+ \| /, ''));
  const order = STOP.map(text => said.findIndex(line => line.startsWith(text)));
  assert.ok(!order.includes(-1) && order.every((at, index) => at > (order[index - 1] ?? -1)), log);
  assert.doesNotMatch(log, /SIGKILL|were killed/);
  const isPid1 = find(/boots \(pid=(\d+)/) === '1';
  const place = find(/^lintel: pip: index \S+ \((\S+)\)$/m);
  const holds = [
    place.startsWith('/') ? 'settings in `/etc`' : 'settings by variables',
    `scripts as ${find(/the script runs as (\S+)/)}`,
    `services as ${cell.servicesRunAs}`,
    `state in \`${find(/added to \S+ \((\S+)\/ca-bundle\.pem\)/)}\``,
    ...(isPid1 ? [] : ['another is PID 1']),
    ...(cell.isStoppedByCommand === true ? ['stopped by `lintel shutdown`'] : []),
  ].join(', ');
  const warnings = [...log.matchAll(/^lintel: warning: (.*)/gm)].map(([, text = '']) => text);
  return [cell.how, renderStart(cell), holds, warnings.join('\n')];
}

function renderStart({ flags, entrypoint }: Cell): string {
  const words = [
    ...flags,
    ...(entrypoint === undefined ? [] : [`--entrypoint '${JSON.stringify(entrypoint)}'`]),
  ];
  return words.length === 0 ? '' : `\`${words.join(' ')}\``;
}
