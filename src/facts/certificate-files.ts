import { renderCause } from '../errors.ts';
import { isDirectory, readBytes, readNames } from './files.ts';

/** A file that may hold certificates, or why it can't be read. */
export type CertificateFile =
  | { readonly name: string; readonly bytes: Buffer }
  | { readonly name: string; readonly trouble: string };

export const LOCAL_FOLDER = '/usr/local/share/ca-certificates';
/** What Lintel puts into the system's store. */
export const OUR_NAME = /^lintel-\d+\.crt$/;

/** Far more than any platform's; limits so that a wrong path costs no minutes. */
const MAX_FILES = 2000;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 8;
const MAX_FOLDERS = 200;
/** "-----BEGIN" in base64, as platforms hand a bundle over that is to fit one line. */
const BASE64_BEGIN = 'LS0tLS1CRUdJTi';

/** The bytes when the value is PEM itself: as it is, with "\n" for its newlines, or in base64; undefined for a path. */
export function readInline(wanted: string): Buffer | undefined {
  const text = wanted.startsWith(BASE64_BEGIN) ? Buffer.from(wanted, 'base64').toString('latin1') : wanted;
  if (!text.includes('-----BEGIN')) return undefined;
  return Buffer.from(text.replaceAll(/(\\r)?\\n/g, '\n'));
}

/** The file, or the *.pem, *.crt, *.cer and *.der of the folder in byte order. */
export function listCertificateFiles(path: string): {
  readonly files: readonly CertificateFile[];
  readonly isFolder: boolean;
} {
  if (!isDirectory(path)) return { files: readAll([path]), isFolder: false };
  const names = readNames(path).filter(name => /\.(pem|crt|cer|der)$/i.test(name));
  return { files: readAll(names.map(name => `${path}/${name}`)), isFolder: true };
}

/** Every *.crt that update-ca-certificates would take, which looks below the folder and through links, but our own. */
export function listLocalFiles(root: string): {
  readonly files: readonly CertificateFile[];
  readonly folder: string;
} {
  const folder = `${root}${LOCAL_FOLDER}`;
  const paths: string[] = [];
  let folders = 0;
  const walk = (path: string, depth: number): void => {
    folders += 1;
    for (const name of readNames(path)) {
      const child = `${path}/${name}`;
      const isOurs = depth === 0 && OUR_NAME.test(name);
      if (name.endsWith('.crt') && !isDirectory(child)) paths.push(...(isOurs ? [] : [child]));
      else if (depth < MAX_DEPTH && folders < MAX_FOLDERS && isDirectory(child)) walk(child, depth + 1);
    }
  };
  walk(folder, 0);
  return { files: readAll(paths), folder };
}

function readAll(paths: readonly string[]): CertificateFile[] {
  let left = MAX_BYTES;
  const files = paths.slice(0, MAX_FILES).map((name): CertificateFile => {
    try {
      const bytes = readBytes(name, left);
      left -= bytes?.length ?? 0;
      return bytes === undefined ? { name, trouble: 'no such file' } : { name, bytes };
    } catch (error) {
      return { name, trouble: renderCause(error) };
    }
  });
  const rest = paths.length - files.length;
  return rest <= 0
    ? files
    : [...files, { name: `${rest} files more`, trouble: `more than ${MAX_FILES} are not read` }];
}
