import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { planBuckets } from "../../src/history/range-buckets.ts";
import type { RawOutput, ReadingsFilter } from "../../src/history/range-job.ts";
import { limits } from "../../src/limits.ts";
import { backfill, HistoryStore, type TestReading } from "./history-store.ts";

const hour = 3_600_000;
const startMs = Date.parse("2026-06-01T22:00:00Z");
const raw: RawOutput = { kind: "raw", fields: undefined, limit: 1_000, after: undefined };

function readings(count: number, derId = "der-1", fromMs = startMs): TestReading[] {
  return Array.from({ length: count }, (_, index) => ({
    der_id: derId,
    timestamp: fromMs + index * 600_000,
    W: index,
  }));
}

async function start(t: TestContext) {
  const store = await HistoryStore.start(t);
  return { store, thread: store.thread(t) };
}

const inTime = (a: TestReading, b: TestReading) =>
  a.timestamp - b.timestamp || (a.der_id < b.der_id ? -1 : 1);

test("readings in files of several days and in the stream come back as one, as they were stored", async (t) => {
  const { store, thread } = await start(t);
  const all = [...readings(30), ...readings(30, "der-2")];
  const odd = { ...{ status: 'a "quoted", text', plug_connected: true }, vendor: { x: [1, null] } };
  const stored = [];
  for (const reading of all) stored.push(await store.publish({ ...reading, ...odd }));
  await store.archive(stored.slice(0, 40), { position: 40 });
  const { data, found } = await store.query(thread, {}, raw);
  assert.equal(found.source.files.length, 2, "two days");
  assert.equal(found.source.tail.rowCount, 20);
  assert.deepEqual(data, stored.map(({ reading }) => reading).sort(inTime));
  assert.deepEqual(found.moment.head, 60);
});

test("a reading that is in the files and again in the tail, or late twice, is there once: the first", async (t) => {
  const { store, thread } = await start(t);
  const stored = [];
  for (const reading of readings(10)) stored.push(await store.publish(reading));
  await store.archive(stored, { position: 10 });
  const again = { ...readings(10)[4], W: 400 } as TestReading;
  const late = { der_id: "der-1", timestamp: startMs + 1, W: 1_000 };
  const lateOnes = [again, late, { ...late, W: 1_001 }];
  const repeated = [];
  for (const reading of lateOnes) repeated.push(await store.publish(reading));
  const expected = [...stored.map(({ reading }) => Number(reading.W)), 1_000].sort((a, b) => a - b);
  const values = async () => {
    const { data } = await store.query(thread, {}, raw);
    return data.map(({ W }) => Number(W)).sort((a, b) => a - b);
  };
  assert.deepEqual(await values(), expected, "all late ones in the tail");
  await store.archive(repeated.slice(0, 2), { kind: "late", position: 12 });
  assert.deepEqual(await values(), expected, "one in the tail");
  await store.archive(repeated.slice(2), { kind: "late", position: 13 });
  assert.deepEqual(await values(), expected, "none in the tail");
});

test("what never stood in the stream is found until it is archived, and afterwards, once", async (t) => {
  const { store, thread } = await start(t);
  const old = [];
  for (const reading of readings(5, "der-1", Date.parse("2025-01-01"))) {
    old.push(await store.publishOld(reading));
  }
  const expected = [0, 1, 2, 3, 4];
  const values = async () => (await store.query(thread, {}, raw)).data.map(({ W }) => W);
  assert.deepEqual(await values(), expected);
  await store.archive(old.slice(0, 3), { kind: "late", stream: backfill, position: 3 });
  assert.deepEqual(await values(), expected);
  await store.purge(backfill, 4);
  assert.deepEqual(await values(), expected);
  await store.archive(old.slice(3), { kind: "late", stream: backfill, position: 5 });
  await store.purge(backfill, 6);
  assert.deepEqual(await values(), expected);
});

test("pages are of one moment: what is stored, archived or uploaded between them is not in them", async (t) => {
  const { store, thread } = await start(t);
  const all = [...readings(20), ...readings(20, "der-2"), ...readings(20, "der-3")];
  const stored = [];
  for (const reading of all) stored.push(await store.publish(reading));
  await store.archive(stored.slice(0, 30), { position: 30 });
  const found: unknown[] = [];
  let after: RawOutput["after"];
  let asOf: Awaited<ReturnType<typeof store.find>>["moment"] | undefined;
  let pages = 0;
  do {
    const page = await store.query(thread, { asOf }, { ...raw, limit: 7, after });
    asOf ??= page.found.moment;
    assert.deepEqual(page.found.moment, asOf);
    found.push(...page.data);
    after = page.next;
    pages++;
    const timestamp = startMs + 30 * hour + pages;
    const late = await store.publish({
      der_id: "der-1",
      timestamp,
      W: -1,
      received_at: Date.now(),
    });
    await store.archive(pages === 1 ? [...stored.slice(30), late] : [late]);
    await store.publishOld({ der_id: "der-9", timestamp: timestamp + 1, received_at: 8e12 });
  } while (after !== undefined);
  assert.equal(pages, Math.ceil(60 / 7));
  assert.deepEqual(found, stored.map(({ reading }) => reading).sort(inTime));
});

