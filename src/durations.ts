/** "40 ms", "3.2 s", "59 s", "3 min 12 s": for sentences. */
export function renderTime(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  return durationMs < 10_000 ? `${(durationMs / 1000).toFixed(1)} s` : renderSpell(durationMs);
}

/** "0 s", "59 s", "3 min", "2 h 5 min", "3 d 4 h": whole seconds, and two units are enough. */
export function renderSpell(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  const join = (large: number, unit: string, small: number, smaller: string) =>
    small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;
  if (hours >= 24) return join(Math.floor(hours / 24), 'd', hours % 24, 'h');
  if (hours > 0) return join(hours, 'h', minutes % 60, 'min');
  return minutes > 0 ? join(minutes, 'min', seconds % 60, 's') : `${seconds} s`;
}

/** "0.4 ms", "12 ms", "1.24 s", "12.4 s", "2 min 5 s": as exact as a reader can use it. */
export function renderLength(durationMs: number): string {
  if (durationMs < 1) return `${durationMs.toFixed(1)} ms`;
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1000;
  if (seconds >= 59.95) return renderSpell(Math.round(seconds) * 1000);
  return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
}
