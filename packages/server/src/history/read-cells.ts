import { type ReadingType, readingTypes } from "@novacore/protocol";
import type { Result } from "../duck/database.ts";
import type { Cell, CellCounter, CellPower } from "./cells.ts";

type Column = Result["columns"][number];

/** Cells as a query gave them: of `cellsSql`, or of `cellColumns` from a file. */
export function toCells({ names, columns, rowCount }: Result): Cell[] {
  // DuckDB gives no columns where there are no rows.
  if (rowCount === 0) return [];
  const column = (name: string): Column => {
    const values = columns[names.indexOf(name)];
    if (values === undefined) throw new Error(`the cells have no column ${name}`);
    return values;
  };
  const ends = (measure: string) =>
    [
      column(`${measure}_first_ms`),
      column(`${measure}_first`),
      column(`${measure}_last_ms`),
      column(`${measure}_last`),
    ] as const;
  const [siteIds, derIds] = [column("site_id"), column("der_id")];
  const [quarters, types] = [column("quarter_ms"), column("type")];
  const power = powerReader(ends("W"), column("W_in_Wh"), column("W_out_Wh"));
  const counterIn = counterReader(ends("in"), column("in_increase_Wh"));
  const counterOut = counterReader(ends("out"), column("out_increase_Wh"));
  return Array.from({ length: rowCount }, (_, row) => ({
    siteId: String(siteIds[row]),
    derId: String(derIds[row]),
    quarterMs: Number(quarters[row]),
    type: toType(types[row]),
    power: power(row),
    in: counterIn(row),
    out: counterOut(row),
  }));
}

type Ends = readonly [firstMs: Column, first: Column, lastMs: Column, last: Column];

function powerReader([firstMs, first, lastMs, last]: Ends, inWh: Column, outWh: Column) {
  return (row: number): CellPower | undefined =>
    first[row] === null
      ? undefined
      : {
          firstMs: Number(firstMs[row]),
          firstW: Number(first[row]),
          lastMs: Number(lastMs[row]),
          lastW: Number(last[row]),
          inWh: Number(inWh[row]),
          outWh: Number(outWh[row]),
        };
}

function counterReader([firstMs, first, lastMs, last]: Ends, increaseWh: Column) {
  return (row: number): CellCounter | undefined =>
    first[row] === null
      ? undefined
      : {
          firstMs: Number(firstMs[row]),
          firstWh: Number(first[row]),
          lastMs: Number(lastMs[row]),
          lastWh: Number(last[row]),
          increaseWh: Number(increaseWh[row]),
        };
}

function toType(value: unknown): ReadingType {
  const type = readingTypes.find((each) => each === value);
  if (type === undefined) throw new Error(`a cell is of ${value}, which is no type of reading`);
  return type;
}
