import { columns as archiveColumns } from "../archive/columns.ts";
import { identifier } from "../duck/database.ts";
import type { BucketsOutput } from "./range-job.ts";
import { bucketKeySql, type ReadingsSql } from "./range-sql.ts";
import type { Aggregate } from "./range-wish.ts";

/** The temporary table of the buckets whose start is no sum of their key. */
export const bucketTable = "buckets";

/** Name of the column that holds an aggregate: of one alone it is the field's own. */
function aggregateName(field: string, aggregate: Aggregate, of: readonly Aggregate[]) {
  return of.length === 1 ? field : `${field}_${aggregate}`;
}

export interface AggregateOptions {
  readonly rowsMax: number;
  /** Whether the readings are all of one DER: grouping by numbers alone is a tenth faster. */
  readonly isOneDer: boolean;
}

/** One row for each DER and bucket: der_id, timestamp (the bucket's start), n, and the aggregates. */
export function aggregateSql(
  readings: ReadingsSql,
  { buckets, fields, aggregates, fill }: BucketsOutput,
  { rowsMax, isOneDer }: AggregateOptions,
): string {
  const measures = fields.flatMap((field) =>
    aggregates.map((aggregate) => ({
      name: identifier(aggregateName(field, aggregate, aggregates)),
      sql: expressions[aggregate](identifier(field)),
    })),
  );
  const list = measures.map(({ name, sql }) => `${sql} as ${name}`);
  const [der, by] = isOneDer ? ["any_value(der_id) as der_id", "key"] : ["der_id", "der_id, key"];
  const key = `${bucketKeySql(buckets)} as key`;
  const sums = `sums as (select ${[der, key, "count(*) as n", ...list].join(", ")}
    from readings group by ${by})`;
  const names = measures.map(({ name }) => name);
  const columns = (name: (column: string) => string) =>
    ["der_id", "start as timestamp", ...["n", ...names].map(name)].join(", ");
  const order = `order by timestamp, der_id limit ${rowsMax + 1}`;
  const places = placesSql(buckets);
  if (fill === "none") {
    const from = placedSql(buckets);
    return `${readings.text}, ${places}, ${sums} select ${columns((each) => each)} from ${from} ${order}`;
  }
  // Rows beyond the last bucket to be filled, which a clock that runs ahead makes, are kept.
  const grid = `grid as (select der_id, key, start from (select distinct der_id from sums), places
      union select der_id, key, start from ${placedSql(buckets)})`;
  const filled = (each: string) => {
    if (each === "n") return "coalesce(n, 0) as n";
    return fill === "null"
      ? each
      : `last_value(${each} ignore nulls) over before_or_now as ${each}`;
  };
  return `${readings.text}, ${places}, ${sums}, ${grid}
    select ${columns(filled)} from grid left join sums using (der_id, key)
    window before_or_now as (partition by der_id order by start
      rows between unbounded preceding and current row) ${order}`;
}

/** The sums with the starts of their buckets. */
function placedSql({ starts, widthMs }: BucketsOutput["buckets"]): string {
  return starts === undefined
    ? `(select *, key * ${widthMs} as start from sums)`
    : `(select sums.*, start from sums join ${bucketTable} using (key))`;
}

/** The buckets to fill. */
function placesSql({ starts, firstMs, lastMs, widthMs }: BucketsOutput["buckets"]): string {
  return starts === undefined
    ? `places as (select range // ${widthMs} as key, range as start
        from range(${firstMs}, ${lastMs + 1}, ${widthMs}))`
    : `places as (select key, start from ${bucketTable} where start <= ${lastMs})`;
}

const expressions: Readonly<Record<Aggregate, (column: string) => string>> = {
  mean: (column) => `avg(${column})`,
  min: (column) => `min(${column})`,
  max: (column) => `max(${column})`,
  first: (column) => `arg_min(${column}, timestamp)`,
  last: (column) => `arg_max(${column}, timestamp)`,
};

const typeOf = new Map(archiveColumns.map(({ name, type }) => [name, type]));

/** The columns of what `aggregateSql` gives. */
export function aggregateColumns({ fields, aggregates }: BucketsOutput) {
  return [
    { name: "der_id", type: "VARCHAR" as const },
    { name: "timestamp", type: "BIGINT" as const },
    { name: "n", type: "BIGINT" as const },
    ...fields.flatMap((field) =>
      aggregates.map((aggregate) => ({
        name: aggregateName(field, aggregate, aggregates),
        type: typeOf.get(field) ?? ("DOUBLE" as const),
      })),
    ),
  ];
}
