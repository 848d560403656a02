import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Connection, literal } from "../../duck/database.ts";
import type { Columnar } from "../range-job.ts";
import { makeTable } from "../range-table.ts";

/** A Parquet file, as the archive has them. */
export async function formatParquet(
  rows: Columnar,
  connection: Connection,
  tempDir: string,
): Promise<Uint8Array<ArrayBuffer>> {
  await makeTable(connection, answerTable, rows);
  const path = join(tempDir, `${randomUUID()}.parquet`);
  try {
    await connection.run(
      `copy ${answerTable} to ${literal(path)} (format parquet, compression zstd)`,
    );
    return new Uint8Array(await readFile(path));
  } finally {
    await rm(path, { force: true });
  }
}

const answerTable = "answer";
