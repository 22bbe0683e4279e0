import { splitPem } from '../facts/pem.ts';

const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const BMP_STRING = 0x1e;
const SEQUENCE = 0x30;
const SET = 0x31;
/** What a tag of the context's own wraps. */
const EXPLICIT = 0xa0;

/** Object identifiers, in the bytes of DER. */
const DATA = identifier('2a864886f70d010701');
const CERTIFICATE_BAG = identifier('2a864886f70d010c0a0103');
const X509_CERTIFICATE = identifier('2a864886f70d01091601');
const FRIENDLY_NAME = identifier('2a864886f70d010914');
/** Oracle's: without it Java takes a certificate for part of somebody's chain, not for one to trust. */
const TRUSTED_KEY_USAGE = identifier('6086480186f966adca7b0101');
const ANY_USAGE = identifier('551d2500');

/**
 * The certificates as a keystore that every Java since 8 reads (PKCS #12, RFC 7292), in base64. Without encryption and
 * without a checksum over a password, as nothing in it is secret: any password opens it, none does, and it takes a
 * millisecond where `keytool` takes seconds. Entries are called "system-1" and "lintel-1"; the same certificates are
 * the same bytes.
 */
export function makeKeystore(system: string, added: string): string {
  const bags = [...listBags('system', system), ...listBags('lintel', added)];
  const safe = element(SEQUENCE, [wrapData(element(SEQUENCE, bags))]);
  const version = element(INTEGER, [Buffer.from([3])]);
  return element(SEQUENCE, [version, wrapData(safe)]).toString('base64');
}

function listBags(prefix: string, pem: string): Buffer[] {
  const { blocks } = splitPem(Buffer.from(pem, 'latin1'));
  return blocks.map(({ bytes }, index) => renderBag(`${prefix}-${index + 1}`, bytes));
}

function renderBag(name: string, certificate: Buffer): Buffer {
  const value = element(EXPLICIT, [element(OCTET_STRING, [certificate])]);
  const bag = element(EXPLICIT, [element(SEQUENCE, [X509_CERTIFICATE, value])]);
  const alias = element(BMP_STRING, [Buffer.from(name, 'utf16le').swap16()]);
  const attributes = element(SET, [
    renderAttribute(TRUSTED_KEY_USAGE, ANY_USAGE),
    renderAttribute(FRIENDLY_NAME, alias),
  ]);
  return element(SEQUENCE, [CERTIFICATE_BAG, bag, attributes]);
}

function renderAttribute(name: Buffer, value: Buffer): Buffer {
  return element(SEQUENCE, [name, element(SET, [value])]);
}

/** RFC 5652's way to say that something is what it is. */
function wrapData(content: Buffer): Buffer {
  return element(SEQUENCE, [DATA, element(EXPLICIT, [element(OCTET_STRING, [content])])]);
}

function identifier(hex: string): Buffer {
  return element(OBJECT_IDENTIFIER, [Buffer.from(hex, 'hex')]);
}

/** Tag, length and what is inside. */
function element(tag: number, inside: readonly Buffer[]): Buffer {
  const length = inside.reduce((sum, { length: bytes }) => sum + bytes, 0);
  return Buffer.concat([Buffer.from([tag, ...renderLength(length)]), ...inside]);
}

function renderLength(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 0x100)) bytes.unshift(rest % 0x100);
  return [0x80 + bytes.length, ...bytes];
}
