import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { halfHourPowersW } from "./half-hour.ts";
import { halfHourSeconds } from "./recorded-days.ts";

const means = fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), {
  minLength: 1,
  maxLength: 5,
});
const texture = { seed: 7, amplitude: 0.3, periodSeconds: 20 };

test("any half hour keeps its mean and is never negative", () => {
  fc.assert(
    fc.property(means, (meansW) => {
      for (const [index, mean] of meansW.entries()) {
        const powersW = halfHourPowersW(meansW, index, texture);
        const sum = powersW.reduce((total, power) => total + power, 0);
        assert.ok(Math.abs(sum / halfHourSeconds - mean) <= 1e-9 * Math.max(1, mean));
        assert.ok(powersW.every((power) => power >= 0));
      }
    }),
  );
});

test("half hours join without a step", () => {
  const meansW = [500, 700, 400, 0, 300];
  for (let index = 0; index < meansW.length; index++) {
    const end = halfHourPowersW(meansW, index, texture).at(-1) ?? Number.NaN;
    const start = halfHourPowersW(meansW, (index + 1) % meansW.length, texture)[0] ?? Number.NaN;
    assert.ok(Math.abs(end - start) < 10, `after ${index}: ${end} to ${start}`);
  }
});
