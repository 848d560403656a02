import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Connection, Duck, literal } from "../../packages/server/src/duck/database.ts";
import {
  HistoryStore,
  type TestReading,
} from "../../packages/server/test/history/history-store.ts";
import { Values } from "./elision.ts";
import { readBlocks } from "./protocol-blocks.ts";

const document = await readFile(new URL("../../docs/data-tools.md", import.meta.url), "utf8");
const blocks = readBlocks(document).filter(({ language }) => language.startsWith("sql"));
const startMs = Date.parse("2026-06-01T12:00:00Z");
const endMs = startMs + 7 * 86_400_000;

test("docs/data-tools.md: DuckDB reads the archive's files as it says", async (t) => {
  const store = await HistoryStore.start(t);
  const stored = [];
  for (let hour = 0; hour < 48; hour++) {
    const timestamp = startMs + hour * 3_600_000;
    const reading: TestReading = { der_id: "der-1", timestamp, W: hour, vendor: "acme" };
    stored.push({ ...(await store.publish(reading)), hour });
  }
  await store.archive(stored);
  // Merged files stay for a while beside the new one, and what comes late may be a copy.
  await store.archive(stored);
  const copy = await store.publish({ der_id: "der-1", timestamp: startMs, W: 999 });
  await store.archive([copy], { kind: "late" });
  const values = new Values({
    ...{ archive: store.folder, org_id: "org-1", der_id: "der-1", site_id: "sit-1" },
    ...{ first_day: "2026-06-01", last_day: "2026-06-08" },
  });
  using duck = await Duck.open({
    ...{ memoryBytesMax: 256 * 1024 ** 2, folders: [store.folder] },
    ...{ tempDir: join(store.folder, "temp"), tempBytesMax: 1024 ** 2 },
  });
  using connection = await duck.connect();
  const answers = [];
  for (const { language, text, line } of blocks) {
    const sql = values
      .fill(text)
      .replaceAll("'month.parquet'", literal(join(store.folder, "month.parquet")))
      .replaceAll(/\$\{__interval_ms\}/g, "3600000")
      .replaceAll(/\$\{__from\}/g, `${startMs}`)
      .replaceAll(/\$\{__to\}/g, `${endMs}`);
    if (language.includes("icu") && !(await hasIcu(connection))) {
      t.diagnostic(`line ${line} needs the extension icu, which is not there`);
    } else if (!sql.startsWith("select")) {
      await connection.run(sql);
      // A plugin of Grafana's makes the view once for every connection that it opens.
      using other = await duck.connect();
      await other.run(sql);
    } else {
      const json = `select to_json(row)::varchar from (${sql.replace(/;\s*$/, "")}) row`;
      const { columns } = await connection.query(json);
      const rows = (columns[0] ?? []).map((row) => JSON.parse(String(row)));
      answers.push([line, rows.length]);
      if (text.includes("as quarter")) {
        assert.deepEqual(rows[0], { quarter: "2026-06-01 12:00:00", W: 0, readings: 1 });
      }
      if (language.includes("grafana")) assert.equal(rows.at(-1)?.W, 47);
      if (text.includes("as vendor")) assert.equal(rows[0]?.vendor, "acme");
    }
  }
  const counts = answers.map(([, count]) => count);
  assert.ok(counts.filter((count) => count === 48).length >= 2, `${answers}`);
});

async function hasIcu(connection: Connection): Promise<boolean> {
  return connection.run("load icu").then(
    () => true,
    () => false,
  );
}
