import type { Readable } from 'node:stream';

/**
 * Every output that is being read, so that all of them can be left unread when nobody takes the log: their
 * processes then block on a full pipe, as under any container engine. An output outlives its process until all of
 * it has been read.
 */
export interface Gate {
  add(output: Readable): void;
  setReading(isReading: boolean): void;
  /** Reads these all the same, until the returned function is called: their process has ended. */
  hurry(outputs: readonly Readable[]): () => void;
  /** Opens for good, and resolves when all has been read to its end, or after `limitMs`. */
  drain(limitMs: number): Promise<void>;
}

export function makeGate(): Gate {
  const outputs = new Set<Readable>();
  const hurried = new Set<Readable>();
  let isOpen = true;
  let isDraining = false;
  let onDrained = (): void => undefined;

  function setReading(isReading: boolean): void {
    isOpen = isReading || isDraining;
    for (const output of outputs) pass(output);
  }

  function pass(output: Readable): void {
    if (isOpen || hurried.has(output)) output.resume();
    else output.pause();
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
    hurry(ended) {
      for (const output of ended) {
        hurried.add(output);
        pass(output);
      }
      return () => {
        for (const output of ended) {
          hurried.delete(output);
          if (outputs.has(output)) pass(output);
        }
      };
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
