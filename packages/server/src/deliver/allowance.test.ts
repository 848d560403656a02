import assert from "node:assert/strict";
import { test } from "node:test";
import { Allowance } from "./allowance.ts";

/** How many of so many tries get through at one moment. */
function taken(allowance: Allowance, tries: number, nowMs: number): number {
  return Array.from({ length: tries }, () => allowance.take(nowMs)).filter(Boolean).length;
}

test("so many at once, then so many a second", () => {
  const allowance = new Allowance(10, 2, 0);
  assert.equal(taken(allowance, 20, 0), 10);
  assert.equal(taken(allowance, 20, 499), 0);
  assert.equal(taken(allowance, 20, 500), 1);
  assert.equal(taken(allowance, 20, 3_000), 5);
});

test("a long pause gives back what may come at once, and no more", () => {
  const allowance = new Allowance(10, 2, 0);
  assert.equal(taken(allowance, 20, 0), 10);
  assert.equal(taken(allowance, 50, 1e9), 10);
});

test("steady use within the rate is never refused", () => {
  const allowance = new Allowance(5, 10, 0);
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 100) assert.ok(allowance.take(nowMs));
});

test("a clock that is set back neither gives nor takes", () => {
  const allowance = new Allowance(2, 1, 10_000);
  assert.equal(taken(allowance, 5, 10_000), 2);
  assert.equal(taken(allowance, 5, 0), 0);
  assert.equal(taken(allowance, 5, 1_000), 1);
});
