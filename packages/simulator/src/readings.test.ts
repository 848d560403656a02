import assert from "node:assert/strict";
import { test } from "node:test";
import { readingSchemas } from "@novacore/protocol";
import fc from "fast-check";
import { Check } from "typebox/value";
import { createHome, homeEpochMs } from "./home.ts";
import { homeDevices } from "./readings.ts";
import { daySeconds } from "./recorded-days.ts";

const home = createHome();
const anyTimeMs = fc
  .integer({ min: 0, max: 60 * daySeconds * 1000 })
  .map((offset) => homeEpochMs + offset);
const readAll = (timeMs: number) => homeDevices.map(({ read }) => read(home.at(timeMs), timeMs));

test("every reading is in canonical form", () => {
  fc.assert(
    fc.property(anyTimeMs, (timeMs) => {
      for (const reading of readAll(timeMs)) {
        assert.ok(Check(readingSchemas[reading.type], reading), JSON.stringify(reading));
        assert.equal(reading.timestamp, timeMs);
      }
    }),
  );
});

test("the home has a solar plant, a battery, a meter and a charger", () => {
  assert.deepEqual(
    readAll(homeEpochMs).map(({ type }) => type),
    ["pv", "battery", "meter", "ev_charger"],
  );
});

test("the published powers leave the house's own consumption, which is never negative", () => {
  fc.assert(
    fc.property(anyTimeMs, (timeMs) => {
      const powerW = Object.fromEntries(readAll(timeMs).map(({ type, W = 0 }) => [type, W]));
      const { pv = 0, battery = 0, meter = 0, ev_charger: ev = 0 } = powerW;
      const houseW = meter - pv - battery - ev;
      assert.ok(Math.abs(houseW - home.at(timeMs).loadW) < 0.21, "each is rounded to 0.1 W");
      assert.ok(houseW > -0.21);
    }),
  );
});

test("the meter's phases add up to its power", () => {
  fc.assert(
    fc.property(anyTimeMs, (timeMs) => {
      const meter = readAll(timeMs).find((reading) => reading.type === "meter");
      assert.ok(meter?.type === "meter");
      const { W = 0, L1_W = 0, L2_W = 0, L3_W = 0 } = meter;
      assert.ok(Math.abs(L1_W + L2_W + L3_W - W) < 1e-6);
    }),
  );
});
