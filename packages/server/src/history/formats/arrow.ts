import {
  Bool,
  type DataType,
  Float64,
  Int64,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import type { Value } from "../../duck/database.ts";
import type { Columnar } from "../range-job.ts";

/** An Arrow IPC stream; what is absent is null. */
export function formatArrow({ columns, values }: Columnar): Uint8Array<ArrayBuffer> {
  const vectors = columns.map(({ name, type }, index) => {
    const column = values[index] ?? [];
    const given = type === "BIGINT" ? column.map(toBigInt) : column;
    return [name, vectorFromArray<DataType>(given, arrowTypes[type])] as const;
  });
  return new Uint8Array(tableToIPC(new Table(Object.fromEntries(vectors)), "stream"));
}

const arrowTypes = {
  VARCHAR: new Utf8(),
  BIGINT: new Int64(),
  DOUBLE: new Float64(),
  BOOLEAN: new Bool(),
};

function toBigInt(value: Value): bigint | null {
  return typeof value === "number" ? BigInt(value) : null;
}
