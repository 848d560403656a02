import assert from "node:assert/strict";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Duck, literal } from "../../src/duck/database.ts";
import { cellsSql } from "../../src/history/cells.ts";
import { findSiteCells } from "../../src/history/range-cells.ts";
import { readableCellsSql, toCells } from "../../src/history/read-cells.ts";
import { HistoryStore, type Stored } from "./history-store.ts";

const dayMs = 86_400_000;
const startMs = Date.parse("2026-06-01");

test("a site's cells are the same, made by the archive or of readings, archived or not", async (t) => {
  const store = await HistoryStore.start(t);
  const duck = store.thread(t);
  const stored: Stored[] = [];
  for (let hour = 0; hour < 72; hour++) {
    for (const der_id of ["der-1", "der-2"]) {
      const timestamp = startMs + hour * 3_600_000;
      const W = (hour % 7) * 100 - 300;
      stored.push(await store.publish({ der_id, timestamp, W, total_import_Wh: hour * 50 }));
    }
  }
  const elsewhere = { siteId: "sit-2", deviceId: "dev-2" };
  stored.push(await store.publish({ der_id: "der-3", timestamp: startMs, W: 9 }, elsewhere));
  const wish = { orgId: "org-1", siteId: "sit-1", fromMs: startMs, toMs: startMs + 3 * dayMs };
  const cells = async () => {
    const found = await findSiteCells(store.sources, wish);
    const sql = readableCellsSql(found.cells.sql);
    const byTime = toCells(await duck.select({ ...found.cells, sql })).toSorted(
      (a, b) => a.quarterMs - b.quarterMs || (a.derId < b.derId ? -1 : 1),
    );
    return { cells: byTime, moment: found.moment };
  };
  const expected = await cells();
  assert.equal(expected.cells.length, 144);
  assert.equal(expected.moment.head, 145);
  await store.archive(stored.slice(0, 130), { position: 130 });
  assert.deepEqual((await cells()).cells, expected.cells, "of files and the stream");
  await makeCells(store, "2026-06-01");
  await makeCells(store, "2026-06-02");
  assert.deepEqual((await cells()).cells, expected.cells, "of cells, files and the stream");

  // A late reading that is not archived yet: that day's cells do not know of it.
  const late = { der_id: "der-1", timestamp: startMs + 60_000, W: 5_000 };
  stored.push(await store.publish(late));
  const changed = (await cells()).cells;
  assert.equal(changed.length, 144);
  assert.notDeepEqual(changed[0], expected.cells[0]);
  assert.deepEqual(changed.slice(1), expected.cells.slice(1));
});

/** As the compactor does for a day that is over. */
async function makeCells(store: HistoryStore, day: string): Promise<void> {
  const query = { orgId: "org-1", kinds: ["rows"] as const };
  const files = (await store.registry.manifest.files(query)).filter((file) => file.day === day);
  const [file] = files;
  assert.ok(file !== undefined && files.length === 1);
  const path = `cells/org=org-1/date=${day}/cells.parquet`;
  const target = join(store.folder, path);
  await mkdir(dirname(target), { recursive: true });
  using duck = await Duck.open({
    ...{ memoryBytesMax: 64 * 1024 ** 2, threads: 1, folders: [store.folder] },
    ...{ tempDir: join(store.folder, "temp"), tempBytesMax: 1024 ** 2 },
  });
  using connection = await duck.connect();
  const source = `read_parquet(${literal(join(store.folder, file.path))})`;
  await connection.run(`copy (${cellsSql(source)}) to ${literal(target)} (format parquet)`);
  const { size: bytes } = await stat(target);
  const added = [{ ...file, path, kind: "cells" as const, bytes }];
  await store.registry.manifest.commit({ added, removed: [], positions: [] });
}
