import { columns as archiveColumns } from "../archive/columns.ts";
import { type Connection, identifier, type Value } from "../duck/database.ts";
import { limits } from "../limits.ts";
import { formatRows } from "./formats/format-rows.ts";
import { makePackedTable } from "./packed-rows.ts";
import { aggregateColumns, aggregateSql, bucketTable } from "./range-aggregate.ts";
import { tooMany } from "./range-fault.ts";
import type {
  BucketsOutput,
  Columnar,
  PageKey,
  RangeJob,
  RangeResult,
  RawOutput,
} from "./range-job.ts";
import { runLttb } from "./range-lines.ts";
import { afterSql, readingsSql, tailTable } from "./range-sql.ts";
import { makeTable } from "./range-table.ts";

/** Answers one query over readings, in the thread of DuckDB. `check` throws when nobody waits any more. */
export async function runRange(
  connection: Connection,
  job: RangeJob,
  tempDir: string,
  check: () => void,
): Promise<RangeResult> {
  const { source, output, format, head, orgId } = job;
  const isRaw = output.kind === "raw";
  if (source.tail.rowCount > 0) await makePackedTable(connection, tailTable, source.tail);
  const { rows, next } = await runOutput(connection, job, check);
  check();
  const keepsNulls = output.kind === "buckets" && output.fill !== "none";
  const body = await formatRows(withoutEmpty(rows), {
    ...{ connection, format, head, tempDir, keepsNulls },
    ...(isRaw ? { readingsOf: orgId, fields: output.fields } : { readingsOf: undefined }),
  });
  return { body, rowCount: rows.rowCount, next };
}

interface Found {
  readonly rows: Columnar;
  readonly next: PageKey | undefined;
}

async function runOutput(
  connection: Connection,
  { source, output }: RangeJob,
  check: () => void,
): Promise<Found> {
  switch (output.kind) {
    case "raw":
      return runRaw(connection, source, output, check);
    case "buckets":
      return { rows: await runBuckets(connection, source, output), next: undefined };
    case "lttb":
      return { rows: await runLttb(connection, source, output, check), next: undefined };
  }
}

async function runBuckets(
  connection: Connection,
  source: RangeJob["source"],
  output: BucketsOutput,
): Promise<Columnar> {
  const { starts } = output.buckets;
  if (starts !== undefined) {
    const names = ["key", "start"].map((name) => ({ name, type: "BIGINT" as const }));
    const values = [starts.map(([key]) => key), starts.map(([, startMs]) => startMs)];
    await makeTable(connection, bucketTable, { columns: names, values, rowCount: starts.length });
  }
  const { historyAnswerCellsMax, historyAnswerRowsMax } = limits;
  const columnCount = output.fields.length * output.aggregates.length;
  const rowsMax = Math.min(historyAnswerRowsMax, Math.floor(historyAnswerCellsMax / columnCount));
  const readings = readingsSql(source, output.fields);
  const isOneDer = source.filter.derIds?.length === 1;
  const sql = aggregateSql(readings, output, { rowsMax, isOneDer });
  const { columns: values, rowCount } = await connection.query(sql, readings.parameters.values);
  if (rowCount > rowsMax) throw tooMany(`more than ${rowsMax} points`);
  return { columns: aggregateColumns(output), values, rowCount };
}

/**
 * Pages are in the order of time, so only the first of them needs looking at: at first a day, then more
 * at a time until there are enough. How far they reach is found out of two columns; the others, eighty
 * of them, are read of that time alone.
 */
async function runRaw(
  connection: Connection,
  source: RangeJob["source"],
  { fields, limit, after }: RawOutput,
  check: () => void,
): Promise<Found> {
  const { filter } = source;
  // A page's cursor is the client's, who may have made it up.
  const fromMs = Math.max(filter.fromMs, after?.timestampMs ?? 0);
  let [startMs, spanMs, missing] = [fromMs, firstSpanMs, limit + 1];
  let lastMs = fromMs;
  while (startMs < filter.toMs && missing > 0) {
    const endMs = Math.min(filter.toMs, startMs + spanMs);
    const portion = { ...source, filter: { ...filter, fromMs: startMs, toMs: endMs } };
    const readings = readingsSql(portion, []);
    const where = after === undefined ? "" : `where ${afterSql(after, readings.parameters)}`;
    const { columns } = await connection.query(
      `${readings.text} select count(*), max(timestamp) from (
        select timestamp from readings ${where} order by timestamp, der_id limit ${missing})`,
      readings.parameters.values,
    );
    check();
    const [[count = 0] = [], [last = null] = []] = columns;
    missing -= Number(count);
    if (typeof last === "number") lastMs = last;
    startMs = endMs;
    spanMs *= spanGrowth;
  }
  // The stream's own position is no part of a reading; lists of numbers stand in `extra`.
  const all = archiveColumns.map(({ name }) => name).filter((name) => !streamNames.has(name));
  const names = fields === undefined ? all : [...fields, "extra"];
  const reached = {
    ...source,
    filter: { ...filter, fromMs, toMs: Math.min(filter.toMs, lastMs + 1) },
  };
  return readRaw(connection, reached, {
    names: [...new Set([...pageNames, ...names])],
    limit,
    after,
  });
}

const firstSpanMs = 86_400_000;
const spanGrowth = 4;
const streamNames: ReadonlySet<string> = new Set(["epoch", "sequence"]);
const pageNames = ["der_id", "timestamp"];

async function readRaw(
  connection: Connection,
  source: RangeJob["source"],
  {
    names,
    limit,
    after,
  }: Pick<RawOutput, "limit" | "after"> & { readonly names: readonly string[] },
): Promise<Found> {
  const columns = archiveColumns.filter(({ name }) => names.includes(name));
  const readings = readingsSql(source, names);
  const where = after === undefined ? "" : `where ${afterSql(after, readings.parameters)}`;
  const list = columns.map(({ name }) => identifier(name)).join(", ");
  const order = "order by timestamp, der_id";
  // Whatever a reading has besides the columns can be long: a page ends early there, never empty.
  const { columns: found, rowCount: foundCount } = await connection.query(
    `${readings.text}, page as (select ${list} from readings ${where} ${order} limit ${limit + 1}),
      sized as (select *, count(*) over () as page_rows,
        coalesce(sum(coalesce(strlen(extra), 0)) over (${order}
          rows between unbounded preceding and 1 preceding), 0) as bytes_before from page)
      select ${list}, page_rows from sized
      where bytes_before < ${limits.historyPageExtraBytesMax} ${order}`,
    readings.parameters.values,
  );
  const pageRows = found[columns.length]?.[0] ?? 0;
  const rowCount = Math.min(limit, foundCount);
  if (rowCount === pageRows)
    return { rows: { columns, values: found.slice(0, columns.length), rowCount }, next: undefined };
  const values = found.slice(0, columns.length).map((column) => column.slice(0, rowCount));
  const lastOf = (name: string) => values[columns.findIndex((each) => each.name === name)]?.at(-1);
  const next = { timestampMs: Number(lastOf("timestamp")), derId: String(lastOf("der_id")) };
  return { rows: { columns, values, rowCount }, next };
}

/** Without columns that no row has a value in; the first two always stay. */
function withoutEmpty({ columns, values, rowCount }: Columnar): Columnar {
  const isThere = (index: number) =>
    pageNames.includes(columns[index]?.name ?? "") ||
    values[index]?.some((value: Value) => value !== null) === true;
  const kept = columns.map((_, index) => index).filter(isThere);
  return {
    columns: kept.flatMap((index) => columns[index] ?? []),
    values: kept.map((index) => values[index] ?? []),
    rowCount,
  };
}
