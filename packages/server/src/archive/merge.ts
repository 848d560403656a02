import { type Connection, identifier, literal } from "../duck/database.ts";
import { limits } from "../limits.ts";
import type { ArchiveFile } from "../registry/manifest.ts";
import type { Announce } from "./announcements.ts";
import type { Column } from "./columns.ts";
import { newFilePath } from "./file-names.ts";
import type { ArchiveFolder } from "./folder.ts";
import { copySql, parquetOptions } from "./parquet.ts";

export interface MergeOptions {
  readonly duck: Connection;
  readonly folder: ArchiveFolder;
  readonly announce: Announce;
  /** Readings of one output; a DER is never cut. */
  readonly fileRowsMax?: number;
}

export interface Merge {
  /** Of one organization and day. */
  readonly inputs: readonly ArchiveFile[];
  readonly kind: "rows" | "late";
  readonly level: number;
}

/**
 * Writes the readings of several files into one, or into several cut between DERs; of those that are
 * there twice the first of the stream stays. Resolves when they are on the disk; nothing else changes.
 */
export async function mergeFiles(
  { inputs, kind, level }: Merge,
  options: MergeOptions,
): Promise<readonly ArchiveFile[]> {
  const [first] = inputs;
  if (first === undefined) return [];
  const { duck, folder } = options;
  const { orgId, day } = first;
  await folder.fetch(inputs);
  const source = sourceOf(inputs, folder);
  const used = await usedColumns(duck, source.list);
  const hasLate = inputs.some((input) => input.kind === "late");
  if (hasLate) await findRepeats(duck, source, inputs, folder);
  const outputs: ArchiveFile[] = [];
  try {
    const ranges = await cut(duck, source.sql, inputs, options.fileRowsMax);
    for (const range of ranges) {
      const path = newFilePath({ orgId, day, what: kind });
      await options.announce([path]);
      const order = "der_id, timestamp, epoch nulls last, sequence nulls last";
      const query = `${hasLate ? source.withoutRepeats : source.sql}${range} order by ${order}`;
      const read = ({ name }: Column) => (used.has(name) ? identifier(name) : undefined);
      await duck.run(copySql(folder.draft(path), query, read));
      const bytes = await folder.publish(path);
      const facts = await readFacts(duck, folder.readable(path));
      if (facts !== undefined) outputs.push({ path, orgId, day, kind, level, bytes, ...facts });
    }
  } finally {
    if (hasLate) await duck.run(`drop table if exists ${repeats}`);
  }
  return outputs;
}

/** Writes what is made of a day's readings, in which none is there twice. */
export async function writeCells(
  inputs: readonly ArchiveFile[],
  select: (source: string) => string,
  { duck, folder, announce }: MergeOptions,
): Promise<ArchiveFile | undefined> {
  const [first] = inputs;
  if (first === undefined) return undefined;
  const { orgId, day } = first;
  await folder.fetch(inputs);
  const path = newFilePath({ orgId, day, what: "cells" });
  await announce([path]);
  const query = select(`read_parquet(${listOf(inputs, folder)})`);
  await duck.run(`copy (${query}) to ${literal(folder.draft(path))} (${parquetOptions})`);
  const bytes = await folder.publish(path);
  const { columns } = await duck.query(
    `select count(*) from read_parquet(${literal(folder.readable(path))})`,
  );
  return {
    ...{ path, orgId, day, kind: "cells", level: 0, bytes, rows: Number(columns[0]?.[0]) },
    ...{ sequences: undefined, ...extentOf(inputs) },
  };
}

function extentOf(files: readonly ArchiveFile[]) {
  const ders = files.flatMap(({ derFirst, derLast }) => [derFirst, derLast]).sort();
  return {
    timestampFirst: Math.min(...files.map(({ timestampFirst }) => timestampFirst)),
    timestampLast: Math.max(...files.map(({ timestampLast }) => timestampLast)),
    derFirst: ders[0] ?? "",
    derLast: ders.at(-1) ?? "",
  };
}

interface Source {
  readonly list: string;
  /** All readings; what it is joined with can be said after it. */
  readonly sql: string;
  readonly withoutRepeats: string;
}

