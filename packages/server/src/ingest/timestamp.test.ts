import assert from "node:assert/strict";
import { test } from "node:test";
import { readTime } from "./timestamp.ts";

const ms = Date.UTC(2024, 1, 29, 12, 30, 15, 123);

const rows: readonly (readonly [unknown, number | undefined])[] = [
  [ms, ms],
  [Math.floor(ms / 1000), ms - 123],
  [ms / 1000, ms],
  ["2024-02-29T12:30:15.123Z", ms],
  ["2024-02-29T12:30:15.123456789Z", ms],
  ["2024-02-29t12:30:15.123z", ms],
  ["2024-02-29 12:30:15.123Z", ms],
  ["2024-02-29T14:00:15.123+01:30", ms],
  ["2024-02-29T12:30:15", undefined],
  ["2024-02-30T12:30:61Z", undefined],
  ["Thu, 29 Feb 2024 12:30:15 GMT", undefined],
  ["1709209815", undefined],
  ["", undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [true, undefined],
  [[ms], undefined],
];

for (const [value, expected] of rows) {
  test(`${JSON.stringify(value)} is ${expected ?? "no instant"}`, () => {
    assert.equal(readTime(value)?.ms, expected);
  });
}
