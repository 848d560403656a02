import { type Connection, identifier, type Value } from "../duck/database.ts";
import { limits } from "../limits.ts";
import { tooMany } from "./range-fault.ts";
import type { Columnar, LttbOutput, RangeJob } from "./range-job.ts";
import { lttb } from "./range-lttb.ts";
import { readingsSql } from "./range-sql.ts";

/** Of each DER and field the points that lttb picks; a row has the fields that it was picked for. */
export async function runLttb(
  connection: Connection,
  source: RangeJob["source"],
  output: LttbOutput,
  check: () => void,
): Promise<Columnar> {
  const derIds = await readDerIds(connection, source);
  const points: Point[] = [];
  for (const derId of derIds) {
    check();
    const filter = { ...source.filter, derIds: [derId] };
    const lines = await readLines(connection, { ...source, filter }, output.fields, check);
    const picked = lines.flatMap(({ times, values }, field) =>
      lttb(times, values, output.pointsMax).map((at) => ({
        ...{ derId, field, timestampMs: times[at] ?? 0, value: values[at] ?? 0 },
      })),
    );
    for (const point of picked) points.push(point);
    if (points.length > limits.historyAnswerRowsMax) {
      throw tooMany(`more than ${limits.historyAnswerRowsMax} points`);
    }
  }
  return toRows(points, output.fields);
}

interface Point {
  readonly derId: string;
  /** Index of the field. */
  readonly field: number;
  readonly timestampMs: number;
  readonly value: number;
}

interface Line {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

async function readDerIds(connection: Connection, source: RangeJob["source"]): Promise<string[]> {
  const known = source.filter.derIds;
  if (known?.length === 1) return [...known];
  const { text, parameters } = readingsSql(source, []);
  const sql = `${text} select distinct der_id from readings order by der_id`;
  const { columns } = await connection.query(sql, parameters.values);
  return (columns[0] ?? []).map(String);
}

/** One line for each field, of the readings that have it, in the order of time. */
async function readLines(
  connection: Connection,
  source: RangeJob["source"],
  fields: readonly string[],
  check: () => void,
): Promise<readonly Line[]> {
  const { text, parameters } = readingsSql(source, fields);
  // Nulls come one by one through arithmetic of 64 bits, ten times as slowly as NaN.
  const values = fields.map((field) => `coalesce(${identifier(field)}, 'nan'::DOUBLE)`);
  const list = ["timestamp::DOUBLE", ...values].join(", ");
  const portions: (readonly Float64Array[])[] = [];
  let count = 0;
  for await (const portion of connection.numbers(
    `${text} select ${list} from readings limit ${limits.historyLttbReadingsMax + 1}`,
    parameters.values,
  )) {
    check();
    portions.push(portion);
    count += portion[0]?.length ?? 0;
  }
  if (count > limits.historyLttbReadingsMax) {
    throw tooMany(`lttb over more than ${limits.historyLttbReadingsMax} readings of a DER`);
  }
  const column = (index: number) =>
    joined(
      portions.map((portion) => portion[index]),
      count,
    );
  const times = column(0);
  return fields.map((_, index) => inOrder(present({ times, values: column(index + 1) })));
}

function joined(parts: readonly (Float64Array | undefined)[], count: number): Float64Array {
  const whole = new Float64Array(count);
  let at = 0;
  for (const part of parts) {
    if (part === undefined) continue;
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function present(line: Line): Line {
  const { times, values } = line;
  if (!values.some(Number.isNaN)) return line;
  return {
    times: times.filter((_, index) => !Number.isNaN(values[index])),
    values: values.filter((value) => !Number.isNaN(value)),
  };
}

/** Files are in order, and as a rule one comes after the other: sorting is for what came late. */
function inOrder(line: Line): Line {
  const { times, values } = line;
  if (isRising(times)) return line;
  const indexes = Uint32Array.from(times, (_, index) => index).sort(
    (a, b) => (times[a] ?? 0) - (times[b] ?? 0),
  );
  return {
    times: Float64Array.from(indexes, (index) => times[index] ?? 0),
    values: Float64Array.from(indexes, (index) => values[index] ?? 0),
  };
}

/** A callback for each would take longer than reading them. */
function isRising(times: Float64Array): boolean {
  for (let at = 1; at < times.length; at++) {
    if ((times[at] ?? 0) < (times[at - 1] ?? 0)) return false;
  }
  return true;
}

function toRows(points: readonly Point[], fields: readonly string[]): Columnar {
  const byKey = new Map<string, { readonly point: Point; readonly values: Value[] }>();
  for (const point of points) {
    const key = `${point.timestampMs} ${point.derId}`;
    const row = byKey.get(key) ?? { point, values: new Array<Value>(fields.length).fill(null) };
    row.values[point.field] = point.value;
    byKey.set(key, row);
  }
  const rows = [...byKey.values()].sort(
    ({ point: a }, { point: b }) => a.timestampMs - b.timestampMs || (a.derId < b.derId ? -1 : 1),
  );
  return {
    columns: [
      { name: "der_id", type: "VARCHAR" },
      { name: "timestamp", type: "BIGINT" },
      ...fields.map((name) => ({ name, type: "DOUBLE" as const })),
    ],
    values: [
      rows.map(({ point }) => point.derId),
      rows.map(({ point }) => point.timestampMs),
      ...fields.map((_, index) => rows.map(({ values }) => values[index] ?? null)),
    ],
    rowCount: rows.length,
  };
}
