import assert from "node:assert/strict";
import { test } from "node:test";
import { summarise } from "./latencies.ts";

test("percentiles are of the nearest rank, whatever the order", () => {
  const durations = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual(summarise(durations), { p50_ms: 50, p95_ms: 95, p99_ms: 99, max_ms: 100 });
});

test("one duration is all of them, to a hundredth, and of none nothing is said", () => {
  assert.deepEqual(summarise([1.23456]), {
    p50_ms: 1.23,
    p95_ms: 1.23,
    p99_ms: 1.23,
    max_ms: 1.23,
  });
  assert.deepEqual(summarise([]), { p50_ms: null, p95_ms: null, p99_ms: null, max_ms: null });
});