test("a page's cursor that was made up opens nothing before the range", async (t) => {
  const { store, thread } = await start(t);
  for (const reading of readings(10)) await store.publish(reading);
  const after = { timestampMs: 0, derId: "a" };
  const fromMs = startMs + 3_000_000;
  const { data } = await store.query(thread, { fromMs }, { ...raw, after });
  assert.deepEqual(
    data.map(({ W }) => W),
    [5, 6, 7, 8, 9],
  );
});

test("a mean that no number holds is none", async (t) => {
  const { store, thread } = await start(t);
  for (const { timestamp } of readings(3)) {
    await store.publish({ der_id: "der-1", timestamp, W: 1.7e308 });
  }
  const range = { fromMs: startMs, toMs: startMs + hour, timezone: "UTC" };
  const buckets = planBuckets({ ...range, nowMs: range.toMs, width: "1h" });
  const output = { kind: "buckets", buckets, fields: ["W"], fill: "none" } as const;
  const { data } = await store.query(thread, range, { ...output, aggregates: ["mean", "max"] });
  assert.deepEqual(
    data.map(({ W_mean, W_max }) => [W_mean, W_max]),
    [[null, 1.7e308]],
  );
});

test("only what is asked for is read: files, DERs, devices, sites and times", async (t) => {
  const { store, thread } = await start(t);
  const stored = [];
  for (const reading of readings(3)) stored.push(await store.publish(reading));
  for (const reading of readings(3, "der-2")) {
    stored.push(await store.publish(reading, { siteId: "sit-2", deviceId: "dev-2" }));
  }
  const tomorrow = readings(3, "der-1", startMs + 24 * hour);
  for (const reading of tomorrow) stored.push(await store.publish(reading, { siteId: "sit-2" }));
  await store.archive(stored.slice(0, 7), { position: 7 });
  const count = async (filter: Partial<ReadingsFilter>) => {
    const { data, found } = await store.query(thread, filter, raw);
    return [data.length, found.source.files.length, found.source.tail.rowCount];
  };
  assert.deepEqual(await count({}), [9, 2, 2]);
  assert.deepEqual(await count({ derIds: ["der-1"] }), [6, 2, 2]);
  assert.deepEqual(await count({ derIds: ["der-2"] }), [3, 1, 0]);
  assert.deepEqual(await count({ derIds: [] }), [0, 0, 0]);
  assert.deepEqual(await count({ deviceId: "dev-2" }), [3, 2, 0]);
  assert.deepEqual(await count({ siteIds: ["sit-1"] }), [3, 2, 0]);
  assert.deepEqual(await count({ siteIds: ["sit-2"], derIds: ["der-1"] }), [3, 2, 2]);
  assert.deepEqual(await count({ toMs: startMs + 600_000 }), [2, 1, 0]);
  assert.deepEqual(await count({ fromMs: startMs + 24 * hour + 1 }), [2, 0, 2]);
});

test("the tag of an answer changes with what is in it, and with nothing else", async (t) => {
  const { store } = await start(t);
  const stored = [];
  for (const reading of readings(4)) stored.push(await store.publish(reading));
  await store.archive(stored.slice(0, 2), { position: 2 });
  const past = { derIds: ["der-1"], toMs: startMs + 1_200_000 };
  const tag = async () => (await store.find(past)).tag;
  const before = await tag();
  await store.publish({ der_id: "der-1", timestamp: startMs + 10 * hour });
  await store.publish({ der_id: "der-2", timestamp: startMs });
  assert.equal(await tag(), before);
  await store.publish({ der_id: "der-1", timestamp: startMs + 5 });
  assert.notEqual(await tag(), before);
});

test("what is not archived yet is refused where it is too long to read, and said to be", async (t) => {
  const { store, thread } = await start(t);
  const note = "x".repeat(60_000);
  const count = Math.ceil(limits.historyTailBytesMax / note.length);
  const long = readings(count).map((reading) => store.publish({ ...reading, note }));
  await Promise.all(long);
  await assert.rejects(store.query(thread, {}, raw), {
    code: "unavailable",
    message: /^\d{8} bytes and more of this are not in the archive yet/,
  });
});
