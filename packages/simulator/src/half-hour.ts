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
  const missingW = mean - (start + end) / 2;
  let sum = 0;
  for (let second = 0; second < halfHourSeconds; second++) {
    const x = (second + 0.5) / halfHourSeconds;
    const base = start * (1 - x) + end * x + missingW * bow(x);
    const fade = Math.min(1, 20 * x, 20 * (1 - x)); // no noise at the edges: no step there
    const noise = smoothNoise(seed, index * halfHourSeconds + second, periodSeconds);
    const power = base * (1 + amplitude * fade * noise);
    powersW[second] = power;
    sum += power;
  }
  // What the noise added or took, some hundredths, goes the way the mean came in: without a step.
  const excessW = sum / halfHourSeconds - mean;
  return powersW.map((power, second) => {
    const corrected = power - excessW * bow((second + 0.5) / halfHourSeconds);
    return Math.max(0, corrected);
  });
}

/** The parabola that is zero at both edges and has the mean 1 over the midpoints of the seconds. */
function bow(x: number): number {
  return (6 * x * (1 - x)) / (1 + 1 / (2 * halfHourSeconds ** 2));
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
