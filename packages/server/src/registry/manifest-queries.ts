import type { Kysely, Selectable, Transaction } from "kysely";
import type {
  ArchiveDay,
  ArchivedPosition,
  ArchiveFile,
  DayBasis,
  FileQuery,
  PositionMove,
} from "./manifest.ts";
import type { ArchiveFileRow, Tables } from "./tables.ts";
import { dayOf } from "./utc-day.ts";

/** Throws when the position is not where it has to be. */
export async function movePosition(
  trx: Transaction<Tables>,
  { stream, part, epoch, sequence, from }: PositionMove,
): Promise<void> {
  const insert = trx.insertInto("archive_positions").values({ stream, part, epoch, sequence });
  if (from === undefined) {
    await insert
      .onConflict((conflict) =>
        conflict.columns(["stream", "part"]).doUpdateSet({ epoch, sequence }),
      )
      .execute();
    return;
  }
  const moved =
    from === null
      ? (await insert.onConflict((conflict) => conflict.doNothing()).executeTakeFirst())
          .numInsertedOrUpdatedRows
      : (
          await trx
            .updateTable("archive_positions")
            .set({ epoch, sequence })
            .where("stream", "=", stream)
            .where("part", "=", part)
            .where("epoch", "=", from.epoch)
            .where("sequence", "=", from.sequence)
            .executeTakeFirst()
        ).numUpdatedRows;
  if (moved !== 1n) {
    throw new Error(`${stream} is archived by another hub as well; one partition takes one hub`);
  }
}

/** Takes announced files out of the garbage. Throws when one is not there any more. */
export async function keepAnnounced(
  trx: Transaction<Tables>,
  paths: readonly string[],
): Promise<void> {
  const { numDeletedRows } = await trx
    .deleteFrom("archive_garbage")
    .where("path", "in", paths)
    .executeTakeFirst();
  if (numDeletedRows !== BigInt(paths.length)) {
    throw new Error(`one of ${paths.length} files took so long that it was given up`);
  }
}

export async function assertUnchanged(
  trx: Transaction<Tables>,
  { orgId, day, paths }: DayBasis,
): Promise<void> {
  const rows = await trx
    .selectFrom("archive_files")
    .select("path")
    .where("org_id", "=", orgId)
    .where("day", "=", day)
    .where("kind", "in", ["rows", "late"])
    .execute();
  const isSame = rows.length === paths.length && rows.every(({ path }) => paths.includes(path));
  if (!isSame) throw new Error(`the files of ${orgId} on ${day} have changed meanwhile`);
}

/** What was made of the readings of these days, without the ones that come now. */
export async function dropCells(
  trx: Transaction<Tables>,
  added: readonly ArchiveFile[],
): Promise<void> {
  const days = new Map(added.map(({ orgId, day }) => [`${orgId} ${day}`, { orgId, day }]));
  for (const { orgId, day } of days.values()) {
    const cells = await trx
      .selectFrom("archive_files")
      .select("path")
      .where("org_id", "=", orgId)
      .where("day", "=", day)
      .where("kind", "=", "cells")
      .execute();
    if (cells.length > 0) {
      await removeFiles(
        trx,
        cells.map(({ path }) => path),
      );
    }
  }
}

export async function removeFiles(
  trx: Transaction<Tables>,
  paths: readonly string[],
): Promise<void> {
  const removed_at = new Date().toISOString();
  const { numDeletedRows } = await trx
    .deleteFrom("archive_files")
    .where("path", "in", paths)
    .executeTakeFirst();
  if (numDeletedRows !== BigInt(paths.length)) {
    throw new Error(`${paths.join(", ").slice(0, 1_000)}: not part of the archive any more`);
  }
  await trx
    .insertInto("archive_garbage")
    .values(paths.map((path) => ({ path, removed_at })))
    .execute();
}

