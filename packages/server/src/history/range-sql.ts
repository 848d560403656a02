import { columns as archiveColumns, type Column } from "../archive/columns.ts";
import { identifier, literal, type Value } from "../duck/database.ts";
import type { BucketPlan, PageKey, ReadingsFilter, ReadingsSource } from "./range-job.ts";

/** Values of a statement; each is bound, none stands in its text. */
export class Parameters {
  readonly values: Value[] = [];

  /** Where it stands in the statement. */
  bind(value: Value): string {
    return `$${this.values.push(value)}`;
  }

  bindAll(values: readonly Value[]): string {
    return values.map((value) => this.bind(value)).join(", ");
  }
}

export interface ReadingsSql {
  /** `with … , readings as (…)`, to be followed by a select. */
  readonly text: string;
  readonly parameters: Parameters;
}

/** The temporary table that holds what is not archived yet. */
export const tailTable = "tail";

/**
 * The readings that a source and a filter give, each once. In the files nothing is there twice; what
 * came late, and what is not archived yet, is looked for there. What was archived in order wins, then
 * what was stored first, and last what never stood in the stream.
 */
export function readingsSql(
  source: ReadingsSource,
  names: readonly string[],
  parameters = new Parameters(),
): ReadingsSql {
  const inRange = ({ timestampFirst, timestampLast }: (typeof source.files)[number]) =>
    timestampFirst < source.filter.toMs && timestampLast >= source.filter.fromMs;
  const late = source.lateFiles.filter(inRange).map(({ path }) => path);
  const hasTail = source.tail.rowCount > 0;
  const isDistinct = late.length === 0 && (!hasTail || source.isTailDistinct);
  const order = isDistinct ? [] : orderNames;
  const needed = new Set([...names, ...keyNames, ...order, ...filterNames(source.filter)]);
  const columns = archiveColumns.filter(({ name }) => needed.has(name));
  const list = columns.map(({ name }) => identifier(name)).join(", ");
  const where = filterSql(source.filter, parameters);
  const files = source.files.filter(inRange).map(({ path }) => path);
  const tail = hasTail ? [tailSql(source, columns)] : [];
  const archived = [...(files.length === 0 ? [] : [filesSql(files)]), emptySql(columns)];
  const select = (parts: readonly string[]) =>
    `select ${list} from (${parts.join(" union all by name ")}) where ${where}`;
  if (isDistinct) {
    const text = `with readings as (${select([...tail, ...archived])})`;
    return { text, parameters };
  }
  const loose = [...(late.length === 0 ? [] : [filesSql(late)]), ...tail, emptySql(columns)];
  const text = `with archived as (${select(archived)}),
    loose as (${select(loose)} qualify row_number() over (
      partition by der_id, timestamp
      order by epoch nulls last, sequence nulls last, received_at) = 1),
    readings as (select ${list} from archived union all
      select ${list} from loose where not exists (select 1 from archived
        where archived.der_id = loose.der_id and archived.timestamp = loose.timestamp))`;
  return { text, parameters };
}

const keyNames = ["der_id", "timestamp"];
/** When each DER that a filter matches was read last: which of two copies that is makes no odds. */
export function newestSql(source: ReadingsSource): ReadingsSql {
  const parameters = new Parameters();
  const needed = new Set([...keyNames, ...filterNames(source.filter)]);
  const columns = archiveColumns.filter(({ name }) => needed.has(name));
  const where = filterSql(source.filter, parameters);
  const paths = [...source.files, ...source.lateFiles].map(({ path }) => path);
  const parts = [
    ...(paths.length === 0 ? [] : [filesSql(paths)]),
    ...(source.tail.rowCount > 0 ? [tailSql(source, columns)] : []),
    emptySql(columns),
  ];
  const text = `select der_id, max(timestamp) from (${parts.join(" union all by name ")})
    where ${where} group by der_id`;
  return { text, parameters };
}

/** Which of two is the first. */
const orderNames = ["epoch", "sequence", "received_at"];

function filterNames({ siteIds, deviceId, asOf }: ReadingsFilter): readonly string[] {
  return [
    ...(siteIds === undefined ? [] : ["site_id"]),
    ...(deviceId === undefined ? [] : ["device_id"]),
    ...(asOf === undefined ? [] : orderNames),
  ];
}

function filterSql(filter: ReadingsFilter, parameters: Parameters): string {
  const { fromMs, toMs, timestampsMs, derIds, siteIds, deviceId, asOf } = filter;
  const terms = [
    `timestamp >= ${parameters.bind(fromMs)}`,
    `timestamp < ${parameters.bind(toMs)}`,
    ...(timestampsMs === undefined ? [] : [inSql("timestamp", timestampsMs, parameters)]),
    ...(derIds === undefined ? [] : [inSql("der_id", derIds, parameters)]),
    ...(siteIds === undefined ? [] : [inSql("site_id", siteIds, parameters)]),
    ...(deviceId === undefined ? [] : [`device_id = ${parameters.bind(deviceId)}`]),
  ];
  if (asOf !== undefined) {
    const [epoch, head] = [parameters.bind(asOf.epoch), parameters.bind(asOf.head)];
    const at = parameters.bind(asOf.atMs);
    terms.push(
      `case when sequence is null then received_at <= ${at}
        else epoch < ${epoch} or (epoch = ${epoch} and sequence <= ${head}) end`,
    );
  }
  return terms.join(" and ");
}

function inSql(name: string, values: readonly Value[], parameters: Parameters): string {
  return values.length === 0 ? "false" : `${name} in (${parameters.bindAll(values)})`;
}

/** Older files lack columns that came later: they are matched by name. */
function filesSql(paths: readonly string[]): string {
  const list = paths.map(literal).join(", ");
  return `select * from read_parquet([${list}], union_by_name = true, hive_partitioning = false)`;
}

/** Only columns that occur in the tail are in its table. */
function tailSql({ tail }: ReadingsSource, columns: readonly Column[]): string {
  const present = new Set(tail.columns.map(({ name }) => name));
  const list = columns.filter(({ name }) => present.has(name)).map(({ name }) => identifier(name));
  return `select ${list.join(", ")} from ${identifier(tailTable)}`;
}

/** No row, and every column: for what neither files nor tail have. */
function emptySql(columns: readonly Column[]): string {
  const list = columns.map(({ name, type }) => `null::${type} as ${identifier(name)}`);
  return `select ${list.join(", ")} where false`;
}

/** Behind where a page ended. */
export function afterSql({ timestampMs, derId }: PageKey, parameters: Parameters): string {
  const [time, der] = [parameters.bind(timestampMs), parameters.bind(derId)];
  return `(timestamp > ${time} or (timestamp = ${time} and der_id > ${der}))`;
}

/** The key of the bucket that a reading is in. Every number in it comes from the plan. */
export function bucketKeySql({ widthMs, offsets, isByOffset, starts }: BucketPlan): string {
  if (starts === undefined) return `timestamp // ${widthMs}`;
  const offset = offsetSql(offsets);
  const local = `(timestamp + ${offset})`;
  return isByOffset ? `timestamp - ${local} % ${widthMs}` : `${local} // ${widthMs}`;
}

function offsetSql(offsets: BucketPlan["offsets"]): string {
  const [first, ...changes] = offsets;
  const cases = changes.toReversed();
  if (cases.length === 0) return `${first?.offsetMs ?? 0}`;
  const whens = cases.map(
    ({ sinceMs, offsetMs }) => `when timestamp >= ${sinceMs} then ${offsetMs}`,
  );
  return `(case ${whens.join(" ")} else ${first?.offsetMs ?? 0} end)`;
}
