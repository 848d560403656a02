import type { Connection } from "../duck/database.ts";
import { limits } from "../limits.ts";
import type { Job } from "./duck-jobs.ts";
import { assembleEnergy, type SiteEnergies } from "./energy.ts";
import { tooMany } from "./range-fault.ts";
import { readableCellsSql, toCells } from "./read-cells.ts";
import { select } from "./select.ts";

/** Reads a site's cells and puts its energy together, in the thread of DuckDB. */
export async function runEnergy(
  connection: Connection,
  { cells, energy }: Extract<Job, { kind: "energy" }>,
  check: () => void,
): Promise<SiteEnergies> {
  const cellsMax = limits.energyCellsReadMax;
  const found = await select(connection, {
    ...cells,
    sql: readableCellsSql(`${cells.sql} limit ${cellsMax + 1}`),
  });
  check();
  if (found.rowCount > cellsMax) throw tooMany(`more than ${cellsMax} quarters of its DERs`);
  return assembleEnergy(toCells(found), energy);
}
