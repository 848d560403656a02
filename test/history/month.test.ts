import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readingSchemas } from "@novacore/protocol";
import { Value } from "typebox/value";
import { generateMonth } from "./month.ts";
import { collectTruth, evenStretches, localDays } from "./truth.ts";

const month = generateMonth({ seed: 2, homes: 4, intervalMs: 300_000 });
const readings = [...month.readings()];

describe("a generated month", () => {
  it("is the same for the same seed, and another for another one", () => {
    assert.deepEqual([...month.readings()], readings);
    const other = generateMonth({ seed: 3, homes: 4, intervalMs: 300_000 });
    assert.notDeepEqual(other.readings().next(), month.readings().next());
  });

  it("has readings in canonical form, in the order of arrival", () => {
    for (const { reading, type } of readings) {
      assert.equal(reading.type, type);
      assert.ok(Value.Check(readingSchemas[type], reading), JSON.stringify(reading));
    }
    const arrivals = readings.map(({ arrivalMs }) => arrivalMs);
    assert.deepEqual(
      arrivals,
      arrivals.toSorted((a, b) => a - b),
    );
    assert.ok(readings.every(({ reading, arrivalMs }) => arrivalMs > reading.timestamp));
  });

  it("has everything that goes wrong in a month", () => {
    const lateMs = readings.map(({ reading, arrivalMs }) => arrivalMs - reading.timestamp);
    assert.ok(
      lateMs.some((ms) => ms > 2 * 86_400_000),
      "nothing is days late",
    );
    const duplicates = readings.filter(({ kind }) => kind === "duplicate");
    assert.ok(duplicates.length > 100);
    const ofHome = Map.groupBy(readings, ({ derId, reading: { timestamp } }) =>
      [derId, timestamp].join(),
    );
    const others = duplicates.filter(({ derId, reading }) => {
      const [first] = ofHome.get([derId, reading.timestamp].join()) ?? [];
      return first !== undefined && first.reading.W !== reading.W;
    });
    assert.ok(others.length > 5, "no duplicate has other values");
    const restarts = [...collectTruth(readings)].filter(([, der]) =>
      ["total_generation_Wh", "total_import_Wh", "total_charge_Wh"].some((member) => {
        const values = [...der.series(member, { startMs: 0, endMs: Infinity })];
        return values.some(([, Wh], row) => Wh < (values[row - 1]?.[1] ?? 0));
      }),
    );
    assert.ok(restarts.length > 2, "hardly a counter restarts");
    assert.ok(month.homes.every(({ outages }) => outages.some(({ kind }) => kind === "lost")));
  });

  it("has the hour in it that the clocks leave out", () => {
    const days = localDays(month);
    assert.equal(days.length, 31);
    const hours = days.map(({ startMs, endMs }) => (endMs - startMs) / 3_600_000);
    assert.deepEqual([hours.indexOf(23), hours.filter((each) => each === 24).length], [28, 30]);
  });
});

describe("the truth about a month", () => {
  it("takes what came first, and gives each stretch its mean, ends and extremes", () => {
    const at = (timestamp: number, W: number) => ({
      ...{ home: 0, derId: "a", type: "meter" as const, arrivalMs: 0, kind: "fresh" as const },
      reading: { type: "meter" as const, timestamp, W },
    });
    const truth = collectTruth([at(5, 4), at(1, -2), at(5, 99), at(9, 10), at(12, 1)]).get("a");
    const stretches = evenStretches({ startMs: 0, endMs: 20 }, 10);
    assert.deepEqual(truth?.aggregates("W", stretches), [
      { startMs: 0, endMs: 10, count: 3, mean: 4, min: -2, max: 10, first: -2, last: 10 },
      { startMs: 10, endMs: 20, count: 1, mean: 1, min: 1, max: 1, first: 1, last: 1 },
    ]);
    assert.deepEqual([truth?.members, truth?.count], [["W"], 4]);
    assert.deepEqual(truth?.aggregates("V", stretches), []);
  });
});
