import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { StreamFullness } from "./stream-fullness.ts";

test("a full stream is told until it has taken everything for a while, and logged now and then", () => {
  let nowMs = 1_700_000_000_000;
  const lines: object[] = [];
  const log = { warn: (fields: object) => lines.push(fields) };
  const fullness = new StreamFullness(log, () => nowMs);
  assert.equal(fullness.isFull, false);
  for (let count = 0; count < 3; count++) fullness.note("a.b");
  assert.equal(fullness.isFull, true);
  assert.deepEqual(lines, [{ event: "stream_full", subject: "a.b" }]);
  nowMs += limits.streamFullToldMs;
  assert.equal(fullness.isFull, false);
  fullness.note("a.b");
  assert.equal(lines.length, 2);
});
