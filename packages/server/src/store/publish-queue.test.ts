import assert from "node:assert/strict";
import { test } from "node:test";
import { PublishQueue } from "./publish-queue.ts";

test("items come out in the order they went in, however many", () => {
  const queue = new PublishQueue<number>();
  const out: number[] = [];
  let next = 0;
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < 97; i++) queue.push(next++);
    out.push(...queue.take(round % 3 === 0 ? 150 : 70));
  }
  out.push(...queue.take(next));
  assert.equal(queue.length, 0);
  assert.deepEqual(
    out,
    Array.from({ length: next }, (_, i) => i),
  );
});

test("taking stops where the next does not fit, but never before the first", () => {
  const queue = new PublishQueue<number>();
  for (const item of [5, 1, 1, 9]) queue.push(item);
  assert.deepEqual(
    queue.take(10, (item) => item < 5),
    [5, 1, 1],
  );
  assert.deepEqual(
    queue.take(10, () => false),
    [9],
  );
  assert.deepEqual(queue.take(10), []);
});
