import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createHome, createHomes, type HomeState, homeEpochMs } from "./home.ts";
import { daySeconds, halfHourSeconds, readRecordedDays } from "./recorded-days.ts";

const days = readRecordedDays();
const cycleSeconds = days.consumptionW.length * halfHourSeconds;
const home = createHome({ days });
const at = (second: number) => home.at(homeEpochMs + second * 1000);
const anySecond = fc.integer({ min: 0, max: 5 * cycleSeconds });

const counters = [
  "generationWh",
  "importWh",
  "exportWh",
  "chargeWh",
  "dischargeWh",
  "evChargeWh",
] as const;

test("the powers of every second balance to zero", () => {
  fc.assert(
    fc.property(anySecond, (second) => {
      const { meterW, loadW, pvW, batteryW, evW } = at(second);
      assert.ok(Math.abs(loadW + pvW + batteryW + evW - meterW) < 1e-6);
      assert.ok(pvW <= 0 && loadW >= 0 && evW >= 0);
    }),
  );
});

test("counters never go back, across the end of the recording too", () => {
  const step = fc.integer({ min: 0, max: 2 * cycleSeconds });
  fc.assert(
    fc.property(anySecond, step, (second, later) => {
      const before = at(second);
      const after = at(second + later);
      for (const counter of counters) {
        // Sums over years in another order: equal to a millionth of a watt-hour.
        assert.ok(after[counter] - before[counter] > -1e-6, counter);
      }
    }),
  );
});

test("counters are the integral of the powers", () => {
  for (const start of [0, 15 * 3600, cycleSeconds - 1800, 3 * cycleSeconds + 12 * 3600]) {
    const sums = { generationWh: 0, importWh: 0, exportWh: 0, chargeWh: 0, dischargeWh: 0 };
    const first = at(start);
    let last: HomeState = first;
    for (let second = start + 1; second <= start + 3600; second++) {
      last = at(second);
      sums.generationWh -= last.pvW / 3600;
      sums.importWh += Math.max(0, last.meterW) / 3600;
      sums.exportWh += Math.max(0, -last.meterW) / 3600;
      sums.chargeWh += Math.max(0, last.batteryW) / 3600;
      sums.dischargeWh += Math.max(0, -last.batteryW) / 3600;
    }
    for (const [counter, sum] of Object.entries(sums)) {
      const grown = last[counter as keyof typeof sums] - first[counter as keyof typeof sums];
      assert.ok(Math.abs(grown - sum) < 1e-3, `${counter} grew ${grown}, powers say ${sum}`);
    }
  }
});

test("every half hour has the recorded mean", () => {
  for (let halfHour = 0; halfHour < days.consumptionW.length; halfHour++) {
    let loadSum = 0;
    let generationSum = 0;
    for (let second = 0; second < halfHourSeconds; second++) {
      const { loadW, pvW } = at(halfHour * halfHourSeconds + second);
      loadSum += loadW;
      generationSum -= pvW;
    }
    const expected = [days.consumptionW[halfHour], days.generationW[halfHour]];
    const means = [loadSum / halfHourSeconds, generationSum / halfHourSeconds];
    for (const [index, mean] of means.entries()) {
      assert.ok(Math.abs(mean - (expected[index] ?? Number.NaN)) < 1e-6, `half hour ${halfHour}`);
    }
  }
});

test("the battery stays between its reserve and full, and is never asked for more than it has", () => {
  fc.assert(
    fc.property(anySecond, (second) => {
      const { socFraction, batteryW } = at(second);
      assert.ok(socFraction >= 0.05 && socFraction <= 1);
      assert.ok(Math.abs(batteryW) <= 3_300);
    }),
  );
});

test("the end of the recording joins its beginning without a jump of the battery", () => {
  const before = at(cycleSeconds - 1);
  const after = at(cycleSeconds);
  assert.ok(Math.abs(after.socFraction - before.socFraction) < 1e-4);
});

test("the same seed is the same home, in whatever order it is asked", () => {
  const other = createHome({ days });
  fc.assert(
    fc.property(fc.array(anySecond, { minLength: 1, maxLength: 8 }), (seconds) => {
      const forwards = seconds.map((second) => at(second));
      const backwards = seconds
        .toReversed()
        .map((second) => other.at(homeEpochMs + second * 1000))
        .toReversed();
      assert.deepEqual(forwards, backwards);
    }),
  );
});

test("another seed is another home with the same recorded means", () => {
  const other = createHome({ days, seed: 2 });
  const noon = homeEpochMs + 12 * 3600 * 1000;
  assert.notEqual(other.at(noon).loadW, home.at(noon).loadW);
});

test("the offset shifts the day: noon in one home is morning in another", () => {
  const eastern = createHome({ days, utcOffsetHours: 10 });
  assert.deepEqual(
    eastern.at(homeEpochMs + 2 * 3600 * 1000).pvW,
    home.at(homeEpochMs + 12 * 3600 * 1000).pvW,
  );
});

test("on every afternoon the car charges and the battery is in use", () => {
  for (let day = 0; day < 14; day++) {
    const { evW, batteryW } = at(day * daySeconds + 16 * 3600);
    assert.ok(evW > 0, `car on day ${day}`);
    assert.notEqual(batteryW, 0, `battery on day ${day}`);
  }
});

test("a time before the home was switched on is refused", () => {
  assert.throws(() => home.at(homeEpochMs - 1), RangeError);
});

test("no two of many homes have the same day, and their counters grow as well", () => {
  const homes = [...createHomes(16, 1)];
  assert.equal(homes.length, 16);
  const evening = homeEpochMs + 19 * 3600 * 1000;
  assert.equal(new Set(homes.map((each) => each.at(evening).loadW)).size, 16);
  assert.deepEqual(homes[0]?.at(evening), home.at(evening), "the first is the home of that seed");
  for (const each of homes) {
    const before = each.at(evening);
    const after = each.at(evening + 86_400_000);
    for (const counter of counters) assert.ok(after[counter] >= before[counter], counter);
    assert.equal(before.hourOfDay, 19);
  }
});
