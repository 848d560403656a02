import { identifier, literal } from "../duck/database.ts";
import { type Column, columns } from "./columns.ts";

/**
 * COPY of readings into a file of the archive: every column, those that the source lacks as NULL.
 * `read` is how the source has one, undefined where it does not; the query gives what follows FROM.
 */
export function copySql(
  file: string,
  query: string,
  read: (column: Column, index: number) => string | undefined,
): string {
  const list = columns.map((column, index) => {
    const value = read(column, index) ?? `NULL::${column.type}`;
    return `${value} as ${identifier(column.name)}`;
  });
  return `copy (select ${list.join(", ")} from ${query}) to ${literal(file)} (${parquetOptions})`;
}

/** Without a temporary file of DuckDB's own: the draft is one already. */
export const parquetOptions =
  "format parquet, compression zstd, parquet_version v2, row_group_size 40960, use_tmp_file false";
