import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DuckThread, type DuckThreadOptions } from "../../src/history/duck-thread.ts";
import { until } from "../deliver/stream-hub.ts";

/** Runs for minutes where nobody ends it. */
const endless = {
  sql: "select count(*) from range(1000000000) a, range(1000000) b where hash(a.range + b.range) = 7",
  parameters: [],
  tables: [],
};
/** The same in small portions, between which others have their turn. */
const long = { ...endless, sql: "select count(*) from range(1000000000000) where hash(range) = 7" };
const one = { sql: "select 1 as one", parameters: [], tables: [] };

async function start(t: TestContext, options: Partial<DuckThreadOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "novacore-duck-"));
  const errors: string[] = [];
  const thread = new DuckThread({
    duck: {
      ...{ memoryBytesMax: 64 * 1024 ** 2, threads: 1, folders: [folder], tempDir: folder },
      tempBytesMax: 1024 ** 2,
    },
    log: { error: (_object, message) => errors.push(message) },
    ...options,
  });
  t.after(async () => {
    await thread.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { thread, folder, errors };
}

/** What the process as a whole computes meanwhile, in milliseconds. */
async function cpuMsDuring(durationMs: number): Promise<number> {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

test("a statement is answered with its rows", async (t) => {
  const { thread } = await start(t);
  const [distinct, places] = [["a'; drop table x --"], Int32Array.of(0, -1)];
  const numbers = Float64Array.of(Number.NaN, 2 ** 53 - 1);
  const rows = {
    columns: [
      { name: "name", type: "VARCHAR" as const, distinct, places },
      { name: "count", type: "BIGINT" as const, numbers },
    ],
    rowCount: 2,
  };
  const { columns } = await thread.select({
    sql: `select name, count, $1 as bound from mine order by name`,
    parameters: ["'; select 1"],
    tables: [{ name: "mine", rows }],
  });
  assert.deepEqual(columns, [
    ["a'; drop table x --", null],
    [null, 2 ** 53 - 1],
    ["'; select 1", "'; select 1"],
  ]);
});

test("a query that takes too long ends with query_timeout, and nothing of it runs on", async (t) => {
  const { thread } = await start(t, { queryMs: 100 });
  await assert.rejects(thread.select(endless), { code: "query_timeout" });
  await until(() => thread.usage.running === 0, "DuckDB has let go of it");
  assert.ok((await cpuMsDuring(200)) < 100, "the process is idle");
  assert.equal((await thread.select(one)).rowCount, 1);
});

test("when its client goes away a query is ended, running or waiting", async (t) => {
  const { thread } = await start(t, { queriesMax: 1 });
  const [running, waiting] = [new AbortController(), new AbortController()];
  const first = thread.select(endless, running.signal);
  const second = thread.select(endless, waiting.signal);
  assert.deepEqual(thread.usage, { running: 1, waiting: 1 });
  waiting.abort(new Error("gone away"));
  await assert.rejects(second, /gone away/);
  assert.deepEqual(thread.usage, { running: 1, waiting: 0 });
  running.abort(new Error("gone too"));
  await assert.rejects(first, /gone too/);
  await until(() => thread.usage.running === 0, "DuckDB has let go of it");
  assert.ok((await cpuMsDuring(200)) < 100, "the process is idle");
  await assert.rejects(thread.select(one, AbortSignal.abort(new Error("before"))), /before/);
});

test("so many run at once, so many wait, and the rest is told to come back", async (t) => {
  const { thread } = await start(t, { queriesMax: 2, waitingMax: 2, waitMs: 100 });
  const enough = new AbortController();
  const runningOnes = [1, 2].map(() => thread.select(endless, enough.signal));
  const waitingOnes = [1, 2].map(() => thread.select(one));
  await assert.rejects(async () => thread.select(one), { code: "unavailable" });
  for (const waiting of waitingOnes) await assert.rejects(waiting, { code: "unavailable" });
  enough.abort(new Error("enough"));
  for (const running of runningOnes) await assert.rejects(running, /enough/);
  await until(() => thread.usage.running === 0, "DuckDB has let go of them");
  const both = await Promise.all([1, 2].map(() => thread.select(one)));
  assert.equal(both.length, 2);
});

test("queries hold up no replay, and replays no query", async (t) => {
  const { thread } = await start(t, { queriesMax: 1, replaysMax: 1 });
  for (const [busy, other] of [
    ["answers", "replays"],
    ["replays", "answers"],
  ] as const) {
    const leaving = new AbortController();
    const selects = [1, 2].map(() => thread.select(long, leaving.signal, busy));
    const ended = Promise.allSettled(selects);
    assert.deepEqual((await thread.select(one, undefined, other)).columns, [[1]]);
    assert.deepEqual(thread.usage, { running: 1, waiting: 1 });
    leaving.abort();
    await ended;
    await until(() => thread.usage.running === 0, "the long ones have ended");
  }
});

test("a query that needs more memory than there is fails alone, and says so", async (t) => {
  const { thread } = await start(t);
  const big = "select list(a.range || repeat('x', 100)) from range(3000000) a";
  const wide = { sql: `select len(list) from (${big}) t(list)`, parameters: [], tables: [] };
  await assert.rejects(thread.select(wide), { code: "unavailable", message: /more memory/ });
  assert.equal((await thread.select(one)).rowCount, 1);
});

test("a statement reads no file beside the archive, writes none, and cannot allow itself to", async (t) => {
  const { thread, folder } = await start(t);
  const secret = `${folder}-secret.csv`;
  await writeFile(secret, "a\n1\n");
  t.after(() => rm(secret, { force: true }));
  const attempts = [
    `select * from read_csv('${secret}')`,
    `select * from '/etc/passwd'`,
    `select * from read_text('${folder}/../${folder.slice(folder.lastIndexOf("/") + 1)}-secret.csv')`,
    `copy (select 1) to '${folder}-written.csv'`,
    "set enable_external_access = true",
    "install httpfs",
    "load httpfs",
    `attach '${folder}-other.db'`,
  ];
  for (const sql of attempts) {
    await assert.rejects(thread.select({ sql, parameters: [], tables: [] }), /DuckDB: /, sql);
  }
  assert.equal(existsSync(`${folder}-written.csv`), false);
});

test("a thread that dies takes its queries with it, and the next one finds another", async (t) => {
  const { thread, errors } = await start(t, { heapMiB: 32 });
  assert.equal((await thread.select(one)).rowCount, 1);
  const sql = "select range || 'x' from range(1500000)";
  const lost = thread.select({ sql, parameters: [], tables: [] });
  await assert.rejects(lost, { code: "unavailable" });
  assert.equal((await thread.select(one)).rowCount, 1);
  assert.deepEqual(errors, ["the thread of history queries failed"]);
});

test("closing ends what runs and what waits", async (t) => {
  const { thread } = await start(t, { queriesMax: 1 });
  const both = [thread.select(endless), thread.select(one)];
  const ended = both.map((each) => assert.rejects(each, { code: "going_away" }));
  await thread.close();
  await Promise.all(ended);
});

test("queries that take long hold up nothing else in the process", async (t) => {
  const { thread, folder } = await start(t, { queriesMax: 8 });
  const enough = new AbortController();
  // More than libuv has threads for files, names and signatures.
  const running = [1, 2, 3, 4, 5, 6].map(() => thread.select(endless, enough.signal));
  await writeFile(join(folder, "other"), "x");
  await until(async () => (await cpuMsDuring(100)) > 50, "DuckDB is at work");
  assert.equal((await readFile(join(folder, "other"))).length, 1);
  enough.abort(new Error("enough"));
  for (const each of running) await assert.rejects(each, /enough/);
});
