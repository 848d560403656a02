import assert from "node:assert/strict";
import { test } from "node:test";
import { Reorder } from "./reorder.ts";

const times = (items: readonly { readonly timestamp: number }[]) =>
  items.map(({ timestamp }) => timestamp);

test("what comes within the window comes in the order of its timestamps", () => {
  const reorder = new Reorder(100, 10);
  for (const [index, timestamp] of [3, 1, 2].entries()) reorder.add({ timestamp }, index);
  assert.deepEqual(times(reorder.release(99)), []);
  assert.equal(reorder.dueMs, 100);
  assert.deepEqual(times(reorder.release(100)), [1, 2, 3], "what is older goes with it");
  assert.equal(reorder.dueMs, Number.POSITIVE_INFINITY);
});

test("what comes after the window is late, and not lost", () => {
  const reorder = new Reorder(100, 10);
  reorder.add({ timestamp: 5 }, 0);
  assert.deepEqual(times(reorder.release(100)), [5]);
  reorder.add({ timestamp: 4 }, 101);
  assert.deepEqual(times(reorder.release(201)), [4]);
});

test("no more is held than allowed: the oldest goes", () => {
  const reorder = new Reorder(100, 2);
  for (const timestamp of [4, 3, 2, 1]) reorder.add({ timestamp }, 0);
  assert.deepEqual(times(reorder.release(0)), [1, 2]);
});
