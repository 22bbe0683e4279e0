/** Numbers by chance that come again with the same seed. */
export interface Chance {
  /** 0 up to but not `below`, whole. */
  number(below: number): number;
  /** One of them; throws for none. */
  pick<T>(things: readonly T[]): T;
}

/** Mulberry32: small, and good enough to choose by. */
export function makeChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const number = (below: number) => Math.floor(next() * below);
  return {
    number,
    pick(things) {
      const picked = things[number(things.length)];
      if (picked === undefined) throw new Error('Cannot pick: there is nothing to pick from');
      return picked;
    },
  };
}
