import type { Connection } from "../../duck/database.ts";
import type { Columnar } from "../range-job.ts";
import { formatCsv } from "./csv.ts";
import type { Format } from "./format.ts";
import { formatJson, formatNdjson, type JsonOptions } from "./json.ts";
import { formatParquet } from "./parquet.ts";

export interface FormatOptions extends JsonOptions {
  readonly connection: Connection;
  readonly format: Format;
  /** Where a file may stand for a moment. */
  readonly tempDir: string;
}

/** Rows as the bytes of an answer. */
export async function formatRows(
  rows: Columnar,
  options: FormatOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  switch (options.format) {
    case "json":
      return formatJson(rows, options);
    case "ndjson":
      return formatNdjson(rows, options);
    case "csv":
      return formatCsv(rows);
    case "parquet":
      return formatParquet(rows, options.connection, options.tempDir);
    case "arrow": {
      // Loading it takes longer than most queries, and few ask for it.
      const { formatArrow } = await import("./arrow.ts");
      return formatArrow(rows);
    }
  }
}
