/** What a file of certificates holds. */
export interface Pem {
  /** How many certificates begin in it; more than blocks where some are cut short. */
  readonly begun: number;
  /** Certificates as DER. */
  readonly blocks: readonly { readonly bytes: Buffer; readonly mayHaveNotes: boolean }[];
  /** It is only said that there is one. */
  readonly hasPrivateKey: boolean;
}

const BEGIN = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const BLOCK =
  /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
/** A sequence with a length of two bytes, as nearly every certificate begins. */
const DER = [0x30, 0x82];

/** Takes PEM with whatever stands between, and a single certificate in DER, as Windows hands them out. */
export function splitPem(bytes: Buffer): Pem {
  const text = bytes.toString('latin1');
  const begun = text.match(BEGIN)?.length ?? 0;
  if (begun === 0 && DER.every((byte, index) => bytes[index] === byte))
    return { begun: 1, blocks: [{ bytes, mayHaveNotes: false }], hasPrivateKey: false };
  const blocks = [...text.matchAll(BLOCK)].map(([, kind, body = '']) => ({
    bytes: Buffer.from(body, 'base64'),
    mayHaveNotes: kind === 'TRUSTED ',
  }));
  return { begun, blocks, hasPrivateKey: text.includes('PRIVATE KEY-----') };
}
