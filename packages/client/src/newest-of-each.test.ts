import assert from "node:assert/strict";
import { test } from "node:test";
import { readingAt } from "./fake-hub.ts";
import type { LiveMessage } from "./live-message.ts";
import { NewestOfEach } from "./newest-of-each.ts";

const message = (
  sequence: number,
  timestamp = sequence,
  type: "pv" | "meter" = "pv",
): LiveMessage => ({ sequence, lastSequence: 0, reading: readingAt(timestamp, type) });

test("of each DER the newest waits, whatever came between", () => {
  const newest = new NewestOfEach(0);
  for (const each of [message(1), message(2, 2, "meter"), message(3), message(4)]) newest.put(each);
  assert.equal(newest.lowestSequence, 2);
  assert.deepEqual(newest.take(0), message(4));
  assert.deepEqual(newest.take(0), message(2, 2, "meter"));
  assert.equal(newest.take(0), undefined);
  assert.equal(newest.lowestSequence, Infinity);
});

test("a reading that is older than one that waits, or was given, is left out", () => {
  const newest = new NewestOfEach(0);
  newest.put(message(1, 50));
  newest.put(message(2, 40));
  assert.deepEqual(newest.take(0), message(1, 50));
  newest.put(message(3, 45));
  assert.equal(newest.take(0), undefined);
  newest.given(readingAt(60), 0);
  newest.put(message(4, 55));
  assert.equal(newest.take(0), undefined);
});

test("a DER's next reading waits for the interval, and no other DER's does", () => {
  const newest = new NewestOfEach(100);
  newest.put(message(1));
  assert.deepEqual(newest.take(1_000), message(1));
  newest.put(message(2));
  newest.put(message(3, 3, "meter"));
  assert.deepEqual(newest.take(1_050), message(3, 3, "meter"));
  assert.equal(newest.take(1_050), undefined);
  assert.equal(newest.dueMs, 1_100);
  newest.put(message(4));
  assert.deepEqual(newest.take(1_100), message(4));
  assert.equal(newest.dueMs, Infinity);
});
