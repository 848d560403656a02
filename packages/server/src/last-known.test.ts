import assert from "node:assert/strict";
import { test } from "node:test";
import type { InTurn } from "./history-turns.ts";
import { inTurns } from "./last-known.ts";

test("the past is looked into when the turn of whoever asks has come, and not before", async () => {
  const turn = Promise.withResolvers<void>();
  const takers: (readonly [party: string, signal: AbortSignal])[] = [];
  const inTurn: InTurn = async (party, signal, work) => {
    takers.push([party, signal]);
    await turn.promise;
    return work();
  };
  const place = { orgId: "org", siteId: "sit", deviceId: "dev", derId: "der" };
  const asked: unknown[] = [];
  const last = { timestampMs: 1, receivedAtMs: 2 };
  const lastKnown = inTurns(inTurn, async (...question) => {
    asked.push(question);
    return new Map([["der", last]]);
  });
  const { signal } = new AbortController();
  const asker = { party: "idt-1", sites: ["sit"], signal };
  const answer = lastKnown([place], asker);
  assert.deepEqual([takers, asked], [[["idt-1", signal]], []]);
  turn.resolve();
  assert.deepEqual([...(await answer)], [["der", last]]);
  assert.deepEqual(asked, [[[place], asker]]);
});

test("who may not take a turn now is told so, and nothing is asked", async () => {
  const inTurn: InTurn = async () => {
    throw new Error("come again");
  };
  const lastKnown = inTurns(inTurn, () => assert.fail("it was asked"));
  const asker = { party: "idt-1", sites: "all", signal: new AbortController().signal } as const;
  await assert.rejects(lastKnown([], asker), /come again/);
});
