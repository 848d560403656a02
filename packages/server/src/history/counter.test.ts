import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { counterIncreaseWh, energyAboveWh } from "./counter.ts";

const secondMs = 1_000;
const hourMs = 3_600_000;

describe("what came between two values of a counter", () => {
  const rows: readonly [name: string, from: number, to: number, overMs: number, Wh: number][] = [
    ["growth counts", 5_000_000, 5_000_250.5, hourMs, 250.5],
    ["a counter that stands still adds nothing", 5_000_000, 5_000_000, hourMs, 0],
    ["jitter is taken off again, so that it adds up to nothing", 1_000, 999.5, secondMs, -0.5],
    ["a restart counts from 0", 5_000_000, 120, hourMs, 120],
    ["a restart that was read at 0 adds nothing", 5_000_000, 0, secondMs, 0],
    [
      "a device that went back to what it had saved adds nothing",
      5_000_000,
      4_997_000,
      secondMs,
      0,
    ],
    ["a young one that did so adds nothing either", 50_000, 48_500, secondMs, 0],
    ["back from a stumble to 0: more than any power could bring", 0, 5_000_000, 10 * secondMs, 0],
    ["a replaced meter that has counted before adds nothing", 9e7, 4e7, 60 * secondMs, 0],
    ["a big site's megawatts count", 0, 9_000_000, hourMs, 9_000_000],
  ];
  for (const [name, from, to, overMs, Wh] of rows) {
    it(name, () => assert.equal(counterIncreaseWh(from, to, overMs), Wh));
  }
});

describe("energy above 0 of a power that changes evenly", () => {
  it("is the area under the line", () => {
    assert.equal(energyAboveWh(100, 300, hourMs), 200);
    assert.equal(energyAboveWh(-100, -300, hourMs), 0);
    assert.equal(energyAboveWh(0, 0, hourMs), 0);
  });

  it("is a triangle where the power crosses 0, and the other one is below", () => {
    assert.equal(energyAboveWh(-100, 300, hourMs), 112.5);
    assert.equal(energyAboveWh(100, -300, hourMs), 12.5);
  });
});
