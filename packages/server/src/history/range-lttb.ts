/**
 * Largest triangle three buckets: picks the points of a line that one would draw to draw it with
 * fewer. Between the first and the last, which stay, the points are put into as many buckets as there
 * are to be others; of each the one is taken that makes the largest triangle with the one taken
 * before and the mean of the next bucket (Steinarsson 2013). Times must not fall. Gives indexes.
 */
export function lttb(
  times: Float64Array,
  values: Float64Array,
  pointsMax: number,
): readonly number[] {
  const count = times.length;
  if (count <= pointsMax || pointsMax < 3) {
    return pointsMax < 3 && count > pointsMax ? ends(count, pointsMax) : all(count);
  }
  const picked = [0];
  const bucketSize = (count - 2) / (pointsMax - 2);
  let from = 0;
  for (let bucket = 0; bucket < pointsMax - 2; bucket++) {
    const start = Math.floor(bucket * bucketSize) + 1;
    const end = Math.floor((bucket + 1) * bucketSize) + 1;
    const [meanTime, meanValue] = meanOf(times, values, {
      start: end,
      end: Math.min(Math.floor((bucket + 2) * bucketSize) + 1, count),
    });
    from = largest(times, values, { start, end, from, meanTime, meanValue });
    picked.push(from);
  }
  picked.push(count - 1);
  return picked;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function meanOf(times: Float64Array, values: Float64Array, { start, end }: Span) {
  let [time, value] = [0, 0];
  for (let i = start; i < end; i++) {
    time += times[i] ?? 0;
    value += values[i] ?? 0;
  }
  const count = Math.max(1, end - start);
  return [time / count, value / count] as const;
}

interface Corners extends Span {
  readonly from: number;
  readonly meanTime: number;
  readonly meanValue: number;
}

function largest(times: Float64Array, values: Float64Array, corners: Corners): number {
  const { start, end, from, meanTime, meanValue } = corners;
  const [fromTime, fromValue] = [times[from] ?? 0, values[from] ?? 0];
  let [best, bestArea] = [start, -1];
  for (let i = start; i < end; i++) {
    // Twice the area of the triangle.
    const area = Math.abs(
      (fromTime - meanTime) * ((values[i] ?? 0) - fromValue) -
        (fromTime - (times[i] ?? 0)) * (meanValue - fromValue),
    );
    if (area > bestArea) [best, bestArea] = [i, area];
  }
  return best;
}

function all(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function ends(count: number, pointsMax: number): readonly number[] {
  return pointsMax === 1 ? [0] : [0, count - 1];
}
