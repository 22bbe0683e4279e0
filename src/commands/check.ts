import { resolve } from 'node:path';
import type { Finding, Severity } from '../check/finding.ts';
import { judgeImage } from '../check/list.ts';
import { listSockets } from '../control/places.ts';
import { LintelError, renderCause } from '../errors.ts';
import { readLinkStat, readStat, readText } from '../facts/files.ts';
import { parseEnvList } from '../facts/image/assignments.ts';
import { type Given as ImagePlace, readImage } from '../facts/image/image.ts';
import type { VariableSource } from '../facts/image/variables.ts';
import type { Environment, Origin } from '../launch/environ.ts';
import { escapeLine, renderJson } from '../printable.ts';
import { withoutLastSlashes } from '../slashes.ts';
import { type Command, jsonFlag } from './command.ts';
import type { Given } from './flags.ts';
import { type Colour, paint, type Terminal } from './terminal.ts';

/** Lints an image. Changes nothing and starts nothing of it. */
export const check: Command = {
  name: 'check',
  summary: 'lint an image: scripts, services, variables, secrets',
  flags: [
    jsonFlag('{findings, errors, warnings, notes}'),
    { name: '--strict', doc: 'let warnings fail too' },
    {
      name: '--env-file',
      value: 'FILE',
      doc: 'the image’s variables, NAME=value by line; without it those of this process, and of a ROOT none',
    },
  ],
  operands: { usage: '[ROOT]', atMost: 1 },
  details:
    'At the end of a Dockerfile: RUN lintel check. Looks at the files of this container, or of the image that is unpacked or mounted at ROOT; of ROOT no program is run and no link is followed out of it. Exit code 1 when there are errors, else 0; notes never fail. What it finds, and what to do: docs/check.md. No secret is printed, only where it stands.',
  examples: [
    { line: 'lintel check', does: 'this image: a line for each thing that is wrong, and a summary' },
    { line: 'lintel check --json /mnt/image', does: 'an image that is mounted there, as JSON' },
  ],
  async run({ given, origin, terminal }) {
    const image = readImage(findImage(given, origin));
    const findings = judgeImage(image);
    const counts = countBySeverity(findings);
    const looked = `${count(image.files.length, 'script')} and ${count(image.services.length, 'service')}`;
    return {
      text: given.has('--json')
        ? `${renderJson({ findings, ...counts }, 2)}\n`
        : `${findings.map(one => `${renderFinding(one, terminal)}\n`).join('')}${renderCounts(counts)}; looked at ${looked}\n`,
      exitCode: counts.errors > 0 || (given.has('--strict') && counts.warnings > 0) ? 1 : 0,
    };
  },
};

function findImage(given: Given, { environment }: Origin): ImagePlace {
  const [operand] = given.operands;
  const file = given.value('--env-file');
  const listed = file === undefined ? undefined : readEnvList(file);
  if (operand !== undefined) {
    const root = findRoot(operand);
    return { root, programsRoot: root, variables: listed, isRunning: false, isInstalled: true };
  }
  const root = withoutLastSlashes(environment['LINTEL_ROOT'] ?? '');
  return {
    root,
    // As to a boot: below LINTEL_ROOT are files, and programs are this machine's.
    programsRoot: '',
    variables: listed ?? makeSource(environment),
    isRunning: listed === undefined && isRunning(environment),
    isInstalled: root === '',
  };
}

/** "" for the machine's own root. Links stay: /proc/PID/root is one to another container's `/`, and reads as "/" here. */
function findRoot(operand: string): string {
  const root = resolve(operand);
  const stat = readStat(root);
  if (stat?.isDirectory() === true) return root === '/' ? '' : root;
  const seen = stat === undefined ? 'no such folder' : 'it is no folder';
  throw new LintelError(
    `Cannot check ${JSON.stringify(operand)}: ${seen}, expected the folder of an image`,
    2,
  );
}

function readEnvList(path: string): VariableSource {
  try {
    const text = readText(path);
    if (text !== undefined) return { path, ...parseEnvList(text) };
  } catch (error) {
    throw refuseEnvFile(path, renderCause(error));
  }
  throw refuseEnvFile(path, 'no such file');
}

function refuseEnvFile(path: string, seen: string): LintelError {
  return new LintelError(
    `Cannot use --env-file ${JSON.stringify(path)}: ${seen}, expected a file of NAME=value`,
    2,
  );
}

function makeSource(environment: Environment): VariableSource {
  const set = Object.entries(environment).map(([name, value]) => ({ name, value, line: 0 }));
  return { path: undefined, set, stray: [] };
}

/** Then what the environment holds is the platform's, and no part of the image. */
function isRunning(environment: Environment): boolean {
  const uid = process.geteuid?.() ?? 0;
  return listSockets(environment, uid).some(path => readLinkStat(path)?.isSocket() === true);
}

type Counts = Readonly<Record<'errors' | 'warnings' | 'notes', number>>;

function countBySeverity(findings: readonly Finding[]): Counts {
  const countOf = (wanted: Severity) => findings.filter(({ severity }) => severity === wanted).length;
  return { errors: countOf('error'), warnings: countOf('warning'), notes: countOf('note') };
}

const COLOURS = { error: 'red', warning: 'yellow', note: 'dim' } as const satisfies Record<Severity, Colour>;

/** "/etc/cont-init.d/10-data:1: error: …, expected … (line-ends)", as compilers write it and editors understand. */
function renderFinding(finding: Finding, terminal: Terminal): string {
  const { severity, rule, path, line, column, what, expected } = finding;
  const place = [path, line, column].filter(part => part !== undefined).join(':');
  const rest = `${what}${expected === '' ? '' : `, expected ${expected}`}`;
  return [
    escapeLine(`${place}: `),
    paint(`${severity}:`, COLOURS[severity], terminal),
    escapeLine(` ${rest} `),
    paint(`(${rule})`, 'dim', terminal),
  ].join('');
}

function renderCounts({ errors, warnings, notes }: Counts): string {
  return [count(errors, 'error'), count(warnings, 'warning'), count(notes, 'note')].join(', ');
}

function count(number: number, word: string): string {
  return `${number === 0 ? 'no' : number} ${word}${number === 1 ? '' : 's'}`;
}
