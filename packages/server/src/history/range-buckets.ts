import type { BucketPlan } from "./range-job.ts";
import { type Width, widths } from "./range-wish.ts";
import { createZone } from "./zone.ts";

export interface BucketWish {
  readonly fromMs: number;
  /** Not part of it. */
  readonly toMs: number;
  readonly width: Width;
  /** IANA name: hours and days are those of its clocks. */
  readonly timezone: string;
  readonly nowMs: number;
}

const hourMs = widths["1h"];
const dayMs = widths["1d"];

/** Buckets below an hour are the same in every time zone; longer ones follow the clocks there. */
export function planBuckets(wish: BucketWish): BucketPlan {
  const { fromMs, toMs, width, timezone, nowMs } = wish;
  const widthMs = widths[width];
  // What has not been yet is not missing.
  const untilMs = Math.min(toMs, Math.max(nowMs, fromMs + 1));
  if (widthMs < hourMs || timezone === "UTC") {
    const firstMs = floor(fromMs, widthMs);
    const lastMs = floor(untilMs - 1, widthMs);
    const offsets = [{ sinceMs: 0, offsetMs: 0 }];
    return { widthMs, offsets, isByOffset: false, starts: undefined, firstMs, lastMs };
  }
  const isByOffset = widthMs === hourMs;
  // From well before, so that the first bucket is known from its start.
  const spans = createZone(timezone).spans(fromMs - 2 * dayMs, toMs);
  const starts = new Map<number, number>();
  for (const { startMs, endMs, offsetMs } of spans) {
    const last = Math.floor((endMs - 1 + offsetMs) / widthMs);
    for (let key = Math.floor((startMs + offsetMs) / widthMs); key <= last; key++) {
      const bucketMs = key * widthMs - offsetMs;
      const name = isByOffset ? bucketMs : key;
      // A day that the clocks go back into began before they did.
      if (!starts.has(name)) starts.set(name, isByOffset ? bucketMs : Math.max(bucketMs, startMs));
    }
  }
  const inOrder = [...starts].sort(([, a], [, b]) => a - b);
  const firstIndex = inOrder.findLastIndex(([, startMs]) => startMs <= fromMs);
  const wanted = inOrder.slice(Math.max(0, firstIndex));
  return {
    widthMs,
    offsets: spans.map(({ startMs, offsetMs }) => ({ sinceMs: startMs, offsetMs })),
    isByOffset,
    starts: wanted,
    firstMs: wanted[0]?.[1] ?? fromMs,
    lastMs: wanted.findLast(([, startMs]) => startMs < untilMs)?.[1] ?? fromMs,
  };
}

/** How many buckets of a width a range touches at most. */
export function countBuckets(fromMs: number, toMs: number, width: Width): number {
  const widthMs = widths[width];
  return Math.floor((toMs - 1) / widthMs) - Math.floor(fromMs / widthMs) + 1;
}

/** The finest width with which a range has so many buckets at most; undefined: none has. */
export function widthFor(fromMs: number, toMs: number, pointsMax: number): Width | undefined {
  return widthNames.find((width) => countBuckets(fromMs, toMs, width) <= pointsMax);
}

export const widthNames = Object.keys(widths) as readonly Width[];

function floor(timeMs: number, widthMs: number): number {
  return Math.floor(timeMs / widthMs) * widthMs;
}
