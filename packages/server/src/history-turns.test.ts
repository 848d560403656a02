import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistoryTurns } from "./history-turns.ts";
import { limits } from "./limits.ts";

const { signal } = new AbortController();

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, end: resolve };
}

test("one that asks for many delays another by one turn, and is refused beyond its share", async () => {
  const inTurn = createHistoryTurns();
  const order: string[] = [];
  const first = held();
  const running = Array.from({ length: limits.historyTurnsMax }, () =>
    inTurn("greedy", signal, first.work),
  );
  const query = (who: string) => inTurn(who, signal, async () => order.push(who));
  const greedy = Array.from({ length: limits.historyWaitingPerIdentityMax }, () => query("greedy"));
  await assert.rejects(query("greedy"), { code: "rate_limited" });
  const other = query("other");
  first.end();
  await Promise.all([...running, ...greedy, other]);
  assert.ok(order.indexOf("other") <= limits.historyTurnsMax, order.join(" "));
  assert.equal(order.length, limits.historyWaitingPerIdentityMax + 1);
});

test("so many wait in all, and whoever leaves makes room and does no work", async () => {
  const inTurn = createHistoryTurns();
  const first = held();
  const running = Array.from({ length: limits.historyTurnsMax }, (_, i) =>
    inTurn(`r-${i}`, signal, first.work),
  );
  const leaving = new AbortController();
  let worked = 0;
  const waiting = Array.from({ length: limits.historyWaitingMax }, (_, i) =>
    inTurn(`w-${i}`, leaving.signal, async () => worked++),
  );
  await assert.rejects(inTurn("late", signal, first.work), { code: "unavailable" });
  leaving.abort();
  first.end();
  await Promise.all(running);
  const outcomes = await Promise.allSettled(waiting);
  assert.ok(outcomes.every(({ status }) => status === "rejected"));
  assert.equal(worked, 0);
  assert.equal(await inTurn("next", signal, async () => 5), 5);
});

test("whoever has waited too long is told so, and does no work", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const inTurn = createHistoryTurns();
  const first = held();
  const running = Array.from({ length: limits.historyTurnsMax }, (_, i) =>
    inTurn(`r-${i}`, signal, first.work),
  );
  let worked = 0;
  const late = inTurn("late", signal, async () => worked++);
  t.mock.timers.tick(limits.historyWaitMs);
  await assert.rejects(late, { code: "unavailable" });
  first.end();
  await Promise.all(running);
  assert.equal(await inTurn("next", signal, async () => 5), 5);
  assert.equal(worked, 0);
});
