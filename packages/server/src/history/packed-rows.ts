import type { DuckDBValue } from "@duckdb/node-api";
import { columns } from "../archive/columns.ts";
import { type Connection, chunkRows, type Value } from "../duck/database.ts";

/**
 * Many rows of the archive's columns, in few and large parts: they go from one thread to another in
 * a moment, where a value for each cell would hold both up.
 */
export interface PackedRows {
  /** Those in which some row has a value. */
  readonly columns: readonly PackedColumn[];
  readonly rowCount: number;
}

export type PackedColumn =
  | {
      readonly name: string;
      readonly type: "BIGINT" | "DOUBLE";
      /** NaN: no value. */
      readonly numbers: Float64Array;
    }
  | {
      readonly name: string;
      readonly type: "VARCHAR" | "BOOLEAN";
      readonly distinct: readonly (string | boolean)[];
      /** Place in `distinct` of each row's value; -1: no value. */
      readonly places: Int32Array;
    };

/** Takes rows one by one, in the order of `columns`. */
export class RowPacker {
  readonly #columns: (Numbers | Places | undefined)[] = columns.map(() => undefined);
  #rowCount = 0;

  get rowCount(): number {
    return this.#rowCount;
  }

  add(row: readonly Value[]): void {
    for (const [at, { type }] of columns.entries()) {
      const value = row[at] ?? null;
      if (this.#columns[at] === undefined) {
        if (value === null) continue;
        const isNumber = type === "BIGINT" || type === "DOUBLE";
        this.#columns[at] = isNumber ? new Numbers(this.#rowCount) : new Places(this.#rowCount);
      }
      this.#columns[at]?.add(value);
    }
    this.#rowCount++;
  }

  pack(): PackedRows {
    const packed = columns.flatMap(({ name, type }, at): PackedColumn[] => {
      const column = this.#columns[at];
      if (column === undefined) return [];
      if (column instanceof Numbers && (type === "BIGINT" || type === "DOUBLE")) {
        return [{ name, type, numbers: Float64Array.from(column.values) }];
      }
      if (column instanceof Places && (type === "VARCHAR" || type === "BOOLEAN")) {
        const distinct = [...column.placeOf.keys()];
        return [{ name, type, distinct, places: Int32Array.from(column.values) }];
      }
      throw new Error(`column ${name} was packed as what it is not`);
    });
    return { columns: packed, rowCount: this.#rowCount };
  }
}

class Numbers {
  readonly values: number[];

  constructor(absent: number) {
    this.values = new Array<number>(absent).fill(Number.NaN);
  }

  add(value: Value): void {
    this.values.push(typeof value === "number" ? value : Number.NaN);
  }
}

class Places {
  readonly values: number[];
  readonly placeOf = new Map<string | boolean, number>();

  constructor(absent: number) {
    this.values = new Array<number>(absent).fill(-1);
  }

  add(value: Value): void {
    if (value === null || typeof value === "number") {
      this.values.push(-1);
      return;
    }
    const place = this.placeOf.get(value) ?? this.placeOf.size;
    if (place === this.placeOf.size) this.placeOf.set(value, place);
    this.values.push(place);
  }
}

/** Makes a temporary table of them. */
export async function makePackedTable(
  connection: Connection,
  name: string,
  { columns: packed, rowCount }: PackedRows,
): Promise<void> {
  await connection.createTable(name, packed);
  if (rowCount === 0) return;
  const appender = await connection.appender(name, packed);
  for (let start = 0; start < rowCount; start += chunkRows) {
    const end = Math.min(rowCount, start + chunkRows);
    appender.add(packed.map((column) => unpack(column, start, end)));
  }
  appender.close();
}

function unpack(column: PackedColumn, start: number, end: number): DuckDBValue[] {
  if ("numbers" in column) {
    const toDuck = column.type === "BIGINT" ? BigInt : (value: number) => value;
    return Array.from(column.numbers.subarray(start, end), (value) =>
      Number.isNaN(value) ? null : toDuck(value),
    );
  }
  const { distinct, places } = column;
  return Array.from(places.subarray(start, end), (place) => distinct[place] ?? null);
}
