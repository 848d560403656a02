import { literal } from "../duck/database.ts";
import { type Cell, cellColumns, cellSourceColumns, cellsSql } from "./cells.ts";
import type { DuckThread } from "./duck-thread.ts";
import type { Moment } from "./range-job.ts";
import type { ReadingsSources } from "./range-source.ts";
import { readingsSql, tailTable } from "./range-sql.ts";
import { toCells } from "./read-cells.ts";

export interface CellsWish {
  readonly orgId: string;
  readonly siteId: string;
  /** Quarters of an hour, whole ones. */
  readonly fromMs: number;
  /** Not part of it. */
  readonly toMs: number;
  readonly signal?: AbortSignal;
}

/**
 * The cells of a site: those that the archive has made of a day that is over, and of all else what its
 * readings give. A day's cells are made of its own readings alone, so that the two do not meet.
 */
export async function readSiteCells(
  { sources, duck }: { readonly sources: ReadingsSources; readonly duck: DuckThread },
  { orgId, siteId, fromMs, toMs, signal }: CellsWish,
): Promise<{ readonly cells: readonly Cell[]; readonly moment: Moment }> {
  const filter = { fromMs, toMs, siteIds: [siteId] };
  const { source, cellFiles, moment } = await sources.find({
    ...{ orgId, filter, signal, withCells: true },
  });
  const { text, parameters } = readingsSql(source, cellSourceColumns);
  const list = cellColumns.map(({ name }) => `"${name}"`).join(", ");
  const made =
    cellFiles.length === 0
      ? ""
      : `select ${list} from read_parquet([${cellFiles.map(literal).join(", ")}])
          where site_id = ${parameters.bind(siteId)} and quarter_ms >= ${parameters.bind(fromMs)}
            and quarter_ms < ${parameters.bind(toMs)} union all `;
  const sql = `${text} ${made} select ${list} from (${cellsSql("readings")})`;
  const tables = [{ name: tailTable, rows: source.tail }];
  const found = await duck.select({ sql, parameters: parameters.values, tables }, signal);
  return { cells: toCells(found), moment };
}
