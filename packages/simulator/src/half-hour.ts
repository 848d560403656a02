import { smoothNoise } from "./random.ts";
import { halfHourSeconds } from "./recorded-days.ts";

export interface Texture {
  readonly seed: number;
  /** How far the noise goes, as a share of the power: 0 to less than 1. */
  readonly amplitude: number;
  /** Over how many seconds the noise changes. */
  readonly periodSeconds: number;
}

/**
 * The 1800 powers of one half hour, from the half-hourly means: never negative, without a step to
 * the neighbours, with noise, and with exactly the recorded mean. The recording repeats for ever, so
 * the last half hour is followed by the first.
 */
export function halfHourPowersW(
  meansW: readonly number[],
  index: number,
  { seed, amplitude, periodSeconds }: Texture,
): Float64Array {
  const mean = at(meansW, index);
  const start = edge(at(meansW, index - 1), mean);
  const end = edge(mean, at(meansW, index + 1));
  const powersW = new Float64Array(halfHourSeconds);
  if (mean === 0) return powersW;
  let sum = 0;
  for (let second = 0; second < halfHourSeconds; second++) {
    const x = (second + 0.5) / halfHourSeconds;
    // A line between the edges and the one parabola, zero at both, that brings the mean to `mean`.
    const bow = 6 * x * (1 - x) * (mean - (start + end) / 2);
    const base = start * (1 - x) + end * x + bow;
    const fade = Math.min(1, 20 * x, 20 * (1 - x)); // no noise at the edges: no step there
    const noise = smoothNoise(seed, index * halfHourSeconds + second, periodSeconds);
    const power = base * (1 + amplitude * fade * noise);
    powersW[second] = power;
    sum += power;
  }
  const correction = (mean * halfHourSeconds) / sum;
  for (let second = 0; second < halfHourSeconds; second++) {
    powersW[second] = (powersW[second] ?? 0) * correction;
  }
  return powersW;
}

/**
 * The power where two half hours meet. At most twice either mean: with both edges in 0 … 2·mean the
 * curve above stays ≥ 0 everywhere (it is linear in the edges, and ≥ 0 at all four corners).
 */
function edge(meanW: number, nextMeanW: number): number {
  return Math.min((meanW + nextMeanW) / 2, 2 * meanW, 2 * nextMeanW);
}

function at(values: readonly number[], index: number): number {
  return values[(index + values.length) % values.length] ?? 0;
}
