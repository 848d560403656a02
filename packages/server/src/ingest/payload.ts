import { limits } from "../limits.ts";
import type { CanonicalReading } from "./normalise.ts";
import type { Target } from "./resolve-target.ts";

/** The reading as consumers get it: `received_at` is its last member. */
export function payloadOf(reading: CanonicalReading, target: Target, receivedAtMs: number): Buffer {
  const isLate = receivedAtMs - reading.timestampMs > limits.backfilledAfterMs;
  const mark = isLate ? ',"backfilled":true' : "";
  return Buffer.from(`${reading.json}${mark}${target.origin}${receivedAtMs}}`);
}
