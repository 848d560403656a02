import { type ColumnType, type Connection, chunkRows, type Value } from "../duck/database.ts";
import type { Columnar } from "./range-job.ts";

/** Makes a temporary table of some rows. */
export async function makeTable(
  connection: Connection,
  name: string,
  { columns, values, rowCount }: Columnar,
): Promise<void> {
  await connection.createTable(name, columns);
  if (rowCount === 0) return;
  const appender = await connection.appender(name, columns);
  for (let start = 0; start < rowCount; start += chunkRows) {
    appender.add(
      columns.map(({ type }, at) =>
        toDuck(values[at]?.slice(start, start + chunkRows) ?? [], type),
      ),
    );
  }
  appender.close();
}

/** A BIGINT is a number here, and a bigint there. */
function toDuck(values: readonly Value[], type: ColumnType) {
  if (type !== "BIGINT") return values;
  return values.map((value) => (typeof value === "number" ? BigInt(value) : null));
}
