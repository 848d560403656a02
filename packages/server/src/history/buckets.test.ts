import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bucketsOf, type Resolution } from "./buckets.ts";
import { createZone } from "./zone.ts";

const stockholm = "Europe/Stockholm";

/** Starts and lengths in minutes. */
function show(from: string, to: string, resolution: Resolution, timezone = stockholm): string[] {
  const zone = createZone(timezone);
  return bucketsOf(Date.parse(from), Date.parse(to), resolution, timezone).map(
    ({ startMs, endMs }) => `${zone.format(startMs)} ${(endMs - startMs) / 60_000}`,
  );
}

describe("buckets", () => {
  it("are whole, and all that share a moment with the range", () => {
    assert.deepEqual(show("2026-06-01T10:07:00Z", "2026-06-01T10:30:00Z", "15m"), [
      "2026-06-01T12:00:00+02:00 15",
      "2026-06-01T12:15:00+02:00 15",
    ]);
    assert.deepEqual(show("2026-06-01T22:00:00Z", "2026-06-02T22:00:00Z", "1d"), [
      "2026-06-02T00:00:00+02:00 1440",
    ]);
    assert.deepEqual(show("2026-06-02T21:59:59.999Z", "2026-06-02T22:00:00.001Z", "1d"), [
      "2026-06-02T00:00:00+02:00 1440",
      "2026-06-03T00:00:00+02:00 1440",
    ]);
  });

  it("have days of 23 and 25 hours where the clocks are changed", () => {
    assert.deepEqual(show("2026-03-28T23:00:00Z", "2026-03-30T00:00:00Z", "1d"), [
      "2026-03-29T00:00:00+01:00 1380",
      "2026-03-30T00:00:00+02:00 1440",
    ]);
    assert.deepEqual(show("2026-10-24T22:00:00Z", "2026-10-25T12:00:00Z", "1d"), [
      "2026-10-25T00:00:00+02:00 1500",
    ]);
  });

  it("have two hours for the one that the clocks go through twice", () => {
    assert.deepEqual(show("2026-10-25T00:00:00Z", "2026-10-25T02:30:00Z", "1h"), [
      "2026-10-25T02:00:00+02:00 60",
      "2026-10-25T02:00:00+01:00 60",
      "2026-10-25T03:00:00+01:00 60",
    ]);
  });

  it("are months of the zone", () => {
    assert.deepEqual(show("2026-02-28T22:30:00Z", "2026-03-31T22:30:00Z", "1mo"), [
      "2026-02-01T00:00:00+01:00 40320",
      "2026-03-01T00:00:00+01:00 44580",
      "2026-04-01T00:00:00+02:00 43200",
    ]);
  });

  it("are at half and quarter hours of UTC where the zone is", () => {
    const [from, to] = ["2026-06-01T10:00:00Z", "2026-06-01T10:10:00Z"];
    assert.deepEqual(show(from, to, "1h", "Asia/Kathmandu"), ["2026-06-01T15:00:00+05:45 60"]);
    assert.deepEqual(show(from, to, "1d", "Asia/Kolkata"), ["2026-06-01T00:00:00+05:30 1440"]);
    // Lord Howe's clocks are changed by half an hour, in the middle of the night.
    const change = ["2026-04-04T14:00:00Z", "2026-04-04T16:00:00Z"] as const;
    assert.deepEqual(show(...change, "1h", "Australia/Lord_Howe"), [
      "2026-04-05T01:00:00+11:00 60",
      "2026-04-05T01:30:00+10:30 30",
      "2026-04-05T02:00:00+10:30 60",
    ]);
  });

  it("begin a day without midnight at its first moment", () => {
    // Egypt's clocks go from 24:00 to 01:00.
    assert.deepEqual(show("2026-04-24T10:00:00Z", "2026-04-24T11:00:00Z", "1d", "Africa/Cairo"), [
      "2026-04-24T01:00:00+03:00 1380",
    ]);
  });
});

describe("the start of a day", () => {
  it("is where the zone has it", () => {
    const start = (date: string, timezone: string) => {
      const startMs = createZone(timezone).startOfDay(date);
      return startMs === undefined ? undefined : new Date(startMs).toISOString();
    };
    assert.equal(start("2026-10-25", stockholm), "2026-10-24T22:00:00.000Z");
    assert.equal(start("2026-10-26", stockholm), "2026-10-25T23:00:00.000Z");
    assert.equal(start("2026-04-24", "Africa/Cairo"), "2026-04-23T22:00:00.000Z");
    assert.equal(start("2026-01-01", "Pacific/Kiritimati"), "2025-12-31T10:00:00.000Z");
    assert.equal(start("2026-01-01", "Etc/GMT+12"), "2026-01-01T12:00:00.000Z");
    assert.equal(start("2026-01-01", "UTC"), "2026-01-01T00:00:00.000Z");
    assert.equal(start("2026-02-30", stockholm), undefined);
    assert.equal(start("2026-13-01", stockholm), undefined);
  });
});
