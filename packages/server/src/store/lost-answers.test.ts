import assert from "node:assert/strict";
import { test } from "node:test";
import { findLostAnswers } from "./lost-answers.ts";
import type { Entry } from "./publish-entry.ts";

const entry = (id: string, ageMs: number, ambiguous: boolean): Entry => ({
  subject: "s",
  payload: new Uint8Array(0),
  id,
  done: () => undefined,
  firstSentMs: Date.now() - ageMs,
  sinceSequence: 41,
  ambiguous,
});

const group = (...entries: Entry[]) => ({ entries, singly: false, refusals: 0 });

test("what may have been stored long ago is looked up, and found where it is", async () => {
  const old = entry("der:1", 600_000, true);
  const missing = entry("der:2", 600_000, true);
  const asked: number[] = [];
  const found = await findLostAnswers([group(old), group(missing)], async (from, onId) => {
    asked.push(from);
    onId("der:1", 50);
    onId("der:9", 51);
  });
  assert.deepEqual([...found], [[old, 50]]);
  assert.deepEqual(asked, [42]);
  assert.ok(Date.now() - missing.firstSentMs < 60_000, "it counts as sent now");
});

test("what the stream's duplicate window still knows, or what was refused, is not looked up", async () => {
  const groups = [group(entry("der:1", 1_000, true), entry("der:2", 600_000, false))];
  const found = await findLostAnswers(groups, () => Promise.reject(new Error("asked")));
  assert.equal(found.size, 0);
});
