import assert from "node:assert/strict";
import { test } from "node:test";
import { createPace } from "./pace.ts";

test("at 60 an hour of the home passes in a minute", () => {
  const pace = createPace(60, 1_000_000, 500);
  assert.equal(pace.homeTimeMs(500), 1_000_000);
  assert.equal(pace.homeTimeMs(500 + 60_000), 1_000_000 + 3_600_000);
  assert.equal(pace.waitMs(1_000_000 + 3_600_000, 500), 60_000);
});

test("what is overdue is not waited for", () => {
  assert.equal(createPace(1, 0, 0).waitMs(5_000, 6_000), 0);
});

test("having waited, it is time", () => {
  for (const speed of [0.3, 1, 7, 60, 1_234.5]) {
    const pace = createPace(speed, 10_000, 777);
    for (let timeMs = 10_000; timeMs < 10_200; timeMs += 13) {
      assert.ok(pace.homeTimeMs(777 + pace.waitMs(timeMs, 777)) >= timeMs - 1e-6);
    }
  }
});

test("at max everything is due", () => {
  const pace = createPace("max", 0, 0);
  assert.equal(pace.homeTimeMs(1), Infinity);
  assert.equal(pace.waitMs(1e15, 1), 0);
});
