/** What a certificate says of itself, as far as it decides whether clients will take it as an authority. */
export interface Certificate {
  /** In canonical form, with a newline at its end. */
  readonly pem: string;
  /** Its common name, else its organisation; "" when it has neither. Whatever somebody wrote there. */
  readonly name: string;
  /** Milliseconds since 1970; NaN for a date in no form that X.509 has. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Whether it may sign others, or is its own issuer: then a server that shows this very certificate is trusted. */
  readonly isAnchor: boolean;
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const BOOLEAN = 0x01;
const OCTET_STRING = 0x04;
const UTC_TIME = 0x17;
const BMP_STRING = 0x1e;
const UTF8_STRING = 0x0c;
/** The bit of a DER tag that says that elements are inside. */
const CONSTRUCTED = 0x20;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
/** Real certificates have some 10 levels. */
const MAX_DEPTH = 32;

/** Object identifiers, in the bytes of DER. */
const COMMON_NAME = '550403';
const ORGANISATION = '55040a';
const BASIC_CONSTRAINTS = '551d13';
const KEY_USAGE = '551d0f';
/** Of key usage's bits, the one for signing certificates. */
const KEY_CERT_SIGN = 0x04;

/**
 * The certificate in DER; undefined unless its bytes are whole. OpenSSL's "trusted certificates" carry notes behind
 * it, which no other client reads: they are left out. Checks the form alone, not the signature: without loading a
 * cryptography library, which takes 7 ms of the boot and 10 ms more for a bundle of 140.
 */
export function parseCertificate(bytes: Buffer, mayHaveNotes: boolean): Certificate | undefined {
  const whole = readElement(bytes, 0, bytes.length);
  if (whole === undefined || !isWhole(bytes, whole, 0)) return undefined;
  if (whole.end < bytes.length && !mayHaveNotes) return undefined;
  const [content, algorithm, signature, ...rest] = listInside(bytes, whole);
  const isSigned =
    whole.tag === SEQUENCE &&
    content?.tag === SEQUENCE &&
    algorithm?.tag === SEQUENCE &&
    signature?.tag === BIT_STRING &&
    rest.length === 0;
  return isSigned ? parseContent(bytes, content, whole.end) : undefined;
}

/** An element of DER: what it holds stands from `inside` to `end`. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly inside: number;
  readonly end: number;
}

function parseContent(bytes: Buffer, content: Element, length: number): Certificate | undefined {
  const fields = listInside(bytes, content);
  // Version 1 does not say so.
  const [, , issuer, validity, subject] = fields[0]?.tag === VERSION ? fields.slice(1) : fields;
  if (issuer?.tag !== SEQUENCE || validity?.tag !== SEQUENCE || subject?.tag !== SEQUENCE) return undefined;
  const [notBefore, notAfter] = listInside(bytes, validity);
  if (notBefore === undefined || notAfter === undefined) return undefined;
  const isOwnIssuer = sliceOf(bytes, issuer).equals(sliceOf(bytes, subject));
  return {
    pem: renderPem(bytes, length),
    name: findInName(bytes, subject, COMMON_NAME) ?? findInName(bytes, subject, ORGANISATION) ?? '',
    notBeforeMs: parseTime(bytes, notBefore),
    notAfterMs: parseTime(bytes, notAfter),
    isAnchor: isOwnIssuer || maySign(bytes, fields.at(-1)),
  };
}

function renderPem(bytes: Buffer, length: number): string {
  const lines = bytes.toString('base64', 0, length).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** A name is a sequence of sets of pairs. */
function findInName(bytes: Buffer, name: Element, identifier: string): string | undefined {
  for (const set of listInside(bytes, name)) {
    for (const pair of listInside(bytes, set)) {
      const [key, value] = listInside(bytes, pair);
      if (key !== undefined && value !== undefined && hexInside(bytes, key) === identifier)
        return parseString(bytes, value);
    }
  }
  return undefined;
}

function parseString(bytes: Buffer, { tag, inside, end }: Element): string {
  const content = bytes.subarray(inside, end);
  if (tag === UTF8_STRING) return content.toString('utf8');
  // Two bytes a character, the higher one first.
  if (tag === BMP_STRING && content.length % 2 === 0)
    return Buffer.from(content).swap16().toString('utf16le');
  return content.toString('latin1');
}

/** "YYMMDDhhmmssZ", where 50 to 99 are of the last century, or "YYYYMMDDhhmmssZ". */
function parseTime(bytes: Buffer, time: Element): number {
  const text = bytes.toString('latin1', time.inside, time.end);
  const full = time.tag === UTC_TIME ? `${Number(text.slice(0, 2)) >= 50 ? '19' : '20'}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  if (parts === null) return Number.NaN;
  const [year = 0, month = 0, day, hour, minute, second] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** As its extensions say; where they say nothing of authorities, whether its key may sign certificates. */
function maySign(bytes: Buffer, last: Element | undefined): boolean {
  if (last?.tag !== EXTENSIONS) return false;
  const list = listInside(bytes, last)[0];
  const extensions = new Map(
    (list === undefined ? [] : listInside(bytes, list)).flatMap(extension => {
      const parts = listInside(bytes, extension);
      const [identifier] = parts;
      const value = parts.at(-1);
      return identifier === undefined || value?.tag !== OCTET_STRING
        ? []
        : [[hexInside(bytes, identifier), value] as const];
    }),
  );
  const constraints = readValue(bytes, extensions.get(BASIC_CONSTRAINTS));
  if (constraints !== undefined) {
    const [flag] = constraints.tag === SEQUENCE ? listInside(bytes, constraints) : [];
    return flag?.tag === BOOLEAN && bytes[flag.inside] !== 0;
  }
  const usage = readValue(bytes, extensions.get(KEY_USAGE));
  // The first byte says how many bits of the last one do not count.
  return usage?.tag === BIT_STRING && ((bytes[usage.inside + 1] ?? 0) & KEY_CERT_SIGN) !== 0;
}

/** An extension's value is an element of its own. */
function readValue(bytes: Buffer, value: Element | undefined): Element | undefined {
  if (value === undefined) return undefined;
  const element = readElement(bytes, value.inside, value.end);
  return element !== undefined && isWhole(bytes, element, 0) ? element : undefined;
}

function hexInside(bytes: Buffer, { inside, end }: Element): string {
  return bytes.toString('hex', inside, end);
}

function sliceOf(bytes: Buffer, { start, end }: Element): Buffer {
  return bytes.subarray(start, end);
}

/** The elements inside of one that is known to be whole. */
function listInside(bytes: Buffer, { tag, inside, end }: Element): Element[] {
  const found: Element[] = [];
  if ((tag & CONSTRUCTED) === 0) return found;
  for (let next = inside; next < end; ) {
    const element = readElement(bytes, next, end);
    if (element === undefined) return found;
    found.push(element);
    next = element.end;
  }
  return found;
}

/** Whether everything inside fits its place. Finds garbled bytes in nearly all places. */
function isWhole(bytes: Buffer, { tag, inside, end }: Element, depth: number): boolean {
  if ((tag & CONSTRUCTED) === 0) return true;
  if (depth > MAX_DEPTH) return false;
  for (let next = inside; next < end; ) {
    const element = readElement(bytes, next, end);
    if (element === undefined || !isWhole(bytes, element, depth + 1)) return false;
    next = element.end;
  }
  return true;
}

/** The element at `start`; undefined when it does not fit its place. */
function readElement(bytes: Buffer, start: number, limit: number): Element | undefined {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined || start + 2 > limit) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  // 0x80 is a length that only its end tells, which DER has not.
  if (first === 0x80 || lengthBytes > 3 || start + 2 + lengthBytes > limit) return undefined;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(start + 2, lengthBytes);
  const inside = start + 2 + lengthBytes;
  const end = inside + length;
  return end > limit ? undefined : { tag, start, inside, end };
}
