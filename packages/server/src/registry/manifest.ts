import type { Kysely, Selectable, Transaction } from "kysely";
import type { ArchiveFileRow, Tables } from "./tables.ts";

/** A Parquet file of the archive, and what a query needs to know to leave it out. */
export interface ArchiveFile {
  /** Inside the archive's folder, with `/`. */
  readonly path: string;
  readonly orgId: string;
  /** Of the timestamps in it, UTC, YYYY-MM-DD. */
  readonly day: string;
  /**
   * `rows`: of each DER only readings newer than all that were archived before them, so that none is
   * there twice. `late`: the others; only they can repeat a reading. `cells`: what energy is made of.
   */
  readonly kind: "rows" | "late" | "cells";
  /** 0: as the writer made it; higher: merged so many times. */
  readonly level: number;
  /** Undefined: no reading in it stood in the stream. */
  readonly sequences: SequenceRange | undefined;
  readonly rows: number;
  readonly bytes: number;
  readonly timestampFirst: number;
  readonly timestampLast: number;
  readonly derFirst: string;
  readonly derLast: string;
}

export interface SequenceRange {
  /** Creation time of the stream, epoch ms. */
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
}

/** Everything of a stream up to here is in the files. */
export interface ArchivedPosition {
  readonly stream: string;
  /** Of the organizations, when several writers share the work. */
  readonly part: number;
  readonly epoch: number;
  readonly sequence: number;
}

/** What the archive holds of one organization at one moment. */
export interface ArchiveSnapshot {
  readonly files: readonly ArchiveFile[];
  readonly positions: readonly ArchivedPosition[];
}

export interface FileQuery {
  readonly orgId: string;
  readonly kinds: readonly ArchiveFile["kind"][];
  /** Epoch ms, both included: files that may hold readings of this time. */
  readonly timestamps?: { readonly first: number; readonly last: number };
  /** Files that may hold readings after this position of the stream. */
  readonly after?: { readonly epoch: number; readonly sequence: number };
}

/** Files that come and go together, and the positions that this means. */
export interface ArchiveCommit {
  readonly added: readonly ArchiveFile[];
  /** Paths that are not part of the archive any more: no query finds them, those under way may. */
  readonly removed: readonly string[];
  readonly positions: readonly ArchivedPosition[];
}

/**
 * Which files make up the archive. Files and positions change in one transaction: a file that is not
 * in here does not exist, whatever stands in the folder.
 */
export class Manifest {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  /** Files and positions of one moment: what is not in the one is beyond the other. */
  async snapshot(query: FileQuery, part: number): Promise<ArchiveSnapshot> {
    return this.#db
      .transaction()
      .setIsolationLevel("repeatable read")
      .execute(async (trx) => ({
        files: await readFiles(trx, query),
        positions: await readPositions(trx, part),
      }));
  }

  /** In the order of their days, and of their paths. */
  async files(query: FileQuery): Promise<readonly ArchiveFile[]> {
    return readFiles(this.#db, query);
  }

  async positions(part: number): Promise<readonly ArchivedPosition[]> {
    return readPositions(this.#db, part);
  }

  /** The organizations of which there are files. */
  async orgIds(): Promise<readonly string[]> {
    const rows = await this.#db.selectFrom("archive_files").select("org_id").distinct().execute();
    return rows.map((row) => row.org_id);
  }

  /** Throws when a file to be removed is not there: somebody else was at work on it. */
  async commit({ added, removed, positions }: ArchiveCommit): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await removeFiles(trx, removed);
      for (const file of added) await trx.insertInto("archive_files").values(toRow(file)).execute();
      for (const { stream, part, epoch, sequence } of positions) {
        await trx
          .insertInto("archive_positions")
          .values({ stream, part, epoch, sequence })
          .onConflict((conflict) =>
            conflict.columns(["stream", "part"]).doUpdateSet({ epoch, sequence }),
          )
          .execute();
      }
    });
  }

  /** Paths that were removed before a time, and whose files can go. */
  async garbage(before: Date): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom("archive_garbage")
      .select("path")
      .where("removed_at", "<", before.toISOString())
      .orderBy("path")
      .execute();
    return rows.map(({ path }) => path);
  }

  /** Their files are gone. */
  async forgetGarbage(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.#db.deleteFrom("archive_garbage").where("path", "=", path).execute();
    }
  }

  /** Whether a file in the folder is, or was lately, part of the archive. */
  async knows(path: string): Promise<boolean> {
    const file = await this.#db
      .selectFrom("archive_files")
      .select("path")
      .where("path", "=", path)
      .union(this.#db.selectFrom("archive_garbage").select("path").where("path", "=", path))
      .executeTakeFirst();
    return file !== undefined;
  }
}

async function removeFiles(trx: Transaction<Tables>, paths: readonly string[]): Promise<void> {
  const removed_at = new Date().toISOString();
  for (const path of paths) {
    const { numDeletedRows } = await trx
      .deleteFrom("archive_files")
      .where("path", "=", path)
      .executeTakeFirst();
    if (numDeletedRows !== 1n) throw new Error(`${path} is not part of the archive any more`);
    await trx.insertInto("archive_garbage").values({ path, removed_at }).execute();
  }
}

async function readFiles(
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
    query = query
      .where("epoch", "=", after.epoch)
      .where("sequence_last", ">", after.sequence)
      .where("sequence_first", "is not", null);
  }
  const rows = await query.orderBy("day").orderBy("path").execute();
  return rows.map(toFile);
}

async function readPositions(
  db: Kysely<Tables>,
  part: number,
): Promise<readonly ArchivedPosition[]> {
  const rows = await db
    .selectFrom("archive_positions")
    .selectAll()
    .where("part", "=", part)
    .execute();
  return rows.map((row) => ({
    ...{ stream: row.stream, part: row.part },
    ...{ epoch: Number(row.epoch), sequence: Number(row.sequence) },
  }));
}

/** The folder that a reading's file stands in: UTC. */
export function dayOf(timestampMs: number): string {
  return new Date(timestampMs).toISOString().slice(0, 10);
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

function toFile(row: Selectable<ArchiveFileRow>): ArchiveFile {
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
