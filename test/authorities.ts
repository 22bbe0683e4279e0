import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';

/** A real certificate, and the private key that belongs to it. Both end with a newline. */
export interface Made {
  readonly pem: string;
  readonly key: string;
}

/** A certificate of its own authority. `extra` are arguments for `openssl req`. */
export function makeAuthority(name: string, extra: readonly string[] = []): Made {
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ed25519',
    '-nodes',
    '-utf8',
    '-subj',
    `/CN=${name}`,
    '-days',
    '30',
  ];
  const { stdout } = execaSync('openssl', [...args, ...extra, '-keyout', '-', '-out', '-'], {
    stderr: 'ignore',
  });
  const [key = '', pem = ''] = [
    /-----BEGIN PRIVATE.*?-----END PRIVATE KEY-----\n/s,
    /-----BEGIN CERT.*/s,
  ].map(pattern => pattern.exec(`${stdout}\n`)?.[0]);
  return { pem, key };
}

/** A certificate that `authority` signed, with these extensions alone, written as in openssl's configuration. */
export function makeSigned(name: string, authority: Made, extensions: readonly string[]): Made {
  return inScratch(folder => {
    writeFileSync(join(folder, 'cnf'), '[req]\ndistinguished_name = name\n[name]\n');
    writeFileSync(join(folder, 'ca.pem'), authority.pem);
    writeFileSync(join(folder, 'ca.key'), authority.key);
    return makeAuthority(name, [
      ...['-config', join(folder, 'cnf'), '-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca.key')],
      ...extensions.flatMap(extension => ['-addext', extension]),
    ]);
  });
}

/** As `makeAuthority`, valid between two times such as "20200131000000Z". */
export function makeDated(name: string, from: string, to: string): Made {
  return inScratch(folder => {
    const { key } = makeAuthority(name);
    const at = (file: string) => join(folder, file);
    writeFileSync(at('key'), key);
    writeFileSync(at('index.txt'), '');
    writeFileSync(
      at('cnf'),
      `[ca]\ndefault_ca = a\n[a]\ndatabase = ${at('index.txt')}\nnew_certs_dir = ${folder}\nrand_serial = yes\ndefault_md = default\npolicy = p\nx509_extensions = e\n[p]\ncommonName = supplied\n[e]\nbasicConstraints = critical,CA:TRUE\n`,
    );
    execaSync('openssl', ['req', '-new', '-key', at('key'), '-subj', `/CN=${name}`, '-out', at('csr')]);
    const dates = ['-startdate', from, '-enddate', to];
    execaSync('openssl', [
      ...['ca', '-batch', '-selfsign', '-notext', '-config', at('cnf'), '-keyfile', at('key'), ...dates],
      ...['-in', at('csr'), '-out', at('pem')],
    ]);
    return { pem: readFileSync(at('pem'), 'utf8'), key };
  });
}

/** What `openssl x509` makes of a certificate. */
export function convert(pem: string, args: readonly string[]): Uint8Array {
  // The last byte of one certificate in sixteen looks like a newline.
  const options = { input: pem, encoding: 'buffer', stripFinalNewline: false } as const;
  return execaSync('openssl', ['x509', ...args], options).stdout;
}

function inScratch<T>(act: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'lintel-authority-'));
  try {
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
