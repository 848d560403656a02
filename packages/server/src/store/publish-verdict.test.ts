import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "./publish-entry.ts";
import { judgeRefused, judgeUnfitting } from "./publish-verdict.ts";

const entry = (ambiguous = false): Entry => ({
  ...{ subject: "s", payload: new Uint8Array(), id: "i", done: () => undefined },
  ...{ firstSentMs: 1, sinceSequence: 0, ambiguous },
});

test("what is refused goes again, then singly, and is given back unless it may be stored", () => {
  const [plain, ambiguous] = [entry(), entry(true)];
  const entries = [plain, ambiguous];
  assert.deepEqual(judgeRefused({ entries, refusals: 0 }, true).repeat, [
    { entries, singly: false, refusals: 1 },
  ]);
  assert.equal(judgeRefused({ entries, refusals: 2 }, true).repeat[0]?.singly, true);
  const last = judgeRefused({ entries, refusals: 19 }, true);
  assert.deepEqual([last.lost, last.repeat[0]?.entries], [[plain], [ambiguous]]);
  assert.equal(last.error.code, "unavailable");
});

test("a batch that does not fit is tried in parts, and one message that does not is given back", () => {
  const entries = Array.from({ length: 250 }, () => entry());
  const parts = judgeUnfitting({ entries, refusals: 0 }, "archive_behind");
  assert.deepEqual(parts.lost, []);
  assert.deepEqual(
    parts.repeat.flatMap((group) => group.entries),
    entries,
  );
  assert.ok(parts.repeat.length > 1);
  const one = judgeUnfitting({ entries: entries.slice(0, 1), refusals: 0 }, "archive_behind");
  assert.deepEqual([one.repeat, one.lost.length], [[], 1]);
  assert.equal(one.error.code, "archive_behind");
});