function sourceOf(inputs: readonly ArchiveFile[], folder: ArchiveFolder): Source {
  const list = listOf(inputs, folder);
  return {
    list,
    sql: `read_parquet(${list})`,
    withoutRepeats:
      `read_parquet(${list}, filename = true, file_row_number = true) ` +
      `anti join ${repeats} using (filename, file_row_number)`,
  };
}

function listOf(files: readonly ArchiveFile[], folder: ArchiveFolder): string {
  return `[${files.map(({ path }) => literal(folder.readable(path))).join(", ")}]`;
}

/** Sorting carries every column along, and most hold nothing: the files say which. */
async function usedColumns(duck: Connection, list: string): Promise<ReadonlySet<string>> {
  const { columns } = await duck.query(
    `select path_in_schema from parquet_metadata(${list}) group by path_in_schema
      having bool_or(stats_null_count is null or stats_null_count < num_values)`,
  );
  return new Set(columns[0]?.map(String));
}

const repeats = "repeats";

/** A table of the rows that repeat an earlier one. Only readings in late files can have such. */
async function findRepeats(
  duck: Connection,
  { list }: Source,
  inputs: readonly ArchiveFile[],
  folder: ArchiveFolder,
): Promise<void> {
  const late = inputs.filter(({ kind }) => kind === "late");
  await duck.run(
    `create or replace temporary table ${repeats} as
      select filename, file_row_number from (
        select filename, file_row_number, row_number() over (partition by der_id, timestamp
          order by epoch nulls last, sequence nulls last, received_at, filename, file_row_number
        ) as nth
        from read_parquet(${list}, filename = true, file_row_number = true) as one
          semi join read_parquet(${listOf(late, folder)}) as late
          on one.der_id = late.der_id and one.timestamp = late.timestamp
      ) where nth > 1`,
  );
}

/** What to say after the source for each output: one, or ranges of DERs of at most so many rows. */
async function cut(
  duck: Connection,
  source: string,
  inputs: readonly ArchiveFile[],
  fileRowsMax: number = limits.archiveFileRowsMax,
): Promise<readonly string[]> {
  const total = inputs.reduce((sum, { rows }) => sum + rows, 0);
  if (total <= fileRowsMax) return [""];
  const counts = await duck.query(
    `select der_id, count(*) from ${source} group by der_id order by der_id`,
  );
  const [ders = [], rows = []] = counts.columns;
  const starts: string[] = [];
  let gathered = 0;
  for (const [index, der] of ders.entries()) {
    const count = Number(rows[index]);
    if (index > 0 && gathered + count > fileRowsMax) {
      starts.push(literal(String(der)));
      gathered = 0;
    }
    gathered += count;
  }
  return [undefined, ...starts].map((start, index) => {
    const end = starts[index];
    const bounds = [
      ...(start === undefined ? [] : [`der_id >= ${start}`]),
      ...(end === undefined ? [] : [`der_id < ${end}`]),
    ];
    return bounds.length === 0 ? "" : ` where ${bounds.join(" and ")}`;
  });
}

/** Undefined: there is nothing in it. Of several epochs the newest counts: older cursors end in a reset. */
async function readFacts(duck: Connection, file: string) {
  const { columns } = await duck.query(
    `with readings as (select * from read_parquet(${literal(file)})), newest as (
      select epoch, min(sequence) as first, max(sequence) as last from readings
      where sequence is not null group by epoch order by epoch desc limit 1)
    select count(*), min(timestamp), max(timestamp), min(der_id), max(der_id),
      (select epoch from newest), (select first from newest), (select last from newest)
    from readings`,
  );
  const [rows, timestampFirst, timestampLast, derFirst, derLast, epoch, first, last] = columns.map(
    (column) => column[0] ?? null,
  );
  if (Number(rows) === 0) return undefined;
  return {
    ...{ rows: Number(rows), derFirst: String(derFirst), derLast: String(derLast) },
    ...{ timestampFirst: Number(timestampFirst), timestampLast: Number(timestampLast) },
    sequences:
      epoch === null
        ? undefined
        : { epoch: Number(epoch), first: Number(first), last: Number(last) },
  };
}
