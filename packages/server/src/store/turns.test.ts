import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

/** Has changes of parties wait, then made, and says in which order they were. */
async function orderOf(ask: (turns: Turns, change: Change) => Promise<void>[]): Promise<string[]> {
  const turns = new Turns();
  const made: string[] = [];
  const gate = Promise.withResolvers<void>();
  const held = turns.take("holder", () => gate.promise);
  const asked = ask(turns, (name) => async () => {
    await Promise.resolve();
    made.push(name);
  });
  gate.resolve();
  await Promise.all([held, ...asked]);
  return made;
}

type Change = (name: string) => () => Promise<void>;

test("a party that wants many changes lets the others have theirs in between", async () => {
  const made = await orderOf((turns, change) => [
    turns.take("many", change("many-0")),
    turns.take("many", change("many-1")),
    turns.take("many", change("many-2")),
    turns.take("one", change("one-0")),
    turns.take("other", change("other-0")),
    turns.take("one", change("one-1")),
  ]);
  assert.deepEqual(made, ["many-0", "one-0", "other-0", "many-1", "one-1", "many-2"]);
});

test("what goes first goes before every party", async () => {
  const made = await orderOf((turns, change) => [
    turns.take("one", change("one")),
    turns.takeFirst(change("first")),
    turns.takeFirst(change("second")),
  ]);
  assert.deepEqual(made, ["first", "second", "one"]);
});

test("one change is made at a time, and one that fails ends its turn", async () => {
  const turns = new Turns();
  let running = 0;
  const changes = Array.from({ length: 10 }, (_, i) =>
    turns.take(`party-${i % 3}`, async () => {
      assert.equal(++running, 1);
      await Promise.resolve();
      running--;
      if (i % 2 === 0) throw new Error(`${i}`);
    }),
  );
  const outcomes = await Promise.allSettled(changes);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    changes.map((_, i) => (i % 2 === 0 ? "rejected" : "fulfilled")),
  );
});
