import assert from "node:assert/strict";
import { test } from "node:test";
import { Continuity } from "./continuity.ts";
import { readingAt } from "./fake-hub.ts";

const message = (sequence: number, lastSequence: number, type: "pv" | "meter" = "pv") => ({
  sequence,
  lastSequence,
  reading: readingAt(sequence, type),
});

test("a message follows what came of its DER, or what was known from the start", () => {
  const continuity = new Continuity(10);
  assert.deepEqual(continuity.judge(message(12, 10)), { kind: "next" });
  assert.deepEqual(continuity.judge(message(12, 0)), { kind: "next" });
  continuity.reached("der-pv", 12);
  assert.deepEqual(continuity.judge(message(15, 12)), { kind: "next" });
  assert.deepEqual(continuity.judge(message(14, 9, "meter")), { kind: "next" });
});

test("a message that has come is a copy", () => {
  const continuity = new Continuity(10);
  continuity.reached("der-pv", 12);
  assert.deepEqual(continuity.judge(message(12, 11)), { kind: "copy" });
  assert.deepEqual(continuity.judge(message(10, 9, "meter")), { kind: "copy" });
});

test("a message whose predecessor has not come tells after which one it is missing", () => {
  const continuity = new Continuity(10);
  assert.deepEqual(continuity.judge(message(12, 11)), { kind: "missed", after: 10 });
  continuity.reached("der-pv", 12);
  continuity.reached("der-pv", 11);
  assert.deepEqual(continuity.judge(message(20, 15)), { kind: "missed", after: 12 });
});
