import assert from "node:assert/strict";
import { test } from "node:test";
import { countBuckets, planBuckets, widthFor } from "./range-buckets.ts";
import type { Width } from "./range-wish.ts";

const hour = 3_600_000;

function startsOf(from: string, to: string, width: Width, timezone: string): string[] {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  const { starts } = planBuckets({ fromMs, toMs, width, timezone, nowMs: toMs });
  return (starts ?? []).map(([, startMs]) => new Date(startMs).toISOString().slice(5, 16));
}

test("days are those of the clocks there: 23 hours in spring, 25 in autumn", () => {
  const spring = ["2026-03-28T12:00Z", "2026-03-31T00:00Z", "1d", "Europe/Stockholm"] as const;
  assert.deepEqual(startsOf(...spring), [
    ...["03-27T23:00", "03-28T23:00", "03-29T22:00", "03-30T22:00"],
  ]);
  const autumn = ["2026-10-24T22:00Z", "2026-10-26T23:00Z", "1d", "Europe/Stockholm"] as const;
  assert.deepEqual(startsOf(...autumn), ["10-24T22:00", "10-25T23:00"]);
});

test("the hour that clocks show twice is two, and a stretch of hours around it is longer", () => {
  const night = ["2026-10-24T23:00Z", "2026-10-25T05:00Z"] as const;
  assert.deepEqual(startsOf(...night, "1h", "Europe/Stockholm"), [
    ...["10-24T23:00", "10-25T00:00", "10-25T01:00", "10-25T02:00", "10-25T03:00", "10-25T04:00"],
  ]);
  // From 0 to 3 by the clocks there are four hours.
  assert.deepEqual(startsOf(...night, "3h", "Europe/Stockholm"), ["10-24T22:00", "10-25T02:00"]);
});

test("a day that begins at one, as its midnight is left out, begins then", () => {
  // Clocks in Beirut go forward at midnight.
  const days = startsOf("2026-03-28T12:00Z", "2026-03-30T12:00Z", "1d", "Asia/Beirut");
  assert.deepEqual(days, ["03-27T22:00", "03-28T22:00", "03-29T21:00"]);
});

test("hours of zones that are off by half an hour begin there", () => {
  const hours = startsOf("2026-06-01T00:00Z", "2026-06-01T02:00Z", "1h", "Asia/Kolkata");
  assert.deepEqual(hours, ["05-31T23:30", "06-01T00:30", "06-01T01:30"]);
});

test("what has not been yet is not filled", () => {
  const [fromMs, toMs, nowMs] = [0, 100 * hour, 10 * hour + 1];
  const minutes = planBuckets({ fromMs, toMs, width: "30m", timezone: "UTC", nowMs });
  assert.deepEqual([minutes.firstMs, minutes.lastMs], [0, 10 * hour]);
  const local = planBuckets({ fromMs, toMs, width: "1h", timezone: "Europe/Stockholm", nowMs });
  assert.equal(local.lastMs, 10 * hour);
});

test("auto takes the finest that has no more points than wanted", () => {
  assert.equal(widthFor(0, 7 * 24 * hour, 1_000), "15m");
  assert.equal(widthFor(0, 7 * 24 * hour, 7), "1d");
  assert.equal(widthFor(1, 7 * 24 * hour + 1, 7), undefined, "it touches eight days");
  assert.equal(widthFor(0, 1_000, 1), "1s");
  assert.equal(countBuckets(500, 1_500, "1s"), 2);
});