export async function addFiles(
  trx: Transaction<Tables>,
  files: readonly ArchiveFile[],
): Promise<void> {
  await trx.insertInto("archive_files").values(files.map(toRow)).execute();
}

/** Every day of which there are files. */
export async function readDays(db: Kysely<Tables>): Promise<readonly ArchiveDay[]> {
  const rows = await db
    .selectFrom("archive_files")
    .select(["org_id", "day"])
    .distinct()
    .orderBy("org_id")
    .orderBy("day")
    .execute();
  return rows.map((row) => ({ orgId: row.org_id, day: row.day }));
}

export async function readFiles(
  db: Kysely<Tables>,
  { orgId, kinds, timestamps, after }: FileQuery,
): Promise<readonly ArchiveFile[]> {
  let query = db
    .selectFrom("archive_files")
    .selectAll()
    .where("org_id", "=", orgId)
    .where("kind", "in", kinds);
  if (timestamps !== undefined) {
    query = query
      .where("day", ">=", dayOf(timestamps.first))
      .where("day", "<=", dayOf(timestamps.last))
      .where("timestamp_last", ">=", timestamps.first)
      .where("timestamp_first", "<=", timestamps.last);
  }
  if (after !== undefined) {
    query = query.where(({ and, eb, or }) =>
      or([
        and([eb("epoch", "=", after.epoch), eb("sequence_last", ">", after.sequence)]),
        // Of the epochs in a merged file only the newest has its sequences told.
        and([eb("epoch", ">", after.epoch), eb("level", ">", 0)]),
      ]),
    );
  }
  const rows = await query.orderBy("day").orderBy("path").execute();
  return rows.map(toFile);
}

export async function readPositions(
  db: Kysely<Tables>,
  stream?: string,
): Promise<readonly ArchivedPosition[]> {
  let query = db.selectFrom("archive_positions").selectAll();
  if (stream !== undefined) query = query.where("stream", "=", stream);
  const rows = await query.execute();
  return rows.map((row) => ({
    ...{ stream: row.stream, part: row.part },
    ...{ epoch: Number(row.epoch), sequence: Number(row.sequence) },
  }));
}

function toRow(file: ArchiveFile) {
  const { path, orgId, day, kind, level, sequences, rows, bytes } = file;
  return {
    ...{ path, org_id: orgId, day, kind, level, rows, bytes },
    epoch: sequences?.epoch ?? null,
    sequence_first: sequences?.first ?? null,
    sequence_last: sequences?.last ?? null,
    timestamp_first: file.timestampFirst,
    timestamp_last: file.timestampLast,
    der_first: file.derFirst,
    der_last: file.derLast,
    created_at: new Date().toISOString(),
  };
}

export function toFile(row: Selectable<ArchiveFileRow>): ArchiveFile {
  const { path, org_id, day, kind, level, epoch, sequence_first, sequence_last, rows } = row;
  const hasSequences = epoch !== null && sequence_first !== null && sequence_last !== null;
  return {
    ...{ path, orgId: org_id, day, kind, level, rows },
    bytes: Number(row.bytes),
    sequences: hasSequences
      ? { epoch: Number(epoch), first: Number(sequence_first), last: Number(sequence_last) }
      : undefined,
    timestampFirst: Number(row.timestamp_first),
    timestampLast: Number(row.timestamp_last),
    derFirst: row.der_first,
    derLast: row.der_last,
  };
}

export async function knowsPath(db: Kysely<Tables>, path: string): Promise<boolean> {
  const file = await db
    .selectFrom("archive_files")
    .select("path")
    .where("path", "=", path)
    .union(db.selectFrom("archive_garbage").select("path").where("path", "=", path))
    .executeTakeFirst();
  return file !== undefined;
}

/** SQLite takes 32 766 parameters in one statement; a file has sixteen. */
const portionMax = 500;

export async function inPortions<T>(
  all: readonly T[],
  work: (portion: readonly T[]) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < all.length; start += portionMax) {
    await work(all.slice(start, start + portionMax));
  }
}
