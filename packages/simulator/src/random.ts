/**
 * Noise that is a pure function of seed and position: the same seed gives the same home however
 * often it is started, and any second can be computed without those before it.
 */

/** Uniform in 0 (inclusive) to 1 (exclusive). The finaliser of MurmurHash3 over both numbers. */
export function uniform(seed: number, index: number): number {
  let hash = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b)) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Smooth noise in −1 to 1 that changes over about `period` steps: a random lattice, eased between. */
export function smoothNoise(seed: number, index: number, period: number): number {
  const cell = Math.floor(index / period);
  const x = index / period - cell;
  const eased = x * x * (3 - 2 * x);
  const from = uniform(seed, cell);
  const to = uniform(seed, cell + 1);
  return 2 * (from + (to - from) * eased) - 1;
}
