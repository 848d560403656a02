import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { battery, batteryPowerW, socAfterSecond } from "./battery.ts";

const input = fc.record({
  socFraction: fc.double({ min: battery.reserveFraction, max: 1, noNaN: true }),
  loadW: fc.double({ min: 0, max: 20_000, noNaN: true }),
  generationW: fc.double({ min: 0, max: 20_000, noNaN: true }),
  hourOfDay: fc.double({ min: 0, max: 24, maxExcluded: true, noNaN: true }),
});

test("power stays within the rating and the state of charge within reserve and full", () => {
  fc.assert(
    fc.property(input, (situation) => {
      const powerW = batteryPowerW(situation);
      assert.ok(Math.abs(powerW) <= battery.ratedW);
      const { socFraction } = situation;
      const stored = powerW >= 0 ? powerW * battery.efficiency : powerW / battery.efficiency;
      const unclamped = socFraction + stored / 3600 / battery.capacityWh;
      // The power itself keeps the bounds; clamping only removes what rounding adds.
      assert.ok(Math.abs(socAfterSecond(socFraction, powerW) - unclamped) < 1e-12);
    }),
  );
});

test("surplus is charged, whatever the hour", () => {
  for (let hourOfDay = 0; hourOfDay < 24; hourOfDay++) {
    const powerW = batteryPowerW({ socFraction: 0.9, loadW: 300, generationW: 900, hourOfDay });
    assert.equal(powerW, 600);
  }
});

test("the house is carried while energy is dear, and not at other times", () => {
  const evening = { socFraction: 0.9, loadW: 800, generationW: 100, hourOfDay: 18 };
  assert.equal(batteryPowerW(evening), -700);
  assert.equal(batteryPowerW({ ...evening, hourOfDay: 9 }), 0);
});

test("an empty battery gives nothing and a full one takes nothing", () => {
  const empty = { socFraction: 0.05, loadW: 800, generationW: 0, hourOfDay: 18 };
  const full = { socFraction: 1, loadW: 0, generationW: 800, hourOfDay: 12 };
  assert.equal(Math.abs(batteryPowerW(empty)), 0);
  assert.equal(batteryPowerW(full), 0);
});

test("the nightly top-up ends exactly at its mark", () => {
  let socFraction = 0.7999;
  for (let second = 0; second < 60; second++) {
    const powerW = batteryPowerW({ socFraction, loadW: 400, generationW: 0, hourOfDay: 2 });
    socFraction = socAfterSecond(socFraction, powerW);
  }
  assert.ok(Math.abs(socFraction - battery.topUpFraction) < 1e-9);
});
