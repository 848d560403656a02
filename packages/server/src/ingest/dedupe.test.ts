import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Dedupe } from "./dedupe.ts";
import { RecentTimestamps } from "./recent-timestamps.ts";
import { TimestampBlocks } from "./timestamp-blocks.ts";

const begin = (dedupe: Dedupe<string>, ms: number) => dedupe.begin("der", ms, `der:${ms}`);
const settle = (dedupe: Dedupe<string>, ms: number, stored = true) =>
  dedupe.settle("der", ms, `der:${ms}`, stored);

test("what is stored is known, early or late", () => {
  const dedupe = new Dedupe<string>();
  for (const ms of [5_000, 1_000, 3_000]) {
    assert.equal(begin(dedupe, ms), "new");
    settle(dedupe, ms);
  }
  for (const ms of [1_000, 3_000, 5_000]) assert.equal(begin(dedupe, ms), "stored");
  assert.equal(begin(dedupe, 2_000), "new");
});

test("a copy that comes while the first is on its way waits for that one's answer", () => {
  const dedupe = new Dedupe<string>();
  const told: string[] = [];
  assert.equal(begin(dedupe, 1), "new");
  assert.equal(begin(dedupe, 1), "pending");
  dedupe.wait("der:1", (outcome) => told.push(outcome));
  dedupe.wait("der:1", (outcome) => told.push(outcome));
  for (const waiter of settle(dedupe, 1)) waiter("stored");
  assert.deepEqual(told, ["stored", "stored"]);
});

test("what failed is new again", () => {
  const dedupe = new Dedupe<string>();
  begin(dedupe, 1);
  settle(dedupe, 1, false);
  assert.equal(begin(dedupe, 1), "new");
});

test("a reading is forgotten after the window, not before", () => {
  const dedupe = new Dedupe<string>();
  begin(dedupe, 1);
  settle(dedupe, 1);
  for (let minute = 0; minute < 10; minute++) dedupe.nextMinute();
  assert.equal(begin(dedupe, 1), "stored");
  dedupe.nextMinute();
  assert.deepEqual(dedupe.size, { entries: 0, ders: 0 });
  assert.equal(begin(dedupe, 1), "new");
});

test("a copy still waits when its DER was swept meanwhile", () => {
  const dedupe = new Dedupe<string>();
  begin(dedupe, 1);
  dedupe.nextMinute();
  assert.equal(begin(dedupe, 1), "pending");
});

test("ids of the stream are taken in; others are ignored", () => {
  const dedupe = new Dedupe<string>();
  for (const id of ["der:1", "", ":", "der", "der:", "der:x", ":5", "der:1.5"]) dedupe.remember(id);
  assert.deepEqual(dedupe.size.ders, 1);
  assert.equal(begin(dedupe, 1), "stored");
});

test("1 000 DERs at 1 Hz take about 3 MB, however long they go on", () => {
  const blocks = new TimestampBlocks();
  const ders = Array.from({ length: 1_000 }, () => new RecentTimestamps(blocks));
  for (let second = 0; second < 1_800; second++) {
    for (const recent of ders) {
      if (second % 60 === 0) recent.nextMinute(10);
      recent.add(1_700_000_000_000 + second * 1000, true);
    }
  }
  for (const { length } of ders) assert.ok(length >= 600 && length <= 660, `${length}`);
  assert.ok(blocks.bytes <= 3_400_000, `${blocks.bytes} bytes`);
});

test("timestamps are remembered as a list of the last minutes would be", () => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 0, max: 200 }) },
    { weight: 1, arbitrary: fc.constant("minute" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const recent = new RecentTimestamps(new TimestampBlocks());
      const model: number[][] = [[]];
      for (const each of steps) {
        if (each === "minute") {
          recent.nextMinute(3);
          model.push([]);
          while (model.length > 4) model.shift();
        } else {
          recent.add(each, true);
          model.at(-1)?.push(each);
        }
        assert.equal(recent.length, model.flat().length);
      }
      for (let ms = 0; ms <= 200; ms++) assert.equal(recent.has(ms), model.flat().includes(ms));
    }),
  );
});

test("without room to grow, the oldest are forgotten and the newest kept", () => {
  const recent = new RecentTimestamps(new TimestampBlocks());
  for (let ms = 0; ms < 1_000; ms++) {
    recent.add(ms, ms < 100);
    if (ms % 50 === 0) recent.nextMinute(100);
  }
  assert.ok(recent.length < 150);
  assert.ok(recent.has(999) && recent.has(950) && !recent.has(0));
  for (let minute = 0; minute < 101; minute++) recent.nextMinute(100);
  assert.equal(recent.length, 0);
});
