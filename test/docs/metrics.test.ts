/** docs/metrics.md and examples/prometheus, by Prometheus' own tool. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { QUERIES } from '../../dev/metrics-page.ts';
import { METRICS } from '../../src/web/metrics/list.ts';
import { findProblems, readManifestsOf } from '../examples/manifests.ts';
import { NEEDS_PARSERS, promtool } from '../web/metrics/parsers.ts';
import { ROOT } from './proofs.ts';

const EXAMPLES = join(ROOT, 'examples/prometheus');
const at = (name: string) => join(EXAMPLES, name);

function assertPasses(...args: readonly string[]): void {
  const { status, stdout, stderr } = promtool(...args);
  assert.equal(status, 0, `promtool ${args.join(' ')}:\n${stdout}${stderr}`);
}

function writeFileOf(t: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test('the alerts are rules, and fire when they should', { skip: NEEDS_PARSERS }, () => {
  assertPasses('check', 'rules', at('rules.yaml'));
  assertPasses('test', 'rules', at('rules-test.yaml'));
});

test('every question of docs/metrics.md is PromQL', { skip: NEEDS_PARSERS }, t => {
  const rules = QUERIES.map(({ query }, index) => ({ record: `question:${index}`, expr: query }));
  assertPasses(
    'check',
    'rules',
    writeFileOf(t, 'questions.json', JSON.stringify({ groups: [{ name: 'questions', rules }] })),
  );
});

test('alerts and questions name metrics that there are', () => {
  const text = [readFileSync(at('rules.yaml'), 'utf8'), ...QUERIES.map(({ query }) => query)].join('\n');
  const named = new Set([...text.matchAll(/\blintel_[a-z_]+/g)].map(([name]) => name));
  assert.deepEqual(
    [...named].filter(name => !(name in METRICS)),
    [],
  );
  assert.ok(named.size > 5);
});

test('the scrape configuration is one', { skip: NEEDS_PARSERS }, t => {
  // Debian's Prometheus is built without Kubernetes: everything else of it is looked at.
  const elsewhere = 'static_configs:\n      - targets: ["127.0.0.1:9180"]\n';
  const text = readFileSync(at('prometheus.yaml'), 'utf8')
    .replace('kubernetes_sd_configs:\n      - role: pod\n', elsewhere)
    .replace('[rules.yaml]', JSON.stringify([at('rules.yaml')]));
  assert.ok(text.includes(elsewhere));
  assertPasses('check', 'config', writeFileOf(t, 'prometheus.yaml', text));
});

test('the pod is one, and says where it is scraped as docs/metrics.md does', () => {
  const [pod] = readManifestsOf(at('pod.yaml'));
  assert.deepEqual(findProblems(pod), []);
  const docs = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
  for (const [name, value] of Object.entries(pod.metadata.annotations))
    assert.match(docs, new RegExp(`${name}: "?${value}"?`));
});
