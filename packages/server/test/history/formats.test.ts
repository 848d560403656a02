import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { tableFromIPC } from "apache-arrow";
import { Duck, literal } from "../../src/duck/database.ts";
import { planBuckets } from "../../src/history/range-buckets.ts";
import type { BucketsOutput, RawOutput } from "../../src/history/range-job.ts";
import { HistoryStore } from "./history-store.ts";

const startMs = Date.parse("2026-06-01T12:00:00Z");
const raw: RawOutput = { kind: "raw", fields: undefined, limit: 100, after: undefined };
/** Each DER has other members; some readings lack some. */
const readings = Array.from({ length: 40 }, (_, index) => ({
  der_id: `der-${index % 2}`,
  timestamp: startMs + index * 1_000,
  ...(index % 3 > 0 && { W: index / 7 }),
  ...(index % 2 === 0 && { status: ['a,"b"', "two\nlines", "=1+1", "ünï ☂"][index % 4] ?? "" }),
  ...(index % 5 === 0 && { plug_connected: index % 10 === 0 }),
}));
/** What all of them have. */
const origin = { site_id: "sit-1", device_id: "dev-1", der_name: "main", type: "meter" };

async function start(t: Parameters<typeof HistoryStore.start>[0]) {
  const store = await HistoryStore.start(t);
  const stored = [];
  for (const reading of readings) stored.push(await store.publish(reading));
  await store.archive(stored.slice(0, 25), { position: 25 });
  return { store, thread: store.thread(t) };
}

/** As rows of an answer without nulls. */
function withoutNulls(row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}

const expected = readings.map((reading) => ({
  ...reading,
  ...origin,
  received_at: reading.timestamp + 200,
}));

test("newline-delimited JSON is one reading a line", async (t) => {
  const { store, thread } = await start(t);
  const { body } = await store.query(thread, {}, raw, "ndjson");
  const lines = Buffer.from(body).toString().split("\n");
  assert.equal(lines.pop(), "");
  const rows = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    rows,
    expected.map((row) => ({ ...row, org_id: "org-1" })),
  );
});

test("CSV quotes what it must, and an independent reader reads it", async (t) => {
  const { store, thread } = await start(t);
  const { body } = await store.query(thread, {}, raw, "csv");
  const path = join(store.folder, "answer.csv");
  await writeFile(path, body);
  const rows = await readByDuck(store, `read_csv(${literal(path)}, header = true)`);
  assert.deepEqual(rows, expected);
  assert.match(Buffer.from(body).toString(), /^der_id,timestamp,.*\r\n/);
});

test("Parquet is read by DuckDB: the same values, null where a reading has none", async (t) => {
  const { store, thread } = await start(t);
  const { body } = await store.query(thread, {}, raw, "parquet");
  const path = join(store.folder, "answer.parquet");
  await writeFile(path, body);
  assert.deepEqual(await readByDuck(store, `read_parquet(${literal(path)})`), expected);
});

test("an Arrow stream is read by Arrow: the same values, null where a reading has none", async (t) => {
  const { store, thread } = await start(t);
  const { body } = await store.query(thread, {}, raw, "arrow");
  const table = tableFromIPC(body);
  const rows = table
    .toArray()
    .map((row) =>
      Object.fromEntries(
        Object.entries(row.toJSON()).map(([name, value]) => [
          name,
          typeof value === "bigint" ? Number(value) : value,
        ]),
      ),
    );
  assert.deepEqual(rows.map(withoutNulls), expected);
});

test("aggregates have the same values in every format", async (t) => {
  const { store, thread } = await start(t);
  const toMs = startMs + 60_000;
  const buckets = planBuckets({
    ...{ fromMs: startMs, toMs, width: "10s", timezone: "UTC", nowMs: toMs },
  });
  const output: BucketsOutput = {
    ...{ kind: "buckets", buckets, fields: ["W", "status"] },
    ...{ aggregates: ["first", "last"], fill: "null" },
  };
  const filter = { fromMs: startMs, toMs };
  const { data } = await store.query(thread, filter, output);
  assert.equal(data.length, 12, "six buckets of two DERs");
  assert.deepEqual(data.at(-1), {
    ...{ der_id: "der-1", timestamp: startMs + 50_000, n: 0, W_first: null, W_last: null },
  });
  const path = join(store.folder, "answer.parquet");
  const { body } = await store.query(thread, filter, output, "parquet");
  await writeFile(path, body);
  const rows = await readByDuck(store, `read_parquet(${literal(path)})`);
  assert.deepEqual(rows, data.map(withoutNulls));
});

test("an answer without rows is one in every format", async (t) => {
  const { store, thread } = await start(t);
  const nothing = { derIds: ["der-9"] };
  const { data } = await store.query(thread, nothing, raw);
  assert.deepEqual(data, []);
  const csv = await store.query(thread, nothing, raw, "csv");
  assert.equal(Buffer.from(csv.body).toString(), "der_id,timestamp\r\n");
  const ndjson = await store.query(thread, nothing, raw, "ndjson");
  assert.equal(ndjson.body.length, 0);
  const arrow = await store.query(thread, nothing, raw, "arrow");
  assert.equal(tableFromIPC(arrow.body).numRows, 0);
  const path = join(store.folder, "empty.parquet");
  await writeFile(path, (await store.query(thread, nothing, raw, "parquet")).body);
  assert.deepEqual(await readByDuck(store, `read_parquet(${literal(path)})`), []);
});

async function readByDuck(store: HistoryStore, source: string): Promise<object[]> {
  using duck = await Duck.open({
    ...{ memoryBytesMax: 64 * 1024 ** 2, threads: 1, folders: [store.folder] },
    ...{ tempDir: join(store.folder, "temp"), tempBytesMax: 1024 ** 2 },
  });
  using connection = await duck.connect();
  const { names, columns, rowCount } = await connection.query(`select * from ${source}`);
  return Array.from({ length: rowCount }, (_, row) =>
    withoutNulls(Object.fromEntries(names.map((name, at) => [name, columns[at]?.[row] ?? null]))),
  );
}
