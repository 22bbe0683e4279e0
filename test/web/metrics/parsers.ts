import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PYTHON } from '../../rig.ts';

/** Two that Lintel did not write: Prometheus' own tool, and the Python client, which is the reference for OpenMetrics. */
const PROMTOOL = '/usr/bin/promtool';
const READS = `
import json, sys
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics
reads = {"openMetrics": openmetrics, "classic": parser}
print(json.dumps([
    [
        [family.name, family.type, family.documentation, [[s.name, s.labels, s.value] for s in family.samples]]
        for family in reads[format].text_string_to_metric_families(text)
    ]
    for format, text in json.load(sys.stdin)
]))
`;

/** For `skip`: which of the two is missing, or false. */
export const NEEDS_PARSERS =
  (spawnSync(PROMTOOL, ['--version']).status !== 0 && `${PROMTOOL} (prometheus) is not installed`) ||
  (spawnSync(PYTHON, ['-c', 'import prometheus_client']).status !== 0 &&
    'python3-prometheus-client is not installed');

export interface Family {
  /** In OpenMetrics, and as the Python client shows it of both formats, without _total. */
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Parsed[];
}

interface Parsed {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type Text = readonly ['openMetrics' | 'classic', string];

/** What the Python client reads in each; fails when it refuses one. */
export function parseAll(texts: readonly Text[]): Family[][] {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', READS], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  assert.equal(status, 0, stderr);
  type Read = [string, string, string, [string, Record<string, string>, number][]];
  return (JSON.parse(stdout) as Read[][]).map(families =>
    families.map(([name, type, help, samples]) => ({
      name,
      type,
      help,
      samples: samples.map(([sample, labels, value]) => ({ name: sample, labels, value })),
    })),
  );
}

/** promtool reads the classic format only; it looks at names too. */
export function assertLinted(text: string): void {
  const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' }, text);
}

export function promtool(...args: readonly string[]) {
  return spawnSync(PROMTOOL, args, { encoding: 'utf8' });
}
