import type { ImageFacts } from '../facts/image/image.ts';
import type { ProgramFile } from '../facts/image/program-files.ts';
import { type Finding, found, type Topic } from './finding.ts';
import { isExecutable, judgeOwners } from './script-access.ts';
import { RULES } from './script-rules.ts';
import { isProgram, judgeText } from './script-text.ts';

export const scripts: Topic = {
  title: 'Scripts, and what services run',
  rules: RULES,
  find: image => [
    ...image.files.flatMap(file => judgeFile(file, image)),
    ...image.oddNames.map(({ path, kind }) =>
      found(RULES, 'skipped-name', {
        path,
        what:
          kind === 'hidden'
            ? 'its name begins with a dot, so it is skipped'
            : 'it is no folder, so it is skipped',
        expected: kind === 'hidden' ? 'another name' : 'a folder with run or service.json',
      }),
    ),
  ],
};

function judgeFile(file: ProgramFile, image: ImageFacts): Finding[] {
  const { path, kind, bytes, role } = file;
  // The way to be rid of a script that Lintel ships.
  if (file.replacesShipped && (bytes === 0 || kind === 'something else')) return [];
  if (kind === 'nothing')
    return [found(RULES, 'broken-link', { path, what: 'it is a link to nothing', expected: 'a script' })];
  if (kind !== 'file') {
    const what = kind === 'folder' ? 'it is skipped: it is a folder' : 'it is skipped: it is no regular file';
    const severity = role === 'service' ? 'error' : 'warning';
    return [found(RULES, 'no-script', { path, what, expected: 'scripts only', severity })];
  }
  if (bytes === 0)
    return [found(RULES, 'empty-file', { path, what: 'it is empty', expected: 'a script or program' })];
  return [...judgeModes(file, image), ...judgeText(file, image), ...judgeName(file)];
}

function judgeModes(file: ProgramFile, image: ImageFacts): Finding[] {
  const { path, role, text = '#!' } = file;
  if (!isExecutable(file)) {
    if (role !== 'service' && !isProgram(text))
      return [
        found(RULES, 'no-script', {
          path,
          what: 'it is skipped: neither executable nor a script',
          expected: 'scripts only',
        }),
      ];
    return [found(RULES, 'not-executable', { path, what: 'it is not executable', expected: 'chmod +x' })];
  }
  return judgeOwners(file, image);
}

/** Of vi, emacs and others, and of dpkg. */
const BACKUP = /(~|\.(bak|orig|rej|save|swp|swo|old|tmp|dpkg-(old|new|dist|tmp)|rpm(save|new|orig)))$|^#.*#$/;

function judgeName({ path, role }: ProgramFile): Finding[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (role === 'service' || !BACKUP.test(name)) return [];
  return [
    found(RULES, 'backup-name', {
      path,
      what: 'it looks like a copy that an editor left, and runs too',
      expected: 'the script alone',
    }),
  ];
}
