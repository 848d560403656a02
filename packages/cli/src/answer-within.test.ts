import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { answerWithin } from "./answer-within.ts";
import { HubAway } from "./failure.ts";

const running = new AbortController().signal;
const never = async (signal: AbortSignal) => {
  await once(signal, "abort");
  throw signal.reason;
};

test("a hub that stops answering is away, and one that answers is not", async () => {
  // A time-out alone keeps no process: the test's own does.
  const alive = setInterval(() => undefined, 1_000);
  await assert.rejects(answerWithin(running, never, 1), HubAway);
  clearInterval(alive);
  assert.equal(await answerWithin(running, async () => "answer"), "answer");
});

test("what fails before, and what is ended from outside, stays what it is", async () => {
  const failure = new Error("No.");
  const failing = answerWithin(running, () => Promise.reject(failure));
  await assert.rejects(failing, failure);
  const stop = new AbortController();
  const asking = answerWithin(stop.signal, never);
  stop.abort(failure);
  await assert.rejects(asking, failure);
});
