/** Durations in ms, and what is said of them: null where there is none. */
export interface LatencySummary {
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
}

/** By the nearest rank: a percentile is one of the durations, and none between two of them. */
export function summarise(durationsMs: readonly number[]): LatencySummary {
  const sorted = durationsMs.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    return value === undefined ? null : Math.round(value * 100) / 100;
  };
  return { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), max_ms: at(1) };
}
