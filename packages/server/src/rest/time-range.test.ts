import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NovacoreError } from "@novacore/protocol";
import { readTimeRange } from "./time-range.ts";

const nowMs = Date.parse("2026-11-24T12:00:00Z");
const options = { nowMs, timezone: "Europe/Stockholm", rangeMsMax: 400 * 86_400_000 };

const read = (from: string, to?: string) =>
  readTimeRange(to === undefined ? { from } : { from, to }, options);

function faultsOf(from: string, to?: string): string[] {
  try {
    read(from, to);
  } catch (error) {
    assert.ok(error instanceof NovacoreError && error.code === "validation_failed");
    return error.details.map(({ path, message }) => `${path} ${message}`);
  }
  return [];
}

describe("a time range", () => {
  it("is read in every form that times have", () => {
    const fromMs = Date.parse("2026-10-24T22:00:00Z");
    const forms = [
      `${fromMs}`,
      "2026-10-24T22:00:00Z",
      "2026-10-24T22:00Z",
      "2026-10-25T00:00:00.000+02:00",
      "2026-10-25T00:00:00 02:00",
      "2026-10-25",
    ];
    for (const form of forms) {
      assert.deepEqual(read(form, "2026-10-26"), { fromMs, toMs: fromMs + 25 * 3_600_000 }, form);
    }
  });

  it("ends now when it does not say where", () => {
    assert.equal(read("2026-11-01").toMs, nowMs);
  });

  it("is refused with the path and value of everything that is wrong", () => {
    const form = "must be epoch milliseconds or an ISO-8601 time such as 2026-01-31T12:00:00Z";
    const wrong = ["", "yesterday", "2026-02-30", "-5", "1e3", "NaN", "2026-10-25T00:00:00"];
    wrong.push("2026-10-25T25:00:00Z", "9007199254740993", "253402300800000", "1' or '1'='1");
    for (const text of wrong) {
      const told = `${form}, until the year 9999, not ${JSON.stringify(text)}`;
      assert.deepEqual(faultsOf(text, text), [`/from ${told}`, `/to ${told}`], text);
    }
  });

  it("in epoch seconds is refused, and told when that would be", () => {
    assert.deepEqual(faultsOf("1764201600", "2026-10-26"), [
      "/from must be epoch milliseconds; 1764201600 looks like seconds, of 2025-11-27T00:00:00.000Z",
    ]);
    assert.equal(read("946684800000", "946684800001").fromMs, 946_684_800_000);
  });

  it("is refused where it ends before it begins", () => {
    assert.deepEqual(faultsOf("2026-10-25", "2026-10-25"), [
      '/to must be later than from (2026-10-24T22:00:00.000Z), not "2026-10-25"',
    ]);
    assert.deepEqual(faultsOf("2026-12-01"), [
      '/from must be in the past where to is not given, not "2026-12-01"',
    ]);
  });

  it("is refused where it is too long", () => {
    assert.deepEqual(faultsOf("2016-01-01", "2026-01-01"), [
      "/from 2015-12-31T23:00:00.000Z to 2025-12-31T23:00:00.000Z is 3653 days, longer than the 400 days allowed here",
    ]);
  });
});
