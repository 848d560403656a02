/** A value at a time; null and undefined are gaps. */
export interface Point {
  readonly timeMs: number;
  readonly value: number | null | undefined;
}

const bars = "▁▂▃▄▅▆▇█";

/**
 * One line of `cells` characters over the time from `fromMs` to before `toMs`: the mean of what falls
 * into each, from the least (▁) to the most (█). A blank is a time of which nothing is known.
 */
export function sparkline(
  points: readonly Point[],
  { fromMs, toMs, cells }: { fromMs: number; toMs: number; cells: number },
): string {
  const sums = Array.from({ length: cells }, () => ({ sum: 0, count: 0 }));
  for (const { timeMs, value } of points) {
    const cell = sums[Math.floor(((timeMs - fromMs) * cells) / (toMs - fromMs))];
    if (cell === undefined || typeof value !== "number") continue;
    cell.sum += value;
    cell.count += 1;
  }
  const means = sums.map(({ sum, count }) => (count === 0 ? undefined : sum / count));
  const known = means.filter((mean) => mean !== undefined);
  const least = Math.min(...known);
  const span = Math.max(...known) - least;
  return means.map((mean) => (mean === undefined ? " " : barOf(mean - least, span))).join("");
}

/** What never changes lies low. */
function barOf(above: number, span: number): string {
  const step = span === 0 ? 0 : Math.round((above / span) * (bars.length - 1));
  return bars.charAt(step);
}
