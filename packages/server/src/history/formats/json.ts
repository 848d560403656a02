import type { Value } from "../../duck/database.ts";
import type { Columnar } from "../range-job.ts";
import { unitsOf } from "../units.ts";

export interface JsonOptions {
  /** Members of the answer beside its rows. */
  readonly head: Readonly<Record<string, unknown>>;
  /** Rows are readings of this organization, as they were stored; undefined: they are not. */
  readonly readingsOf: string | undefined;
  /** The only members that a reading was asked for; undefined: all it has. */
  readonly fields?: readonly string[] | undefined;
  /** What a DER has somewhere is null in its rows that lack it; else it is left out. */
  readonly keepsNulls: boolean;
}

/** `{…head, "units": {…}, "data": [{…}, …]}` */
export function formatJson(rows: Columnar, options: JsonOptions): Uint8Array<ArrayBuffer> {
  const units = unitsOf(rows.columns.map(({ name }) => name));
  const head = JSON.stringify({ ...options.head, units }).slice(0, -1);
  const data = [...jsonRows(rows, options)].join(",\n");
  return new TextEncoder().encode(`${head},"data":[\n${data}\n]}\n`);
}

/** A row a line. */
export function formatNdjson(rows: Columnar, options: JsonOptions): Uint8Array<ArrayBuffer> {
  const lines = [...jsonRows(rows, options)].map((line) => `${line}\n`);
  return new TextEncoder().encode(lines.join(""));
}

/**
 * Written out by hand: JSON.stringify of an object made for each row takes three times as long.
 * What has no column of its own stands in `extra`, an object's JSON, and comes back beside the rest.
 */
function* jsonRows(rows: Columnar, options: JsonOptions): Generator<string> {
  const { readingsOf, keepsNulls, fields } = options;
  const { columns, values, rowCount } = rows;
  const names = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  const extraAt = readingsOf === undefined ? -1 : columns.findIndex(({ name }) => name === "extra");
  const isSparse = keepsNulls ? absences(rows) : undefined;
  const org =
    readingsOf === undefined || fields !== undefined
      ? []
      : [`"org_id":${JSON.stringify(readingsOf)}`];
  for (let row = 0; row < rowCount; row++) {
    const members = [...org];
    for (let at = 0; at < names.length; at++) {
      const value = values[at]?.[row] ?? null;
      if (at === extraAt) {
        const inner = value === null ? "" : membersOf(String(value), fields);
        if (inner !== "") members.push(inner);
      } else if (value !== null) {
        members.push(`${names[at]}${json(value)}`);
      } else if (isSparse !== undefined && !isSparse(row, at)) {
        members.push(`${names[at]}null`);
      }
    }
    yield `{${members.join(",")}}`;
  }
}

/** The members of an object's JSON, without its braces. */
function membersOf(extra: string, fields: readonly string[] | undefined): string {
  if (fields === undefined) return extra.slice(1, -1);
  const all: object = JSON.parse(extra);
  const wanted = Object.entries(all).filter(([name]) => fields.includes(name));
  return wanted.length === 0 ? "" : JSON.stringify(Object.fromEntries(wanted)).slice(1, -1);
}

/** The mean of numbers near the end of what doubles can hold is infinite, which JSON has no word for. */
function json(value: Value): string {
  if (typeof value === "number" && !Number.isFinite(value)) return "null";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** Says of a row and a column whether the row's DER has it nowhere. */
function absences({ columns, values, rowCount }: Columnar) {
  const ders = values[columns.findIndex(({ name }) => name === "der_id")] ?? [];
  const present = columns.map((_, at) => {
    const found = new Set<Value>();
    for (let row = 0; row < rowCount; row++) {
      if ((values[at]?.[row] ?? null) !== null) found.add(ders[row] ?? null);
    }
    return found;
  });
  return (row: number, at: number) => present[at]?.has(ders[row] ?? null) !== true;
}
