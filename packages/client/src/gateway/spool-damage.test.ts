import assert from "node:assert/strict";
import { test } from "node:test";
import { append, createRig, limits, type Rig, takeAll } from "./memory-spool.ts";
import { encodeRecord } from "./spool-record.ts";

test("records that the disk does not give back are counted, and those behind them come", async () => {
  const rig = createRig();
  const spool = await rig.open({ bytesMax: 1_024 * 1_024 });
  const large = ".".repeat(40_000);
  for (let i = 0; i < 8; i++) await append(spool, `${i} ${large}`);
  const [first] = (await rig.folder.list()).filter(({ name }) => name.endsWith(".readings"));
  rig.folder.damage(first?.name ?? "", 50_000);
  const kept = (await takeAll(spool)).map((text) => Number(text.split(" ")[0]));
  const [dropped] = rig.dropped;
  assert.equal(rig.dropped.length, 1);
  assert.equal(dropped?.reason, "damaged");
  const lost = Array.from({ length: 8 }, (_, i) => i).filter((i) => !kept.includes(i));
  assert.deepEqual(
    lost,
    Array.from({ length: (dropped?.to ?? 0) - (dropped?.from ?? 0) }, (_, i) => i + 1),
  );
});

/** Spools readings of one length, settles the first of them, and closes; gives a record's bytes. */
async function spoolBefore(rig: Rig, count: number, settled = 0): Promise<number> {
  const spool = await rig.open();
  const large = ".".repeat(1_000);
  await Promise.all(
    Array.from({ length: count }, (_, i) => append(spool, `${String(i).padStart(4)} ${large}`)),
  );
  const records = await spool.read({ records: settled, bytes: 1_024 * 1_024 });
  const [last] = records.slice(-1);
  if (last !== undefined) await spool.settle(last);
  const [record] = await spool.read(limits);
  await spool.close();
  return (record?.end ?? 0) / (settled + 1);
}

const segmentNames = async ({ folder }: Rig) =>
  (await folder.list())
    .flatMap(({ name }) => (name.endsWith(".readings") ? [name] : []))
    .toSorted();

const numbersIn = (texts: readonly string[]) => texts.map((text) => Number(text.slice(0, 4)));
const counted = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

for (const [what, at] of [
  ["payload", 500],
  ["checksum", 5],
  ["length", 1],
  ["length, far beyond the file", 3],
  ["sequence", 20],
] as const) {
  test(`a bit that turned in a record's ${what} while the spool was closed costs that record alone`, async () => {
    const rig = createRig();
    const recordBytes = await spoolBefore(rig, 100);
    const [name] = await segmentNames(rig);
    for (const number of [0, 10, 11]) rig.folder.damage(name ?? "", number * recordBytes + at);
    const spool = await rig.open();
    assert.equal(spool.length, 100);
    assert.equal(await append(spool, " 100"), 101);
    const expected = [...counted(1, 10), ...counted(12, 101)];
    assert.deepEqual(numbersIn(await takeAll(spool)), expected);
    assert.deepEqual(rig.dropped, [
      { from: 1, to: 2, reason: "damaged" },
      { from: 11, to: 13, reason: "damaged" },
    ]);
  });
}

test("a bit that turned in what was settled costs nothing", async () => {
  const rig = createRig();
  const recordBytes = await spoolBefore(rig, 100, 30);
  rig.folder.damage((await segmentNames(rig))[0] ?? "", 10 * recordBytes + 500);
  const spool = await rig.open();
  assert.equal(spool.length, 70);
  assert.deepEqual(numbersIn(await takeAll(spool)), counted(30, 100));
  assert.deepEqual(rig.dropped, []);
});

test("a record that was cut off at the end of the last segment was never told to be there", async () => {
  const rig = createRig();
  const recordBytes = await spoolBefore(rig, 10);
  const file = await rig.folder.open((await segmentNames(rig))[0] ?? "");
  await file.truncate(recordBytes * 9 + 100);
  const spool = await rig.open();
  assert.equal(await append(spool, "   9"), 10);
  assert.deepEqual(numbersIn(await takeAll(spool)), counted(0, 10));
  assert.deepEqual(rig.dropped, []);
});

test("a record that another writer has written without a sequence is none", async () => {
  const rig = createRig();
  const recordBytes = await spoolBefore(rig, 10);
  const file = await rig.folder.open((await segmentNames(rig))[0] ?? "");
  const foreign = encodeRecord(Buffer.from("?"), { sequence: Number.NaN, spooledMs: 0 });
  await file.write(foreign, recordBytes * 10);
  const spool = await rig.open();
  assert.equal(spool.length, 10);
  assert.equal(await append(spool, "  10"), 11);
  assert.deepEqual(numbersIn(await takeAll(spool)), counted(0, 11));
});

for (const [which, index] of [
  ["first", 0],
  ["middle", 1],
] as const) {
  test(`a ${which} segment that is missing is told`, async () => {
    const rig = createRig();
    await spoolBefore(rig, 3_000);
    const names = await segmentNames(rig);
    const [from, to] = [index, index + 1].map((each) => Number.parseInt(names[each] ?? "", 10));
    assert.ok(from !== undefined && to !== undefined);
    await rig.folder.remove(names[index] ?? "");
    const spool = await rig.open();
    const expected = [...counted(0, from - 1), ...counted(to - 1, 3_000)];
    assert.deepEqual(numbersIn(await takeAll(spool)), expected);
    assert.deepEqual(rig.dropped, [{ from, to, reason: "damaged" }]);
  });
}
