import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { columns, memberColumns, parseReading, toRow } from "../../src/archive/columns.ts";
import { LocalFolder } from "../../src/archive/folder.ts";
import { Gathering } from "../../src/archive/gathering.ts";
import { writeFiles } from "../../src/archive/write-files.ts";
import { Duck, identifier, literal } from "../../src/duck/database.ts";
import { atEnd } from "../nats/at-end.ts";

const epoch = 1_790_000_000_123;
const midnight = Date.parse("2026-06-01");

/** Each column now and then, as a flag, a text or a number, with what has no column besides. */
function readingOf(index: number): object {
  const members = memberColumns
    .filter((_, column) => (index * 7 + column) % 5 === 0)
    .map(({ name, type }, column) => {
      if (type === "BOOLEAN") return [name, column % 2 === 0];
      return [name, type === "VARCHAR" ? `ü\u0000'${column}` : (index - 50) * 1.1 ** column];
    });
  return {
    ...{ type: "v2x_charger", timestamp: midnight + ((index * 37) % 100), der_name: "main" },
    ...Object.fromEntries(members),
    ...(index % 3 === 0 && { backfilled: index % 2 === 0, upper_limit_W: [1, 0, index] }),
    ...(index % 4 === 0 && { make: index, vendor: { text: "…" }, org_id: "org-1" }),
    received_at: midnight + 500 + index,
  };
}

test("what is read from a file is what toRow makes of the reading, whichever members it has", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "novacore-archive-"));
  atEnd(t, () => rmSync(root, { recursive: true, force: true }));
  using duck = await Duck.open({
    ...{ memoryBytesMax: 512 * 1024 ** 2, threads: 1, tempBytesMax: 1024 ** 3 },
    ...{ folders: [root], tempDir: join(root, "temp") },
  });
  using connection = await duck.connect();
  const folder = new LocalFolder(root);
  const gathering = new Gathering();
  const expected = new Map<number, unknown>();
  for (let index = 0; index < 5_000; index++) {
    const derId = `der-${index % 3}`;
    const address = { orgId: "org-1", siteId: "sit-1", deviceId: "dev-1", derId };
    const payload = Buffer.from(JSON.stringify(readingOf(index)));
    const reading = parseReading(payload);
    const { timestamp } = reading;
    assert.ok(typeof timestamp === "number");
    const sequence = index + 1;
    gathering.add({ address, reading, timestampMs: timestamp, sequence, kind: "late" });
    expected.set(sequence, toRow(payload, address, { epoch, sequence }));
  }
  const announced: string[] = [];
  const [file, ...others] = await writeFiles(gathering.files, {
    ...{ duck: connection, folder, epoch, keepsPlace: true },
    announce: async (paths) => void announced.push(...paths),
  });
  assert.ok(file !== undefined && others.length === 0);
  assert.deepEqual(announced, [file.path]);
  assert.deepEqual([file.rows, file.derFirst, file.derLast], [5_000, "der-0", "der-2"]);
  assert.deepEqual(file.sequences, { epoch, first: 1, last: 5_000 });

  const list = columns.map(({ name }) => identifier(name)).join(", ");
  const { columns: read } = await connection.query(
    `select sequence, file_row_number, ${list} from read_parquet(
      ${literal(folder.readable(file.path))}, file_row_number = true) order by file_row_number`,
  );
  const [sequences = [], , ...values] = read;
  let before = "";
  for (const [row, sequence] of sequences.entries()) {
    const found = values.map((column) => column[row] ?? null);
    assert.deepEqual(found, expected.get(Number(sequence)));
    const place = [found[0], found[1], String(sequence).padStart(5, "0")].join(" ");
    assert.ok(place > before, `${place} comes after ${before}`);
    before = place;
  }
});
