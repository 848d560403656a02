import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { append, createRig, limits, startMs, takeAll } from "./memory-spool.ts";

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `reading ${from + index}`);

test("what was appended is read in order, and comes again until it is settled", async () => {
  const spool = await createRig().open();
  await Promise.all(numbered(0, 10).map((text) => append(spool, text)));
  assert.equal(spool.length, 10);
  const [first, second] = await spool.read(limits);
  assert.ok(first && second);
  assert.equal((await spool.read(limits))[0]?.payload.toString(), "reading 0");
  await spool.settle(second);
  assert.equal(spool.length, 8);
  assert.deepEqual(await takeAll(spool, { ...limits, records: 3 }), numbered(2, 10));
  assert.deepEqual(await spool.read(limits), []);
});

test("a spool that is opened again goes on where it was, and takes more", async () => {
  const rig = createRig();
  const spool = await rig.open();
  for (const text of numbered(0, 5)) await append(spool, text);
  const [, , third] = await spool.read(limits);
  assert.ok(third);
  await spool.settle(third);
  await spool.close();
  const again = await rig.open();
  assert.equal(again.length, 2);
  await append(again, "reading 5");
  assert.deepEqual(await takeAll(again), numbered(3, 6));
});

test("power that is cut at any write loses nothing that was told to be on the disk", async () => {
  const scenario = fc.record({
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
    // How many changes of the disk each life of the process lives.
    lives: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 6 }),
    padding: fc.integer({ min: 0, max: 1_500 }),
    reads: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, lives, padding, reads }) => {
      const rig = createRig(seed);
      let published = 0;
      const safe = new Set<number>();
      const settled = new Set<number>();
      const options = { bytesMax: 1_024 * 1_024 };
      for (const life of [...lives, undefined]) {
        if (life !== undefined) rig.folder.cutAt = rig.folder.changes + life;
        try {
          const spool = await rig.open(options);
          for (let round = 0; round < 40; round++) {
            const batch = Array.from({ length: 1 + (round % 3) }, () => published++);
            const appended = batch.map(async (number) => {
              await append(spool, `${number} ${".".repeat(padding)}`);
              safe.add(number);
            });
            const results = await Promise.allSettled(appended);
            if (results.some(({ status }) => status === "rejected")) throw new Error("cut");
            if (round % reads !== 0) continue;
            for (const record of await spool.read({ records: 2, bytes: 1 })) {
              settled.add(numberOf(record.payload));
              await spool.settle(record);
            }
          }
          if (life === undefined) {
            const rest = (await takeAll(spool)).map((text) => Number(text.split(" ")[0]));
            assert.deepEqual(
              rest,
              rest.toSorted((a, b) => a - b),
              "in order",
            );
            for (const number of rest) settled.add(number);
          }
        } catch (error) {
          if (error instanceof assert.AssertionError || life === undefined) throw error;
        }
        rig.folder.restart();
      }
      assert.deepEqual(
        [...safe].filter((number) => !settled.has(number)),
        [],
      );
      assert.deepEqual(rig.dropped, []);
    }),
    { numRuns: 60 },
  );
});

const numberOf = (payload: Buffer) => Number(payload.toString().split(" ")[0]);

test("at the limit the oldest are dropped and counted, and the newest are kept in order", async () => {
  const rig = createRig();
  const spool = await rig.open({ bytesMax: 1_024 * 1_024 });
  const large = ".".repeat(10_000);
  for (let i = 0; i < 300; i++) await append(spool, `${i} ${large}`);
  const kept = (await takeAll(spool)).map((text) => Number(text.split(" ")[0]));
  const droppedCount = rig.dropped.reduce((sum, { from, to }) => sum + to - from, 0);
  assert.ok(kept.length > 80, `${kept.length} are kept`);
  assert.equal(droppedCount + kept.length, 300);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => droppedCount + i),
  );
  assert.deepEqual(new Set(rig.dropped.map(({ reason }) => reason)), new Set(["spool_full"]));
  const files = await rig.folder.list();
  assert.ok(files.reduce((sum, { bytes }) => sum + bytes, 0) <= 1_024 * 1_024 + 64);
});

test("what was spooled too long ago is dropped and counted; a clock at its beginning drops none", async () => {
  const rig = createRig();
  const spool = await rig.open();
  rig.nowMs = 1_000;
  await append(spool, "before the clock was set");
  rig.nowMs = startMs;
  for (const text of numbered(0, 3)) await append(spool, text);
  rig.nowMs += 3_000_000;
  for (const text of numbered(3, 5)) await append(spool, text);
  rig.nowMs += 1_000_000;
  assert.deepEqual(await takeAll(spool, { ...limits, records: 1 }), [
    "before the clock was set",
    ...numbered(3, 5),
  ]);
  assert.deepEqual(rig.dropped, [{ from: 2, to: 5, reason: "too_old" }]);
});

test("a disk that is full refuses, and takes again once there is room", async () => {
  const rig = createRig();
  const spool = await rig.open();
  await append(spool, "reading 0");
  rig.folder.isFull = true;
  await assert.rejects(append(spool, "refused"), { code: "spool_failed" });
  rig.folder.isFull = false;
  await append(spool, "reading 1");
  assert.deepEqual(await takeAll(spool), numbered(0, 2));
});

test("a disk that is gone is told as such", async () => {
  const rig = createRig();
  const spool = await rig.open();
  await append(spool, "reading 0");
  const [record] = await spool.read(limits);
  assert.ok(record);
  rig.folder.cutAt = rig.folder.changes - 1;
  await assert.rejects(spool.read(limits), { name: "NovacoreError", code: "spool_failed" });
  await assert.rejects(spool.settle(record), { name: "NovacoreError", code: "spool_failed" });
});

test("more than memory is for does not wait for a slow disk", async () => {
  const spool = await createRig().open();
  const large = ".".repeat(60_000);
  const results = await Promise.allSettled(
    Array.from({ length: 300 }, (_, i) => append(spool, `${i} ${large}`)),
  );
  const refused = results.filter(({ status }) => status === "rejected");
  assert.ok(refused.length > 0 && refused.length < 200, `${refused.length} refused`);
  assert.equal((await takeAll(spool)).length, 300 - refused.length);
});
