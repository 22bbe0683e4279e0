import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** What each package says when it comes from the mirror and nowhere else. */
export const PROOF = {
  file: 'from the mirror as a file',
  pip: 'from the mirror by pip',
  r: 'from the mirror by R',
  git: 'from the mirror by git',
  npm: 'from the mirror by npm',
  conda: 'lintel-tiny 1.0 from_the_mirror_0',
} as const;

/** Fills `tree` with packages made by hand, one of each kind; `origins` are the mirror's own addresses. */
export async function makePackages(
  tree: string,
  scratch: string,
  origins: Readonly<Record<'http' | 'https', string>>,
): Promise<void> {
  await Promise.all([
    writeFiles(tree, { 'index.html': `${PROOF.file}\n` }),
    makePythonIndex(tree, scratch),
    makeCran(tree, scratch),
    makeGitRepository(tree, scratch),
    makeNpmRegistry(tree, scratch, origins),
    makeCondaChannel(tree),
  ]);
}

/** An index (PEP 503) with a wheel: a zip file with three texts about itself; `python3 -m zipfile` writes it. */
async function makePythonIndex(tree: string, scratch: string): Promise<void> {
  const info = 'lintel_tiny-1.0.dist-info';
  const files: Record<string, string> = {
    'lintel_tiny.py': `WHERE = "${PROOF.pip}"\n`,
    [`${info}/METADATA`]: 'Metadata-Version: 2.1\nName: lintel-tiny\nVersion: 1.0\n',
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  };
  const rows = Object.entries(files).map(([path, text]) => {
    return `${path},sha256=${createHash('sha256').update(text).digest('base64url')},${text.length}\n`;
  });
  const source = join(scratch, 'wheel');
  await writeFiles(source, { ...files, [`${info}/RECORD`]: `${rows.join('')}${info}/RECORD,,\n` });
  const wheel = 'lintel_tiny-1.0-py3-none-any.whl';
  const project = join(tree, 'pypi/simple/lintel-tiny');
  await writeFiles(project, { 'index.html': `<!DOCTYPE html><a href="${wheel}">${wheel}</a>\n` });
  await execa('/usr/bin/python3', ['-m', 'zipfile', '-c', join(project, wheel), 'lintel_tiny.py', info], {
    cwd: source,
  });
}

async function makeCran(tree: string, scratch: string): Promise<void> {
  const source = join(scratch, 'cran');
  await writeFiles(join(source, 'lintelTiny'), {
    DESCRIPTION:
      'Package: lintelTiny\nVersion: 1.0\nTitle: Tiny\nDescription: Tiny.\nAuthor: x\nMaintainer: x <x@repo.test>\nLicense: MIT\n',
    NAMESPACE: 'export(where)\n',
    'R/where.R': `where <- function() "${PROOF.r}"\n`,
  });
  const contrib = join(tree, 'cran/src/contrib');
  await writeFiles(contrib, {
    PACKAGES: 'Package: lintelTiny\nVersion: 1.0\nLicense: MIT\nNeedsCompilation: no\n',
  });
  await execa('tar', ['-C', source, '-czf', join(contrib, 'lintelTiny_1.0.tar.gz'), 'lintelTiny']);
}

/** A bare repository with `update-server-info` is complete as plain files ("dumb" http). */
async function makeGitRepository(tree: string, scratch: string): Promise<void> {
  const source = join(scratch, 'git');
  await writeFiles(source, { README: `${PROOF.git}\n` });
  const git = execa({ cwd: source, env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' } });
  const author = ['-c', 'user.name=x', '-c', 'user.email=x@repo.test'];
  await git('git', ['init', '--quiet', '--initial-branch=main']);
  await git('git', ['add', '.']);
  await git('git', [...author, 'commit', '--quiet', '--message', 'Say where']);
  const bare = join(tree, 'git/tiny.git');
  await git('git', ['clone', '--quiet', '--template=', '--bare', source, bare]);
  await git('git', ['-C', bare, 'update-server-info']);
}

/** npm fetches a tarball from where the package's description says, so there is a registry for each scheme. */
async function makeNpmRegistry(
  tree: string,
  scratch: string,
  origins: Readonly<Record<'http' | 'https', string>>,
): Promise<void> {
  const source = join(scratch, 'npm');
  const about = { name: 'lintel-tiny', version: '1.0.0' };
  await writeFiles(join(source, 'package'), {
    'package.json': JSON.stringify(about),
    'index.js': `module.exports = ${JSON.stringify(PROOF.npm)};\n`,
  });
  const tarball = 'npm/lintel-tiny-1.0.0.tgz';
  await mkdir(join(tree, 'npm'), { recursive: true });
  await execa('tar', ['-C', source, '-czf', join(tree, tarball), 'package']);
  for (const [scheme, origin] of Object.entries(origins)) {
    const versions = { '1.0.0': { ...about, dist: { tarball: `${origin}/${tarball}` } } };
    await writeFiles(join(tree, 'npm', scheme), {
      'lintel-tiny': JSON.stringify({ name: about.name, 'dist-tags': { latest: '1.0.0' }, versions }),
    });
  }
}

/** What a resolver reads of a channel, and an empty one. Nothing unpacks the package, so there is none. */
async function makeCondaChannel(tree: string): Promise<void> {
  const record = {
    name: 'lintel-tiny',
    version: '1.0',
    build: 'from_the_mirror_0',
    build_number: 0,
    depends: [],
    subdir: 'noarch',
    sha256: createHash('sha256').digest('hex'),
  };
  const packages = { 'lintel-tiny-1.0-from_the_mirror_0.tar.bz2': record };
  const render = (subdir: string, listed: object) => JSON.stringify({ info: { subdir }, packages: listed });
  await writeFiles(tree, {
    'conda/noarch/repodata.json': render('noarch', packages),
    'conda/linux-64/repodata.json': render('linux-64', {}),
    'empty/noarch/repodata.json': render('noarch', {}),
    'empty/linux-64/repodata.json': render('linux-64', {}),
  });
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
  }
}
