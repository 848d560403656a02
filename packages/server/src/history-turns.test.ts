import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistoryTurns, outsideTurn } from "./history-turns.ts";
import { limits } from "./limits.ts";

const { signal } = new AbortController();
const { historyTurnsMax, historyTurnsPerIdentityMax, historyWaitingPerIdentityMax } = limits;

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, end: resolve };
}

/** Every turn is taken until `first` ends. */
function takeAll(inTurn: ReturnType<typeof createHistoryTurns>, first: ReturnType<typeof held>) {
  return Array.from({ length: historyTurnsMax }, (_, i) => inTurn(`r-${i}`, signal, first.work));
}

test("one that asks for many delays another by one turn, and is refused beyond its share", async () => {
  const inTurn = createHistoryTurns();
  const order: string[] = [];
  const first = held();
  const running = takeAll(inTurn, first);
  const query = (who: string) => inTurn(who, signal, async () => order.push(who));
  const greedy = Array.from({ length: historyWaitingPerIdentityMax }, () => query("greedy"));
  await assert.rejects(query("greedy"), { code: "rate_limited" });
  const other = query("other");
  first.end();
  await Promise.all([...running, ...greedy, other]);
  assert.ok(order.indexOf("other") <= historyTurnsPerIdentityMax, order.join(" "));
  assert.equal(order.length, historyWaitingPerIdentityMax + 1);
});

test("one that asks for many leaves a turn to others, however long its queries take", async () => {
  const inTurn = createHistoryTurns();
  const endless = held();
  const greedy = Array.from({ length: historyTurnsMax }, () =>
    inTurn("greedy", signal, endless.work),
  );
  assert.equal(await inTurn("other", signal, async () => 5), 5);
  endless.end();
  await Promise.all(greedy);
});

test("a few that wait with many keep nobody out who has none waiting", async () => {
  const inTurn = createHistoryTurns();
  const first = held();
  const running = takeAll(inTurn, first);
  const leaving = new AbortController();
  const parties = Math.ceil(limits.historyWaitingMax / historyWaitingPerIdentityMax);
  const waiting = Array.from({ length: limits.historyWaitingMax }, (_, i) =>
    inTurn(`w-${i % parties}`, leaving.signal, async () => 0),
  );
  await assert.rejects(
    inTurn("w-0", signal, async () => 0),
    { code: "unavailable" },
  );
  const others = Array.from(
    { length: limits.historyPartiesMax - limits.historyWaitingMax },
    (_, i) => inTurn(`other-${i}`, signal, async () => i),
  );
  await assert.rejects(
    inTurn("late", signal, async () => 0),
    { code: "unavailable" },
  );
  // Nobody's turn has come: the places are free because those who had them have left.
  leaving.abort();
  const outcomes = await Promise.allSettled(waiting);
  assert.ok(outcomes.every(({ status }) => status === "rejected"));
  const late = inTurn("late", signal, async () => 0);
  first.end();
  await Promise.all([...running, ...others, late]);
});

test("whoever leaves while it waits does no work", async () => {
  const inTurn = createHistoryTurns();
  const first = held();
  const running = takeAll(inTurn, first);
  const leaving = new AbortController();
  let worked = 0;
  const waiting = inTurn("w", leaving.signal, async () => worked++);
  leaving.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  first.end();
  await Promise.all(running);
  assert.equal(await inTurn("next", signal, async () => 5), 5);
  assert.equal(worked, 0);
});

test("whoever has waited too long is told so, and does no work", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const inTurn = createHistoryTurns();
  const first = held();
  const running = takeAll(inTurn, first);
  let worked = 0;
  const late = inTurn("late", signal, async () => worked++);
  t.mock.timers.tick(limits.historyWaitMs);
  await assert.rejects(late, { code: "unavailable" });
  first.end();
  await Promise.all(running);
  assert.equal(await inTurn("next", signal, async () => 5), 5);
  assert.equal(worked, 0);
});

test("queries that wait for a bucket hold no turns, and go on in turn", async () => {
  const inTurn = createHistoryTurns();
  const bucket = held();
  const order: string[] = [];
  const asked = Promise.withResolvers<void>();
  let asking = 0;
  const fetching = Array.from({ length: historyWaitingPerIdentityMax }, () =>
    inTurn("fetching", signal, async () => {
      const fetched = outsideTurn(bucket.work);
      if (++asking === historyWaitingPerIdentityMax) asked.resolve();
      await fetched;
      order.push("fetched");
    }),
  );
  const turns = Array.from({ length: historyTurnsMax }, (_, i) =>
    inTurn(`other-${i}`, signal, async () => order.push("other")),
  );
  await Promise.all(turns);
  await asked.promise;
  await assert.rejects(inTurn("fetching", signal, bucket.work), { code: "rate_limited" });
  const first = held();
  const running = takeAll(inTurn, first);
  bucket.end();
  first.end();
  await Promise.all([...running, ...fetching]);
  assert.equal(order.indexOf("fetched"), historyTurnsMax, order.join(" "));
  assert.equal(order.length, historyTurnsMax + historyWaitingPerIdentityMax);
});

test("a query that is given up while it waits for a bucket leaves everything free", async () => {
  const inTurn = createHistoryTurns();
  const bucket = held();
  const client = new AbortController();
  const identities = Array.from({ length: limits.historyFetchesMax + 1 }, (_, i) => `f-${i}`);
  const given = identities.map((who) =>
    inTurn(who, client.signal, () =>
      outsideTurn(async () => {
        await bucket.work();
        client.signal.throwIfAborted();
      }),
    ),
  );
  // The lane is full, and no turn is taken.
  await Promise.all(takeAll(inTurn, { work: async () => undefined, end: () => undefined }));
  client.abort();
  bucket.end();
  for (const each of await Promise.allSettled(given)) assert.equal(each.status, "rejected");
  const first = held();
  const running = takeAll(inTurn, first);
  first.end();
  await Promise.all(running);
  assert.equal(await inTurn("f-0", signal, () => outsideTurn(async () => 5)), 5);
});

test("what is done in nobody's turn is done at once", async () => {
  assert.equal(await outsideTurn(async () => 5), 5);
});
