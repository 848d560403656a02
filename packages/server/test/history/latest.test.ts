import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { StreamReader } from "../../src/deliver/stream-reader.ts";
import type { Select } from "../../src/history/duck-jobs.ts";
import { readLatest } from "../../src/history/latest.ts";
import { HistoryStore, type Stored } from "./history-store.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

async function start(t: TestContext) {
  const store = await HistoryStore.start(t);
  const thread = store.thread(t);
  const asked: Select[] = [];
  const parts = {
    enriched: new StreamReader(store.connection, "ENRICHED_TELEMETRY"),
    sources: store.sources,
    duck: {
      select: (job: Select, signal?: AbortSignal) => {
        asked.push(job);
        return thread.select(job, signal);
      },
    },
    now: Date.now,
  };
  const ask = async (derIds: readonly string[], siteIds: readonly string[] | "all" = "all") => {
    const place = { orgId: "org-1", siteId: "sit-1", deviceId: "dev-1" };
    const ders = derIds.map((derId) => ({ ...place, derId }));
    const { readings } = await readLatest(parts, ders, { siteIds });
    return Object.fromEntries([...readings].map(([id, { W }]) => [id, W]));
  };
  return { store, ask, asked };
}

test("the newest by its timestamp is told, whatever came last", async (t) => {
  const { store, ask } = await start(t);
  const nowMs = Date.now();
  const stored: Stored[] = [];
  const put = async (der_id: string, agoMs: number, W: number, more = {}) => {
    stored.push(await store.publish({ der_id, timestamp: nowMs - agoMs, W, ...more }));
  };
  await put("on-time", 5_000, 1);
  await put("on-time", 4_000, 2);
  // Back after an outage: what is new is followed by what was missed.
  await put("was-away", 3_000, 3);
  await put("was-away", 2 * dayMs, 4, { backfilled: true });
  // Its clock is ten minutes behind, so that everything of it is late.
  await put("behind", 700_000, 5, { backfilled: true });
  await put("behind", 600_000, 6, { backfilled: true });
  await put("hours-old", 20 * hourMs, 7, { backfilled: true });
  await put("hours-old", 30 * hourMs, 8, { backfilled: true });
  const ids = ["on-time", "was-away", "behind", "hours-old", "silent"];
  const expected = { "on-time": 2, "was-away": 3, behind: 6, "hours-old": 7 };
  assert.deepEqual(await ask(ids), expected, "out of the stream");
  await store.archive(stored.slice(0, 4), { position: 4 });
  assert.deepEqual(await ask(ids), expected, "out of both");
  await store.archive(stored.slice(4), { kind: "late" });
  // The same once more, as a gateway sends it that had no answer.
  await store.archive(stored.slice(6), { kind: "late" });
  assert.deepEqual(await ask(ids), expected, "out of the archive");
});

test("one that was silent for months is found, and only where it may be seen", async (t) => {
  const { store, ask } = await start(t);
  const nowMs = Date.now();
  const old = await store.publishOld({ der_id: "old", timestamp: nowMs - 90 * dayMs, W: 1 });
  const older = await store.publishOld({ der_id: "old", timestamp: nowMs - 91 * dayMs, W: 2 });
  assert.deepEqual(await ask(["old"]), { old: 1 });
  await store.archive([old, older], { kind: "late", stream: "BACKFILL_TELEMETRY" });
  assert.deepEqual(await ask(["old"]), { old: 1 });
  assert.deepEqual(await ask(["old"], ["sit-1"]), { old: 1 });
  assert.deepEqual(await ask(["old"], ["sit-2"]), {});
});

test("of what came before the newest nothing is read but when it was", async (t) => {
  const { store, ask, asked } = await start(t);
  const nowMs = Date.now();
  const stored: Stored[] = [];
  for (let i = 0; i < 50; i++) {
    const timestamp = nowMs - (60 - i) * 1_000;
    stored.push(await store.publish({ der_id: "d", timestamp, W: i, backfilled: true }));
  }
  await store.archive(stored);
  assert.deepEqual(await ask(["d"]), { d: 49 });
  const [times, rows, ...others] = asked.map(({ sql }) => sql);
  assert.deepEqual(others, []);
  assert.doesNotMatch(times ?? "", /"?W"?\b.*from read_parquet|row_number/);
  assert.match(rows ?? "", /timestamp in \(/);
});
