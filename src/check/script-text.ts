import type { ImageFacts } from '../facts/image/image.ts';
import type { ProgramFile } from '../facts/image/program-files.ts';
import { type Finding, found } from './finding.ts';
import { isExecutable } from './script-access.ts';
import { RULES } from './script-rules.ts';

const MARK = '\xef\xbb\xbf';
/** Whose words a CR becomes a part of. */
const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'ksh', 'zsh', 'execlineb']);

/** Whether it is meant to be run, to judge by its first bytes. */
export function isProgram(text: string): boolean {
  return text.startsWith('#!') || text.startsWith('\x7fELF') || text.startsWith(`${MARK}#!`);
}

/** What its text says: who is to read it, and what it starts. */
export function judgeText(file: ProgramFile, image: ImageFacts): Finding[] {
  const { path, text, role } = file;
  if (text === undefined || text.startsWith('\x7fELF')) return [];
  if (text.startsWith(MARK))
    return [
      found(RULES, 'byte-order-mark', {
        path,
        line: 1,
        what: 'it begins with a byte order mark',
        expected: '"#!" as its first bytes',
      }),
    ];
  if (!text.startsWith('#!') || file.needs.length === 0) {
    if (role !== 'service' && !isExecutable(file)) return [];
    return [
      found(RULES, 'no-shebang', {
        path,
        line: 1,
        what: 'its first line is no "#!" with an interpreter',
        expected: 'one such as #!/bin/sh',
      }),
    ];
  }
  const missing = judgeFirstLine(file, image);
  return [...judgeLineEnds(file), ...missing, ...(missing.length === 0 ? judgeS6(file) : [])];
}

function judgeLineEnds({ path, text = '', needs }: ProgramFile): Finding[] {
  const at = text.indexOf('\r\n');
  if (at === -1) return [];
  const line = text.slice(0, at).split('\n').length;
  const program = needs.at(-1)?.program ?? '';
  const isShells = SHELLS.has(program.slice(program.lastIndexOf('/') + 1).replace(/\r$/, ''));
  if (line > 1 && !isShells) return [];
  const what = line === 1 ? 'its lines end in CR LF' : 'this line ends in CR LF';
  return [found(RULES, 'line-ends', { path, line, what, expected: 'LF' })];
}

function judgeFirstLine({ path, needs, unsplit }: ProgramFile, image: ImageFacts): Finding[] {
  if (unsplit !== undefined)
    return [
      found(RULES, 'missing-interpreter', {
        path,
        line: 1,
        what: `env looks for one program of the name ${JSON.stringify(unsplit)}`,
        expected: `env -S ${unsplit}`,
      }),
    ];
  const missing = needs.find(({ isThere }) => !isThere)?.program;
  if (missing === undefined) return [];
  if (missing === needs[0]?.program && !missing.startsWith('/'))
    return [
      found(RULES, 'missing-interpreter', {
        path,
        line: 1,
        what: `its first line names ${missing} without its folder`,
        expected: `a path, or /usr/bin/env ${missing}`,
      }),
    ];
  const name = missing.slice(missing.lastIndexOf('/') + 1);
  return [
    found(RULES, 'missing-interpreter', {
      path,
      line: 1,
      what: `its first line needs ${missing}, which is not installed`,
      expected:
        name === 'execlineb'
          ? '#!/bin/sh and exec, or execline left in the image: docs/migrate.md'
          : 'an installed program',
      // Where PATH is not known, it may lie in a folder that only the image's PATH names.
      severity: missing.includes('/') || image.knowsEnvironment ? 'error' : 'warning',
    }),
  ];
}

/** As in docs/s6.md. */
const INSTEAD: Readonly<Record<string, string>> = {
  's6-svstat': 'lintel status NAME',
  's6-svc': 'lintel start, stop or restart NAME',
  's6-svwait': 'lintel ready',
  's6-svscanctl': 'lintel shutdown',
  's6-log': 'lines on stdout, which go to the container’s log',
  'logutil-service': 'lines on stdout, which go to the container’s log',
  's6-notifyoncheck': '"ready" in service.json',
};

function judgeS6({ path, s6Programs }: ProgramFile): Finding[] {
  return s6Programs.map(({ name, line }) =>
    found(RULES, 's6-program', {
      path,
      line,
      what: `it names ${name}, which is not installed`,
      expected: `${INSTEAD[name] ?? 'what a shell has for it'}, or s6 left in the image: docs/s6.md`,
    }),
  );
}
