import type { Readable } from 'node:stream';

/**
 * Every output that is being read, so that all of them can be left unread when nobody takes the log: their
 * processes then block on a full pipe, as under any container engine. An output outlives its process until all of
 * it has been read.
 */
export interface Gate {
  add(output: Readable): void;
  setReading(isReading: boolean): void;
  /** Opens for good, and resolves when all has been read to its end, or after `limitMs`. */
  drain(limitMs: number): Promise<void>;
}

export function makeGate(): Gate {
  const outputs = new Set<Readable>();
  let isOpen = true;
  let isDraining = false;
  let onDrained = (): void => undefined;

  function setReading(isReading: boolean): void {
    isOpen = isReading || isDraining;
    for (const output of outputs) {
      if (isOpen) output.resume();
      else output.pause();
    }
  }

  return {
    setReading,
    add(output) {
      outputs.add(output);
      output.once('close', () => {
        outputs.delete(output);
        if (outputs.size === 0) onDrained();
      });
      if (!isOpen) output.pause();
    },
    drain(limitMs) {
      isDraining = true;
      setReading(true);
      if (outputs.size === 0) return Promise.resolve();
      return new Promise(resolve => {
        const timer = setTimeout(resolve, limitMs);
        onDrained = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
