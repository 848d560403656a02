import { literal } from "../duck/database.ts";
import { cellColumns, cellSourceColumns, cellsSql } from "./cells.ts";
import type { Select } from "./duck-jobs.ts";
import type { DuckThread } from "./duck-thread.ts";
import { cellRange, type EnergyOptions, type SiteEnergies } from "./energy.ts";
import type { Moment, ReadingsSource } from "./range-job.ts";
import type { ReadingsSources } from "./range-source.ts";
import { Parameters, readingsSql, tailTable } from "./range-sql.ts";

export interface EnergyWish extends EnergyOptions {
  readonly orgId: string;
  readonly siteId: string;
  readonly signal?: AbortSignal | undefined;
}

/** A site's energy, put together of its cells in the thread of DuckDB. */
export async function readSiteEnergy(
  { sources, duck }: { readonly sources: ReadingsSources; readonly duck: DuckThread },
  { orgId, siteId, signal, ...energy }: EnergyWish,
): Promise<{ readonly energy: SiteEnergies; readonly moment: Moment }> {
  const { fromMs, toMs, resolution, timezone } = energy;
  const range = cellRange(fromMs, toMs, resolution, timezone);
  const { cells, moment } = await findSiteCells(sources, { orgId, siteId, ...range, signal });
  return { energy: await duck.energy(cells, energy, signal), moment };
}

export interface CellsWish {
  readonly orgId: string;
  readonly siteId: string;
  /** Quarters of an hour, whole ones. */
  readonly fromMs: number;
  /** Not part of it. */
  readonly toMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What gives the cells of a site: those that the archive has made of a day that is over, and of all
 * else what its readings give. A day's cells are made of its own readings alone, so the two do not meet.
 */
export async function findSiteCells(
  sources: ReadingsSources,
  { orgId, siteId, fromMs, toMs, signal }: CellsWish,
): Promise<{ readonly cells: Select; readonly moment: Moment }> {
  const filter = { fromMs, toMs, siteIds: [siteId] };
  const { source, cellFiles, moment } = await sources.find({
    ...{ orgId, filter, signal, withCells: true },
  });
  const parameters = new Parameters();
  const list = cellColumns.map(({ name }) => `"${name}"`).join(", ");
  const parts: string[] = [];
  if (cellFiles.length > 0) {
    parts.push(`select ${list} from read_parquet([${cellFiles.map(literal).join(", ")}])
      where site_id = ${parameters.bind(siteId)} and quarter_ms >= ${parameters.bind(fromMs)}
        and quarter_ms < ${parameters.bind(toMs)}`);
  }
  // DuckDB takes as long to plan it as to read a month of cells, so not for nothing.
  if (cellFiles.length === 0 || !isEmpty(source)) {
    const { text } = readingsSql(source, cellSourceColumns, parameters);
    parts.push(`${text} select ${list} from (${cellsSql("readings")})`);
  }
  const sql = parts.map((part) => `(${part})`).join(" union all ");
  const tables = [{ name: tailTable, rows: source.tail }];
  return { cells: { sql, parameters: parameters.values, tables }, moment };
}

function isEmpty({ files, lateFiles, tail }: ReadingsSource): boolean {
  return files.length + lateFiles.length + tail.rowCount === 0;
}
