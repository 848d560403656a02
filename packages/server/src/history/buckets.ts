import { quarterMs } from "./cells.ts";
import { createZone } from "./zone.ts";

export const resolutions = ["15m", "1h", "1d", "1mo"] as const;
export type Resolution = (typeof resolutions)[number];

/** A stretch of time: an hour, day or month as the clocks on the wall have it. */
export interface Bucket {
  readonly startMs: number;
  /** Start of the next one. */
  readonly endMs: number;
}

/**
 * The buckets that share a moment with `fromMs` to before `toMs`, each whole, so that the first may
 * begin before and the last end after. Days have 23 to 25 hours where the clocks are changed; an hour
 * that the clocks go through twice is two buckets.
 */
export function bucketsOf(
  fromMs: number,
  toMs: number,
  resolution: Resolution,
  timezone: string,
): Bucket[] {
  const marginMs = longestMs[resolution];
  const firstMs = Math.floor((fromMs - marginMs) / quarterMs) * quarterMs;
  const endMs = toMs + marginMs;
  const keyOf = createKey(resolution);
  const buckets: Bucket[] = [];
  let startMs = firstMs;
  let key: number | undefined;
  for (const span of createZone(timezone).spans(firstMs, endMs)) {
    for (let ms = span.startMs; ms < span.endMs; ms += quarterMs) {
      const next = keyOf(ms + span.offsetMs, span.offsetMs);
      if (key !== undefined && next !== key) {
        if (ms > fromMs && startMs < toMs) buckets.push({ startMs, endMs: ms });
        startMs = ms;
      }
      key = next;
    }
  }
  return buckets;
}

const dayMs = 86_400_000;

/** What no bucket is longer than: what the look for the first one starts before it. */
const longestMs: Record<Resolution, number> = {
  "15m": 2 * quarterMs,
  "1h": 3 * 3_600_000,
  "1d": 2 * dayMs,
  "1mo": 33 * dayMs,
};

/** A number that is the same for all quarters of one bucket and another for the next bucket. */
function createKey(resolution: Resolution): (localMs: number, offsetMs: number) => number {
  switch (resolution) {
    case "15m":
      return (localMs, offsetMs) => localMs - offsetMs;
    case "1h":
      // By the offset too: the clocks show that hour twice.
      return (localMs, offsetMs) => Math.floor(localMs / 3_600_000) * 3_600_000 - offsetMs;
    case "1d":
      return (localMs) => Math.floor(localMs / dayMs);
    case "1mo": {
      let last: { readonly day: number; readonly month: number } | undefined;
      return (localMs) => {
        const day = Math.floor(localMs / dayMs);
        if (last?.day !== day) {
          const date = new Date(localMs);
          last = { day, month: date.getUTCFullYear() * 12 + date.getUTCMonth() };
        }
        return last.month;
      };
    }
  }
}
