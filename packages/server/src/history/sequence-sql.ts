import { columns } from "../archive/columns.ts";
import { identifier, literal } from "../duck/database.ts";
import { Parameters } from "./range-sql.ts";
import type { PlacedFile } from "./sequence-files.ts";

/** Which readings of some files count. */
export interface SequenceFilter {
  readonly epoch: number;
  readonly after: number;
  readonly upTo: number;
  /** Of each organization the sites; undefined: all. */
  readonly siteIds?: ReadonlyMap<string, readonly string[]>;
  readonly types?: readonly string[] | undefined;
  readonly deviceIds?: readonly string[] | undefined;
  readonly derIds?: readonly string[] | undefined;
  readonly sequences?: readonly number[];
}

export interface SequenceStatement {
  readonly sql: string;
  readonly parameters: Parameters;
}

/** Where an answer says whose organization a row is of: a place in the list of organizations. */
const orgColumn = "archive_org";
const isLastColumn = "archive_is_last";

export interface PageShape {
  /** Columns that are wanted: those that hold anything. */
  readonly names: readonly string[];
  readonly countMax: number;
  readonly bytesMax: number;
}

/**
 * The first readings in the order of the stream, at most so many and so many bytes, the first one in
 * any case. Where a writer had to begin anew a reading may be there twice, and comes once.
 */
export function pageSql(
  files: readonly PlacedFile[],
  filter: SequenceFilter,
  { names, countMax, bytesMax }: PageShape,
): SequenceStatement {
  const parameters = new Parameters();
  const count = parameters.bind(countMax);
  const heads = sourceSql(files, filter, parameters, ["sequence"]);
  const extra = names.includes("extra") ? "coalesce(length(extra), 0)" : "0";
  const rows = sourceSql(files, filter, parameters, names);
  const list = [orgColumn, ...names].map(identifier).join(", ");
  // Finding the place by the sequences alone first halves the time: the other columns are not read.
  const sql = `with heads as (select sequence from (${heads}) order by sequence limit ${count}),
    page as (select * from (${rows}) where sequence <= (select max(sequence) from heads)
      qualify row_number() over (partition by ${orgColumn}, sequence) = 1),
    measured as (select *, row_number() over earlier as archive_nth, count(*) over () as archive_count,
      sum(${usualBytes} + ${extra}) over earlier as archive_bytes
      from page window earlier as (order by sequence rows unbounded preceding))
    select ${list}, archive_nth = archive_count and (select count(*) < ${count} from heads)
      as ${isLastColumn}
    from measured where archive_bytes <= ${parameters.bind(bytesMax)} or archive_nth = 1
    order by sequence`;
  return { sql, parameters };
}

/** A reading without what stands in `extra`. */
const usualBytes = 400;

/** Where the newest reading of each DER is, by its own clock. */
export function newestSql(files: readonly PlacedFile[], filter: SequenceFilter): SequenceStatement {
  const parameters = new Parameters();
  const source = sourceSql(files, filter, parameters, ["der_id", "timestamp", "sequence"]);
  const sql = `select der_id, max(timestamp), arg_max(sequence, timestamp) from (${source})
    group by der_id`;
  return { sql, parameters };
}

/** The first sequence that arrived since a time, and whether any had arrived before. */
export function arrivedSql(
  files: readonly PlacedFile[],
  filter: SequenceFilter,
  timeMs: number,
): SequenceStatement {
  const parameters = new Parameters();
  const source = sourceSql(files, filter, parameters, ["received_at", "sequence"]);
  const time = parameters.bind(timeMs);
  const sql = `select min(sequence) filter (received_at >= ${time}),
    coalesce(bool_or(received_at < ${time}), false) from (${source})`;
  return { sql, parameters };
}

function sourceSql(
  files: readonly PlacedFile[],
  filter: SequenceFilter,
  parameters: Parameters,
  names: readonly string[],
): string {
  const orgIds = orgIdsOf(files);
  const ofOrgs = orgIds.map((orgId, index) => {
    const paths = files.filter((file) => file.orgId === orgId).map(({ path }) => literal(path));
    const where = filterSql(filter, orgId, parameters);
    const list = names.map(identifier).join(", ");
    // Older files lack columns that came later.
    return `select ${index} as ${orgColumn}, ${list} from (
      select * from read_parquet([${paths.join(", ")}], union_by_name = true, hive_partitioning = false)
      union all by name ${emptySql}) where ${where}`;
  });
  return ofOrgs.join(" union all ");
}

/** Each once, in the order in which `orgColumn` numbers them. */
export function orgIdsOf(files: readonly PlacedFile[]): readonly string[] {
  return [...new Set(files.map(({ orgId }) => orgId))];
}

const emptySql = `select ${columns
  .map(({ name, type }) => `null::${type} as ${identifier(name)}`)
  .join(", ")} where false`;

function filterSql(filter: SequenceFilter, orgId: string, parameters: Parameters): string {
  const { epoch, after, upTo, siteIds, types, deviceIds, derIds, sequences } = filter;
  const isOneOf = (name: string, values: readonly (string | number)[] | undefined) => {
    if (values === undefined) return [];
    return [values.length === 0 ? "false" : `${name} in (${parameters.bindAll(values)})`];
  };
  return [
    `epoch = ${parameters.bind(epoch)}`,
    `sequence > ${parameters.bind(after)}`,
    `sequence <= ${parameters.bind(upTo)}`,
    ...isOneOf("site_id", siteIds && (siteIds.get(orgId) ?? [])),
    ...isOneOf("type", types),
    ...isOneOf("device_id", deviceIds),
    ...isOneOf("der_id", derIds),
    ...isOneOf("sequence", sequences),
  ].join(" and ");
}
