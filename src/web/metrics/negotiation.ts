import { MIMEType } from 'node:util';

/** OpenMetrics 1.0, or what Prometheus understood before: text/plain, version 0.0.4. */
export type Format = 'openMetrics' | 'classic';

/** Prometheus itself sends five. */
const MOST_WISHES = 50;
const VERSIONS: Readonly<Record<string, { readonly format: Format; readonly versions: readonly string[] }>> =
  {
    'application/openmetrics-text': { format: 'openMetrics', versions: ['', '1.0.0', '0.0.1'] },
    'text/plain': { format: 'classic', versions: ['', '0.0.4'] },
  };

/**
 * The format that an Accept header wants most, as Prometheus' own libraries choose it: of those that are named, and the
 * classic one where none is.
 */
export function chooseFormat(accept: string): Format {
  const wishes = accept.split(',', MOST_WISHES).flatMap(readWish);
  const best = wishes.reduce<Wish | undefined>(
    (first, wish) => (first === undefined || wish.quality > first.quality ? wish : first),
    undefined,
  );
  return best?.format ?? 'classic';
}

interface Wish {
  readonly format: Format;
  readonly quality: number;
}

/** Nothing for what is malformed, unknown or not wanted. */
function readWish(text: string): Wish[] {
  let type: MIMEType;
  try {
    type = new MIMEType(text);
  } catch {
    return [];
  }
  const known = VERSIONS[type.essence];
  const quality = Number(type.params.get('q') ?? 1);
  if (known === undefined || !known.versions.includes(type.params.get('version') ?? '')) return [];
  return quality > 0 && quality <= 1 ? [{ format: known.format, quality }] : [];
}
