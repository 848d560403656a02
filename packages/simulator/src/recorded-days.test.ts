import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRecordedDays, readRecordedDays } from "./recorded-days.ts";

test("the shipped recording is a fortnight of half hours", () => {
  const { consumptionW, generationW } = readRecordedDays();
  assert.equal(consumptionW.length, 14 * 48);
  assert.equal(generationW.length, 14 * 48);
});

test("kW become W", () => {
  const csv = `time,c,g\n${"2011-09-12 00:00:00,0.532,0.25\n".repeat(48)}`;
  const { consumptionW, generationW } = parseRecordedDays(csv);
  assert.equal(consumptionW[0], 532);
  assert.equal(generationW[47], 250);
});

test("a broken line is refused with its number", () => {
  assert.throws(() => parseRecordedDays("time,c,g\n2011-09-12 00:00:00,0.5,-1\n"), /line 2/);
  assert.throws(() => parseRecordedDays("time,c,g\n2011-09-12 00:00:00,0.5\n"), /line 2/);
});

test("broken days are refused", () => {
  const csv = "time,c,g\n2011-09-12 00:00:00,0.5,0.1\n";
  assert.throws(() => parseRecordedDays(csv), /1 half hours/);
});
