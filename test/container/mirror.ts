import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { fixtures } from './container.ts';

export const MIRROR_HOST = 'repo.test';
export const MIRROR_PORT = 8443;
export const MIRROR_URL = `https://${MIRROR_HOST}:${MIRROR_PORT}`;

/** Programs that making a mirror needs. */
export const MIRROR_PROGRAMS = ['/usr/bin/git', '/usr/bin/openssl', '/usr/bin/python3', '/usr/bin/tar'];

/**
 * What an operator's mirror offers, made by hand and served over https by a certificate that nobody but a private
 * authority signed: a Python index (PEP 503) with the wheel `lintel-tiny`, a CRAN tree with the source package
 * `lintelTiny`, and the git repository `tiny.git`.
 */
export interface Mirror {
  /** For a container: the mirror as a service of its own, and /etc/hosts with the mirror's name. */
  readonly files: Readonly<Record<string, string>>;
  /** Certificate of the private authority. */
  readonly caPem: string;
}

/** What the packages say when they come from here and nowhere else. */
export const PROOF = {
  pip: 'from the mirror by pip',
  r: 'from the mirror by R',
  git: 'from the mirror by git',
} as const;

/** Takes about half a second. Leaves nothing on the disk. */
export async function makeMirror(): Promise<Mirror> {
  const scratch = await mkdtemp(join(tmpdir(), 'lintel-mirror-'));
  try {
    const tree = join(scratch, 'tree');
    await Promise.all([
      makePythonIndex(tree, scratch),
      makeCran(tree, scratch),
      makeGitRepository(tree, scratch),
    ]);
    const { caPem, certPem, keyPem } = await makeCertificates(scratch);
    const site = JSON.stringify({ certPem, keyPem, files: await readTree(tree) });
    return { files: makeFiles(site), caPem };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

function makeFiles(site: string): Mirror['files'] {
  return {
    ...fixtures('mirror-server.ts'),
    '/etc/hosts': `127.0.0.1 localhost lintel ${MIRROR_HOST}\n`,
    '/srv/mirror.json': site,
    '/etc/services.d/mirror/run': `#!/bin/sh\nexec /usr/local/lib/lintel/node /srv/mirror-server.ts ${MIRROR_PORT}\n`,
  };
}

/** A wheel is a zip file with three texts about itself; `python3 -m zipfile` writes it. */
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
  await git('git', ['init', '--quiet', '--initial-branch=main']);
  await git('git', ['add', '.']);
  await git('git', [
    '-c',
    'user.name=x',
    '-c',
    'user.email=x@repo.test',
    'commit',
    '--quiet',
    '--message',
    'Say where',
  ]);
  const bare = join(tree, 'git/tiny.git');
  await git('git', ['clone', '--quiet', '--template=', '--bare', source, bare]);
  await git('git', ['-C', bare, 'update-server-info']);
}

async function makeCertificates(
  scratch: string,
): Promise<{ caPem: string; certPem: string; keyPem: string }> {
  const openssl = execa({ cwd: scratch });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const authority = ['-subj', '/CN=A private authority', '-keyout', 'ca.key', '-out', 'ca.pem'];
  await openssl('openssl', ['req', '-x509', ...newKey, ...authority]);
  const server = ['-subj', `/CN=${MIRROR_HOST}`, '-addext', `subjectAltName=DNS:${MIRROR_HOST},IP:127.0.0.1`];
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
  await openssl('openssl', [
    'req',
    '-x509',
    ...newKey,
    ...server,
    ...signer,
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
  ]);
  const read = (name: string) => readFile(join(scratch, name), 'utf8');
  const [caPem, certPem, keyPem] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')]);
  return { caPem, certPem, keyPem };
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, text);
  }
}

/** Path below the site -> content in base64, since a sandbox takes its files as text. */
async function readTree(tree: string): Promise<Record<string, string>> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map(file => readFile(file, 'base64')));
  return Object.fromEntries(files.map((file, at) => [file.slice(tree.length), contents[at] ?? '']));
}
