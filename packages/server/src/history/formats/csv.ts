import type { Value } from "../../duck/database.ts";
import type { Columnar } from "../range-job.ts";

/** RFC 4180 with a line of names; what is absent is empty. */
export function formatCsv({ columns, values, rowCount }: Columnar): Uint8Array<ArrayBuffer> {
  const lines = [columns.map(({ name }) => cell(name)).join(",")];
  for (let row = 0; row < rowCount; row++) {
    lines.push(values.map((column) => cell(column[row] ?? null)).join(","));
  }
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n`);
}

function cell(value: Value): string {
  if (value === null || value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
    return "";
  }
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
