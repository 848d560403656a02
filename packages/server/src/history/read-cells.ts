import { type ReadingType, readingTypes } from "@novacore/protocol";
import type { Result } from "../duck/database.ts";
import { type Cell, type CellCounter, type CellPower, cellColumns } from "./cells.ts";

type Column = Result["columns"][number];

/**
 * SELECT of the cells that another one gives, in the order of DER and time, in a form that is fast to
 * read: made into values one by one, texts and 64-bit integers take longer than DuckDB's whole work.
 * So a DER's id stands at its first cell alone, and all else is DOUBLE.
 */
export function readableCellsSql(cells: string): string {
  const numbers = cellColumns.filter(({ type }) => type !== "VARCHAR");
  const types = readingTypes.map((type) => `'${type}'`).join(", ");
  return `select case when lag(cells.der_id) over way is distinct from cells.der_id then cells.der_id end as der_id,
      list_position([${types}], type)::double as type_place,
      ${numbers.map(({ name }) => `"${name}"::double as "${name}"`).join(", ")}
    from (${cells}) as cells window way as (order by cells.der_id, quarter_ms) order by cells.der_id, quarter_ms`;
}

/** What a query of `readableCellsSql` gave. */
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
  const [derIds, quarters, typePlaces] = [
    column("der_id"),
    column("quarter_ms"),
    column("type_place"),
  ];
  const power = powerReader(ends("W"), column("W_in_Wh"), column("W_out_Wh"));
  const counterIn = counterReader(ends("in"), column("in_increase_Wh"));
  const counterOut = counterReader(ends("out"), column("out_increase_Wh"));
  let derId = "";
  return Array.from({ length: rowCount }, (_, row) => {
    derId = String(derIds[row] ?? derId);
    return {
      derId,
      quarterMs: Number(quarters[row]),
      type: toType(typePlaces[row]),
      power: power(row),
      in: counterIn(row),
      out: counterOut(row),
    };
  });
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

/** List positions begin at 1. */
function toType(place: unknown): ReadingType {
  const type = readingTypes[Number(place) - 1];
  if (type === undefined) throw new Error("a cell is of what is no type of reading");
  return type;
}
