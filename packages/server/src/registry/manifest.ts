import type { Kysely } from "kysely";
import {
  addFiles,
  assertUnchanged,
  dropCells,
  inPortions,
  keepAnnounced,
  knowsPath,
  movePosition,
  readDays,
  readFiles,
  readPositions,
  removeFiles,
  toFile,
} from "./manifest-queries.ts";
import {
  type ArchiveReach,
  type ExpiredDays,
  type IsOwnPart,
  noteExpired,
  readSequences,
  type SequenceQuery,
  type SequenceSnapshot,
  setReach,
  shareReach,
} from "./manifest-reach.ts";
import type { Tables } from "./tables.ts";

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

/** How far a position is moved. */
export interface PositionMove extends ArchivedPosition {
  /**
   * Where it has to be until then, null: nowhere; otherwise somebody else archives the same, and the
   * commit throws. Undefined: wherever it is.
   */
  readonly from?: StreamPlace | null;
}

export interface StreamPlace {
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
  readonly positions: readonly PositionMove[];
  /** Whether they bring readings: then what was made of their days' readings before is removed. */
  readonly bringsReadings?: boolean;
  /** Added files that were announced: the commit throws when one of them was given up meanwhile. */
  readonly announced?: readonly string[];
  /** Files that have to be all the readings of a day, or the commit throws. */
  readonly basis?: DayBasis;
  /** From where on nothing is missing; undefined: from where it was. */
  readonly reach?: ArchiveReach | undefined;
  /** Days whose files are removed for good. */
  readonly expired?: ExpiredDays;
}

export interface DayBasis {
  readonly orgId: string;
  readonly day: string;
  readonly paths: readonly string[];
}

/** A file and when it became part of the archive, epoch ms. */
export interface DatedFile extends ArchiveFile {
  readonly createdAtMs: number;
}

/** A day of an organization. */
export interface ArchiveDay {
  readonly orgId: string;
  readonly day: string;
}

export interface ArchiveTotals {
  readonly files: number;
  readonly bytes: number;
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

  /** Files and the organization's positions of one moment: what is not in one is beyond the other. */
  async snapshot(query: FileQuery, isOwn: IsOwnPart): Promise<ArchiveSnapshot> {
    return this.#db
      .transaction()
      .setIsolationLevel("repeatable read")
      .execute(async (trx) => ({
        files: await readFiles(trx, query),
        positions: (await readPositions(trx)).filter(({ part }) => isOwn(part)),
      }));
  }

  /** What there is of an organization after a position of a stream, and from where on it is whole. */
  async sequences(query: SequenceQuery, isOwn: IsOwnPart): Promise<SequenceSnapshot> {
    return readSequences(this.#db, query, isOwn);
  }

  /** In the order of their days, and of their paths. */
  async files(query: FileQuery): Promise<readonly ArchiveFile[]> {
    return readFiles(this.#db, query);
  }

  /** The organizations of which there are files. */
  async orgIds(): Promise<readonly string[]> {
    const rows = await this.#db.selectFrom("archive_files").select("org_id").distinct().execute();
    return rows.map((row) => row.org_id);
  }

  /** Of a stream, all partitions. */
  async positionsOf(stream: string): Promise<readonly ArchivedPosition[]> {
    return readPositions(this.#db, stream);
  }

  /** A day's files of every kind, with their age. */
  async day({ orgId, day }: ArchiveDay): Promise<readonly DatedFile[]> {
    const rows = await this.#db
      .selectFrom("archive_files")
      .selectAll()
      .where("org_id", "=", orgId)
      .where("day", "=", day)
      .orderBy("path")
      .execute();
    return rows.map((row) => ({ ...toFile(row), createdAtMs: Date.parse(row.created_at) }));
  }

  /** Every day of which there are files. */
  async days(): Promise<readonly ArchiveDay[]> {
    return readDays(this.#db);
  }

  /** Files of an organization's days before one; all of them without one. */
  async pathsBefore(orgId: string, day: string | undefined): Promise<readonly string[]> {
    let query = this.#db.selectFrom("archive_files").select("path").where("org_id", "=", orgId);
    if (day !== undefined) query = query.where("day", "<", day);
    return (await query.orderBy("path").execute()).map(({ path }) => path);
  }

  /** The newest timestamp in the files of each organization. */
  async newestTimestamps(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#db
      .selectFrom("archive_files")
      .select(({ fn }) => ["org_id", fn.max("timestamp_last").as("newest")])
      .where("kind", "in", ["rows", "late"])
      .groupBy("org_id")
      .execute();
    return new Map(rows.map((row) => [row.org_id, Number(row.newest)]));
  }

  async totals(): Promise<ArchiveTotals> {
    const { files, bytes } = await this.#db
      .selectFrom("archive_files")
      .select(({ fn }) => [fn.countAll().as("files"), fn.sum("bytes").as("bytes")])
      .executeTakeFirstOrThrow();
    return { files: Number(files), bytes: Number(bytes ?? 0) };
  }

  /**
   * Files that are about to be written. Until they are committed they count as garbage, so that what
   * a crash leaves behind is found without a look into the folder.
   */
  async announce(paths: readonly string[]): Promise<void> {
    const removed_at = new Date().toISOString();
    await inPortions(paths, (portion) =>
      this.#db
        .insertInto("archive_garbage")
        .values(portion.map((path) => ({ path, removed_at })))
        .execute(),
    );
  }

  /**
   * Throws, with nothing changed, when a file to be removed is not there, or anything else is not as
   * the commit says: somebody else was at work on it.
   */
  async commit(commit: ArchiveCommit): Promise<void> {
    const { added, removed, positions, announced = [], basis, reach, expired } = commit;
    await this.#db.transaction().execute(async (trx) => {
      for (const move of positions) await movePosition(trx, move);
      if (reach !== undefined) await setReach(trx, reach);
      if (expired !== undefined) await noteExpired(trx, expired);
      await inPortions(announced, (portion) => keepAnnounced(trx, portion));
      if (basis !== undefined) await assertUnchanged(trx, basis);
      if (commit.bringsReadings === true) await dropCells(trx, added);
      await inPortions(removed, (portion) => removeFiles(trx, portion));
      await inPortions(added, (portion) => addFiles(trx, portion));
    });
  }

  /**
   * Makes the partitions of one number of writers the only ones of a stream. Each starts where the one
   * that is farthest back was: what others had archived beyond comes again, and counts as late.
   */
  async repartition(stream: string, parts: readonly number[]): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      const found = await readPositions(trx, stream);
      const isOurs = found.every(({ part }) => parts.includes(part));
      const [farthestBack] = found.toSorted((a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
      if (farthestBack === undefined || isOurs) return;
      await trx.deleteFrom("archive_positions").where("stream", "=", stream).execute();
      const { epoch, sequence } = farthestBack;
      for (const part of parts) await movePosition(trx, { stream, part, epoch, sequence });
      await shareReach(trx, stream, epoch, parts);
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
    await inPortions(paths, (portion) =>
      this.#db.deleteFrom("archive_garbage").where("path", "in", portion).execute(),
    );
  }

  /** Whether a file in the folder is, or was lately, part of the archive. */
  async knows(path: string): Promise<boolean> {
    return knowsPath(this.#db, path);
  }
}
