import { LintelError } from '../errors.ts';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, '': 1000, s: 1000, m: 60_000, h: 3_600_000 };
const MOST_MS = 86_400_000;

/** "10s", "500ms", "2m", "1h", and "10" for seconds, as milliseconds; at most a day. Throws a LintelError with code 2. */
export function parseDuration(flag: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|)$/.exec(text) ?? [];
  const durationMs = Math.round(Number(number) * (UNITS_MS[unit] ?? 0));
  if (number !== '' && durationMs <= MOST_MS) return durationMs;
  throw new LintelError(
    `Cannot use ${flag} ${JSON.stringify(text)}, expected a time such as 10s, 500ms or 2m`,
    2,
  );
}

/** "0s", "59s", "3m12s", "2h05m", "3d04h": two units are enough. */
export function renderDuration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  const [minutes, hours, days] = [60, 3600, 86_400].map(unit => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  const two = (number: number) => String(number).padStart(2, '0');
  if (days > 0) return `${days}d${two(hours % 24)}h`;
  if (hours > 0) return `${hours}h${two(minutes % 60)}m`;
  return minutes > 0 ? `${minutes}m${two(seconds % 60)}s` : `${seconds}s`;
}
