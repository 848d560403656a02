import type { Connection, Result } from "../duck/database.ts";
import type { Select } from "./duck-jobs.ts";
import { makePackedTable } from "./packed-rows.ts";

/** Runs one statement, and makes its tables before. */
export async function select(
  connection: Connection,
  { sql, parameters, tables }: Select,
): Promise<Result> {
  for (const { name, rows } of tables) {
    if (rows.rowCount > 0) await makePackedTable(connection, name, rows);
  }
  return connection.query(sql, parameters);
}
