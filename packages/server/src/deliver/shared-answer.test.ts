import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedAnswer } from "./shared-answer.ts";

test("everybody gets an answer that was asked for after they came, in as few questions as that takes", async () => {
  const asked: PromiseWithResolvers<number>[] = [];
  const shared = new SharedAnswer(() => {
    const question = Promise.withResolvers<number>();
    asked.push(question);
    return question.promise;
  });
  const first = [shared.ask(), shared.ask()];
  await new Promise(setImmediate);
  assert.equal(asked.length, 1);
  const second = [shared.ask(), shared.ask()];
  await new Promise(setImmediate);
  assert.equal(asked.length, 1, "one at a time");
  asked[0]?.resolve(1);
  assert.deepEqual(await Promise.all(first), [1, 1]);
  await new Promise(setImmediate);
  asked[1]?.reject(new Error("no answer"));
  for (const each of second) await assert.rejects(each, /no answer/);
  const third = shared.ask();
  await new Promise(setImmediate);
  asked[2]?.resolve(3);
  assert.equal(await third, 3, "a failure is not for those who come after it");
});
