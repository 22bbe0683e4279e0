/** Milliseconds of a clock that never goes back. Node's `performance` would load a module for it (0.6 ms, 0.7 MiB). */
export function readClockMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
