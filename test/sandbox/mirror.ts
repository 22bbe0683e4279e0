import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { fixtures } from './container.ts';
import { makePackages } from './mirror-packages.ts';

const HOST = 'repo.test';
/** Only the proxy knows it. */
const HIDDEN_HOST = 'hidden.test';
const PORTS = { http: 8080, https: 8443, proxy: 3128 } as const;

export type Scheme = 'http' | 'https';
export const SCHEMES: readonly Scheme[] = ['http', 'https'];
export const ORIGINS = { http: `http://${HOST}:${PORTS.http}`, https: `https://${HOST}:${PORTS.https}` };
/** The same tree where only the proxy leads to. */
export const HIDDEN_ORIGINS = { http: `http://${HIDDEN_HOST}`, https: `https://${HIDDEN_HOST}` };
export const PROXY_URL = `http://127.0.0.1:${PORTS.proxy}`;
export const NO_PROXY = `localhost,${HOST}`;
/** For the tree below /private/. */
export const MIRROR_USER = { name: 'tina', password: 'p4ss-w0rd' } as const;

/** Programs that making a mirror needs. */
export const MIRROR_PROGRAMS = ['/usr/bin/git', '/usr/bin/openssl', '/usr/bin/python3', '/usr/bin/tar'];

/**
 * What an operator's mirror offers, made by hand: an index for pip, a CRAN tree, a git repository, a registry for npm
 * and a channel for conda. It is served by http, by https with a certificate that nobody but a private authority
 * signed, and by both under a name to which only a proxy leads.
 */
export interface Mirror {
  /** For a container: the mirror as a service of its own, and /etc/hosts with the mirror's name. */
  readonly files: Readonly<Record<string, string>>;
  /** Certificate of the private authority. */
  readonly caPem: string;
}

/** Takes about half a second. Leaves nothing on the disk. */
export async function makeMirror(): Promise<Mirror> {
  const scratch = await mkdtemp(join(tmpdir(), 'lintel-mirror-'));
  try {
    const tree = join(scratch, 'tree');
    const [{ caPem, certPem, keyPem }] = await Promise.all([
      makeCertificates(scratch),
      makePackages(tree, scratch, ORIGINS),
    ]);
    const { name, password } = MIRROR_USER;
    const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
    const files = await readTree(tree);
    const site = { certPem, keyPem, authorization, hiddenHost: HIDDEN_HOST, ports: PORTS, files };
    return { files: makeFiles(JSON.stringify(site)), caPem };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

function makeFiles(site: string): Mirror['files'] {
  return {
    ...fixtures('mirror-server.ts'),
    '/etc/hosts': `127.0.0.1 localhost lintel ${HOST}\n`,
    '/srv/mirror.json': site,
    '/etc/services.d/mirror/run':
      '#!/bin/sh\nexec /usr/bin/env -i /usr/local/lib/lintel/node /srv/mirror-server.ts\n',
  };
}

async function makeCertificates(
  scratch: string,
): Promise<{ caPem: string; certPem: string; keyPem: string }> {
  const openssl = execa({ cwd: scratch });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const authority = ['-subj', '/CN=A private authority', '-keyout', 'ca.key', '-out', 'ca.pem'];
  await openssl('openssl', ['req', '-x509', ...newKey, ...authority]);
  const names = `subjectAltName=DNS:${HOST},DNS:${HIDDEN_HOST},IP:127.0.0.1`;
  const server = ['-subj', `/CN=${HOST}`, '-addext', names, '-keyout', 'key.pem', '-out', 'cert.pem'];
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
  await openssl('openssl', ['req', '-x509', ...newKey, ...server, ...signer]);
  const read = (name: string) => readFile(join(scratch, name), 'utf8');
  const [caPem, certPem, keyPem] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')]);
  return { caPem, certPem, keyPem };
}

/** Path below the site -> content in base64, since a sandbox takes its files as text. */
async function readTree(tree: string): Promise<Record<string, string>> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map(file => readFile(file, 'base64')));
  return Object.fromEntries(files.map((file, at) => [file.slice(tree.length), contents[at] ?? '']));
}
