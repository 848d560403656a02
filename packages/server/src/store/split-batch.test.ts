import assert from "node:assert/strict";
import { test } from "node:test";
import { splitBatch } from "./split-batch.ts";

const entries = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    subject: "s",
    payload: new Uint8Array(0),
    id: `der:${index}`,
    done: () => undefined,
    firstSentMs: 0,
    sinceSequence: 0,
    ambiguous: false,
  }));

test("a large batch is cut into parts that keep the order and lose nothing", () => {
  for (const count of [101, 500, 503]) {
    const all = entries(count);
    const groups = splitBatch(all, 1);
    assert.ok(groups.length > 1 && groups.length <= 8);
    assert.ok(groups.every(({ singly, refusals }) => !singly && refusals === 1));
    assert.deepEqual(
      groups.flatMap((group) => group.entries),
      all,
    );
  }
});

test("a small batch goes singly", () => {
  const all = entries(100);
  assert.deepEqual(splitBatch(all, 0), [{ entries: all, singly: true, refusals: 0 }]);
});
