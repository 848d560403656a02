import assert from "node:assert/strict";
import { test } from "node:test";
import { decimal, duration, oneOf, pastTime, timeOrDate, wholeNumber } from "./readers.ts";

test("numbers are read whole or not at all, within their range", () => {
  assert.equal(wholeNumber(1, 10)("7"), 7);
  assert.equal(decimal(-90, 90)("-33.8"), -33.8);
  for (const text of ["0", "11", "1.5", "1e1", "0x1", " 1", "", "one"]) {
    assert.throws(() => wholeNumber(1, 10)(text), /whole number from 1 to 10/, text);
  }
});

test("a choice is one of those that there are, and a near one is named", () => {
  assert.equal(oneOf(["admin", "viewer"])("viewer"), "viewer");
  assert.throws(
    () => oneOf(["admin", "viewer"])("veiwer"),
    /admin, viewer\. Did you mean viewer\?/,
  );
});

test("a time is a length before now, ISO-8601, or epoch milliseconds", () => {
  const nowMs = Date.UTC(2026, 5, 1);
  const read = pastTime(() => nowMs);
  assert.equal(read("10m"), nowMs - 600_000);
  assert.equal(read("3d"), nowMs - 3 * 86_400_000);
  assert.equal(read("2026-05-31T23:00:00Z"), nowMs - 3_600_000);
  assert.equal(read("1767225600123"), 1767225600123);
  for (const text of ["yesterday", "10", "10 m", "10y", "-5m", "2026", "2026-13-01", ""]) {
    assert.throws(() => read(text), /10m, 2h or 3d/, text);
  }
});

test("a length of time has a unit, and is within its bounds", () => {
  const read = duration(1_000, 3_600_000);
  assert.equal(read("30s"), 30_000);
  assert.equal(read("1h"), 3_600_000);
  for (const text of ["30", "-1s", "1.5m", "s", ""]) {
    assert.throws(() => read(text), /length of time/, text);
  }
  for (const text of ["0s", "2h"]) assert.throws(() => read(text), /1s to 3600s/, text);
});

test("a date alone is left to the hub, which knows where the site is", () => {
  const read = timeOrDate(() => Date.UTC(2026, 5, 1));
  assert.equal(read("2026-05-31"), "2026-05-31");
  assert.equal(read("1d"), Date.UTC(2026, 4, 31));
  assert.throws(() => read("2026-13-01"));
});
