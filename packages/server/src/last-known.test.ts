import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistoryTurns } from "./history-turns.ts";
import { inTurns, type LastKnownAsker } from "./last-known.ts";
import { limits } from "./limits.ts";

const asker = (party: string): LastKnownAsker => {
  return { party, sites: "all", signal: new AbortController().signal };
};

test("who asks for much of the past waits its turn, and is refused beyond that", async () => {
  const gate = Promise.withResolvers<void>();
  let running = 0;
  const lastKnown = inTurns(createHistoryTurns(), async () => {
    running++;
    await gate.promise;
    return new Map();
  });
  const { historyTurnsMax, historyWaitingPerIdentityMax } = limits;
  const count = historyTurnsMax + historyWaitingPerIdentityMax;
  const answers = Array.from({ length: count }, () => lastKnown([], asker("greedy")));
  await assert.rejects(lastKnown([], asker("greedy")), { code: "rate_limited" });
  const other = lastKnown([], asker("modest"));
  assert.equal(running, historyTurnsMax);
  gate.resolve();
  await Promise.all([...answers, other]);
  assert.equal(running, count + 1);
});

test("a question that nobody waits for any more is not asked", async () => {
  const gate = Promise.withResolvers<void>();
  const asked: string[] = [];
  const lastKnown = inTurns(createHistoryTurns(), async (_ders, { party }) => {
    asked.push(party);
    await gate.promise;
    return new Map();
  });
  const busy = Array.from({ length: limits.historyTurnsMax }, () => lastKnown([], asker("a")));
  const abort = new AbortController();
  const gone = lastKnown([], { ...asker("b"), signal: abort.signal });
  abort.abort(new Error("gone"));
  await assert.rejects(gone, /gone/);
  gate.resolve();
  await Promise.all(busy);
  assert.ok(!asked.includes("b"));
});
