/** "now", "12 s", "3 min 5 s", "2 h 5 min", "3 d 4 h": two units are enough, and the page counts whole seconds. */
export function renderSpell(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** "0.4 ms", "12 ms", "1.24 s", "12.4 s", "2 min 5 s": as exact as a reader can use it. */
export function renderLength(durationMs: number): string {
  if (durationMs < 1) return `${durationMs.toFixed(1)} ms`;
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1000;
  if (seconds >= 59.95) return renderSpell(Math.round(seconds) * 1000);
  return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
}
