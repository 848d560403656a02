import {
  type ColumnAppender,
  type ColumnType,
  type Connection,
  chunkRows,
  identifier,
} from "../duck/database.ts";
import type { ArchiveFile } from "../registry/manifest.ts";
import type { Announce } from "./announcements.ts";
import { type Column, columns, placeColumns } from "./columns.ts";
import { newFilePath } from "./file-names.ts";
import type { ArchiveFolder } from "./folder.ts";
import type { GatheredFile } from "./gathering.ts";
import { copySql } from "./parquet.ts";

export interface WriteOptions {
  readonly duck: Connection;
  readonly folder: ArchiveFolder;
  /** Of the stream that the readings came from. */
  readonly epoch: number;
  /** Whether it is the stream of all cursors, so that rows tell where they stood in it. */
  readonly keepsPlace: boolean;
  readonly announce: Announce;
}

/** Writes the files; when it resolves, they are on the disk. */
export async function writeFiles(
  gathered: readonly GatheredFile[],
  options: WriteOptions,
): Promise<readonly ArchiveFile[]> {
  if (gathered.length === 0) return [];
  const { duck, folder, epoch, keepsPlace } = options;
  const named = gathered.map((file) => {
    const { orgId, day, kind: what, sequenceFirst: first, sequenceLast: last } = file;
    return { file, path: newFilePath({ orgId, day, what, from: { epoch, first, last } }) };
  });
  await options.announce(named.map(({ path }) => path));
  const used = columns.map((_, index) =>
    gathered.some(({ ders }) => ders.values().some((rows) => rows.has(index))),
  );
  await load(duck, gathered, used);
  const read = readerOf(used, keepsPlace ? epoch : undefined);
  const publishing: Promise<number>[] = [];
  try {
    for (const [index, { path }] of named.entries()) {
      const query = `${table} where ${fileColumn} = ${index}`;
      await duck.run(copySql(folder.draft(path), query, read));
      const published = folder.publish(path);
      // It is looked at below; until then a failure is not one that nobody sees.
      published.catch(() => undefined);
      publishing.push(published);
    }
  } finally {
    // Also after a failure, so that no file appears behind the back of whoever cleans up.
    await Promise.allSettled(publishing);
    await duck.run(`drop table ${table}`);
  }
  const sizes = await Promise.all(publishing);
  return named.map(({ file, path }, index) => describe(file, path, sizes[index] ?? 0, options));
}

function describe(
  file: GatheredFile,
  path: string,
  bytes: number,
  { epoch, keepsPlace }: WriteOptions,
): ArchiveFile {
  const { orgId, day, kind, rows, timestampFirst, timestampLast } = file;
  const ders = [...file.ders.keys()].sort();
  return {
    ...{ path, orgId, day, kind, level: 0, rows, bytes, timestampFirst, timestampLast },
    ...{ derFirst: ders[0] ?? "", derLast: ders.at(-1) ?? "" },
    sequences: keepsPlace
      ? { epoch, first: file.sequenceFirst, last: file.sequenceLast }
      : undefined,
  };
}

const table = "gathered";
const fileColumn = "archive_file";

/** Every file's rows in one table, in their final order: making a table takes as long as a file. */
async function load(
  duck: Connection,
  files: readonly GatheredFile[],
  used: readonly boolean[],
): Promise<void> {
  const usedIndexes = used.flatMap((isUsed, index) => (isUsed ? [index] : []));
  const head = { name: fileColumn, type: "DOUBLE" } as const;
  const list = [head, ...usedIndexes.map((index) => loadedAs(columns[index]))];
  await duck.createTable(table, list);
  const appender = await duck.appender(table, list);
  const chunk = new Chunk(appender, list.length);
  for (const [fileIndex, { ders }] of files.entries()) {
    const sorted = [...ders].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [, rows] of sorted) {
      const order = rows.order();
      for (let start = 0; start < order.length; ) {
        const portion = order.slice(start, start + chunk.room);
        for (let i = 0; i < portion.length; i++) chunk.columns[0]?.push(fileIndex);
        usedIndexes.forEach((index, at) => {
          const target = chunk.columns[at + 1];
          if (target !== undefined) rows.copyTo(target, index, portion);
        });
        chunk.added();
        start += portion.length;
      }
    }
  }
  chunk.flush();
  appender.close();
}

class Chunk {
  readonly columns: (string | number | null)[][];
  readonly #appender: ColumnAppender;

  constructor(appender: ColumnAppender, columnCount: number) {
    this.#appender = appender;
    this.columns = Array.from({ length: columnCount }, () => []);
  }

  get room(): number {
    return chunkRows - (this.columns[0]?.length ?? 0);
  }

  added(): void {
    if (this.room === 0) this.flush();
  }

  flush(): void {
    if (this.room === chunkRows) return;
    this.#appender.add(this.columns);
    for (const column of this.columns) column.length = 0;
  }
}

/**
 * Everything but texts travels as DOUBLE with NaN for what is absent: marking a value as NULL takes
 * ten times as long as setting it, and most are. Integers up to 2^53 pass through unchanged.
 */
function loadedAs(column: Column | undefined): { name: string; type: ColumnType } {
  const { name, type } = column ?? { name: "", type: "DOUBLE" };
  return { name, type: type === "VARCHAR" ? type : "DOUBLE" };
}

function readerOf(used: readonly boolean[], epoch: number | undefined) {
  return ({ name, type }: Column, index: number): string | undefined => {
    const isPlace = index === placeColumns.sequence || index === placeColumns.epoch;
    if (isPlace && epoch === undefined) return undefined;
    if (index === placeColumns.epoch) return `${epoch}::BIGINT`;
    if (!used[index]) return undefined;
    const value = identifier(name);
    if (type === "VARCHAR") return value;
    const number = `nullif(${value}, 'NaN'::DOUBLE)`;
    return type === "DOUBLE" ? number : `${number}::${type}`;
  };
}
