import { createHash } from "node:crypto";
import { join } from "node:path";
import { NovacoreError } from "@novacore/protocol";
import type { ArchiveFolder, StoredFile } from "../archive/folder.ts";
import { limits } from "../limits.ts";
import type { ArchiveFile, ArchiveSnapshot, FileQuery } from "../registry/manifest.ts";
import { type PackedRows, RowPacker } from "./packed-rows.ts";
import type { Moment, ReadingsFilter, ReadingsSource } from "./range-job.ts";
import { readTail, type StreamSource, type Tail } from "./tail.ts";

export interface ReadingsSourcesOptions {
  /** Undefined: there is no archive, and the streams are all there is. */
  readonly archive:
    | {
        readonly folder: string;
        /** Makes files readable in the folder; undefined: they all are. */
        readonly bucket?: Pick<ArchiveFolder, "missing" | "fetch">;
        readonly snapshot: (query: FileQuery) => Promise<ArchiveSnapshot>;
      }
    | undefined;
  readonly enriched: { readonly name: string; readonly source: StreamSource };
  /** Of readings that are too old for the stream, until they are archived. */
  readonly backfill: { readonly name: string; readonly source: StreamSource };
  readonly now: () => number;
}

export interface SourceWish {
  readonly orgId: string;
  readonly filter: ReadingsFilter;
  readonly signal?: AbortSignal | undefined;
  /** Whether cells do instead of readings, of days of which there are some. */
  readonly withCells?: boolean;
}

/** Everything that a query reads, found at one moment. */
export interface FoundSource {
  readonly source: ReadingsSource;
  /** Files of cells; the readings of their days are not in the source. */
  readonly cellFiles: readonly string[];
  /** A live stream from its position on brings what is not in here, and nothing of what is. */
  readonly moment: Moment;
  /** The same as long as the answer is. */
  readonly tag: string;
}

/**
 * Finds the files of a query and what of the streams is not in them. First files and position, of one
 * moment; then the stream's head; then what lies between: so nothing is missed and nothing is twice.
 */
export class ReadingsSources {
  readonly #options: ReadingsSourcesOptions;

  constructor(options: ReadingsSourcesOptions) {
    this.#options = options;
  }

  /**
   * Throws `unavailable` when a stream cannot be read, or holds too much that is not archived, or when
   * files do not come from the bucket; `validation_failed` when there are too many of them.
   */
  async find(wish: SourceWish): Promise<FoundSource> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const result = await this.#tryToFind(wish);
      switch (result.kind) {
        case "found":
          return result.found;
        case "missing":
          // What was read of the streams is read again: nobody holds it as long as this takes.
          await this.#options.archive?.bucket?.fetch(result.files, wish.signal);
          break;
        case "gone":
          break;
      }
    }
    throw new NovacoreError("unavailable");
  }

  async #tryToFind(wish: SourceWish): Promise<Attempt> {
    const { enriched, now, archive } = this.#options;
    const atMs = now();
    const { files, positions } = await this.#snapshot(wish);
    const { epoch, oldest, newest } = await enriched.source.bounds();
    const archived = positions.find(({ stream }) => stream === enriched.name);
    // Of a stream that was made anew nothing is archived yet.
    const after = archived?.epoch === epoch ? archived.sequence : 0;
    const from = Math.max(after + 1, oldest, await this.#firstOf(wish.filter, newest));
    const packer = new RowPacker();
    const bounds = { epoch, fromSequence: from, upToSequence: newest };
    const tails = [await readTail(enriched.source, { ...wish, ...bounds }, packer)];
    const older = await this.#readBackfill(wish, positions, { nowMs: atMs, packer });
    if (older === "gone") return { kind: "gone" };
    if (older !== undefined) tails.push(older);
    const moment = wish.filter.asOf ?? { epoch, head: newest, atMs };
    const { used, ...found } = this.#toSource(wish, files, { tails, rows: packer.pack() });
    assertFew(used.length);
    const missing = (await archive?.bucket?.missing(used)) ?? [];
    if (missing.length > 0) return { kind: "missing", files: missing };
    return { kind: "found", found: { ...found, moment } };
  }

  async #snapshot({ orgId, filter, withCells }: SourceWish): Promise<ArchiveSnapshot> {
    const timestamps = { first: filter.fromMs, last: filter.toMs - 1 };
    const kinds = ["rows", "late", ...(withCells === true ? (["cells"] as const) : [])] as const;
    const query = { orgId, kinds, timestamps };
    return (await this.#options.archive?.snapshot(query)) ?? { files: [], positions: [] };
  }

  /** Nothing is stored before it was measured, but for a clock that runs ahead. */
  async #firstOf({ fromMs }: ReadingsFilter, newest: number): Promise<number> {
    const earliestMs = fromMs - limits.clockAheadMs;
    const { enriched, now } = this.#options;
    if (earliestMs <= now() - limits.enrichedTelemetryAgeMs) return 1;
    return enriched.source.sequenceAt(earliestMs, { newest });
  }

  async #readBackfill(
    wish: SourceWish,
    positions: ArchiveSnapshot["positions"],
    { nowMs, packer }: { readonly nowMs: number; readonly packer: RowPacker },
  ): Promise<Tail | "gone" | undefined> {
    if (wish.filter.fromMs >= nowMs - limits.backfillMs) return undefined;
    const { name, source } = this.#options.backfill;
    const { epoch, newest } = await source.bounds();
    const archived = positions.find(({ stream }) => stream === name);
    const after = archived?.epoch === epoch ? archived.sequence : 0;
    if (newest <= after) return undefined;
    const bounds = { epoch: undefined, fromSequence: after + 1, upToSequence: newest };
    const tail = await readTail(source, { ...wish, ...bounds }, packer);
    const { oldest } = await source.bounds();
    return oldest > after + 1 ? "gone" : tail;
  }

  #toSource(
    { filter }: SourceWish,
    all: readonly ArchiveFile[],
    { tails, rows }: { readonly tails: readonly Tail[]; readonly rows: PackedRows },
  ) {
    const folder = this.#options.archive?.folder ?? "";
    const cells = withoutDaysOf(
      tails,
      all.filter(({ kind }) => kind === "cells"),
    );
    const done = new Set(cells.map(({ day }) => day));
    const files = all.filter(
      (file) => file.kind !== "cells" && !done.has(file.day) && mayHold(file, filter.derIds),
    );
    const toFile = ({ path, timestampFirst, timestampLast }: ArchiveFile) => ({
      path: join(folder, path),
      ...{ timestampFirst, timestampLast },
    });
    const inOrder = files.filter(({ kind }) => kind === "rows");
    const late = files.filter(({ kind }) => kind === "late");
    const newestArchived = Math.max(-1, ...inOrder.map(({ timestampLast }) => timestampLast));
    const isTailDistinct = tails.every(
      ({ isInOrder, timestampFirst }) => isInOrder && timestampFirst > newestArchived,
    );
    const source: ReadingsSource = {
      files: inOrder.toSorted((a, b) => a.timestampFirst - b.timestampFirst).map(toFile),
      lateFiles: late.map(toFile),
      tail: rows,
      isTailDistinct: isTailDistinct && tails.filter(({ rowCount }) => rowCount > 0).length < 2,
      filter,
    };
    const cellFiles = cells.map(({ path }) => join(folder, path));
    const used = [...cells, ...files];
    return { source, cellFiles, tag: tagOf(used, source), used };
  }
}

type Attempt =
  | { readonly kind: "found"; readonly found: FoundSource }
  /** These have to be fetched first. */
  | { readonly kind: "missing"; readonly files: readonly StoredFile[] }
  /** The archive has just taken what was in the stream: its files are not among those found. */
  | { readonly kind: "gone" };

const attemptsMax = 5;

/** Each costs DuckDB a millisecond before it reads anything of them. */
function assertFew(count: number): void {
  if (count <= limits.historyFilesMax) return;
  const message = `starts a range with ${count} files of the archive, more than the ${limits.historyFilesMax} that a query reads; ask for less time`;
  const details = [{ path: "/from", message }];
  throw new NovacoreError("validation_failed", `/from ${message}.`, { details });
}

/** Cells do not know of readings that are not archived yet. */
function withoutDaysOf(tails: readonly Tail[], cells: readonly ArchiveFile[]) {
  return cells.filter(({ day }) => !tails.some(({ days }) => days.has(day)));
}

function mayHold({ derFirst, derLast }: ArchiveFile, derIds: readonly string[] | undefined) {
  return derIds === undefined || derIds.some((id) => id >= derFirst && id <= derLast);
}

/** A file never changes, and a reading that is stored does not either. */
function tagOf(files: readonly ArchiveFile[], { tail }: ReadingsSource): string {
  const hash = createHash("sha256");
  for (const { path } of files) hash.update(path).update("\n");
  for (const column of tail.columns) {
    if (!["der_id", "timestamp", "sequence"].includes(column.name)) continue;
    if ("numbers" in column) hash.update(column.numbers);
    else hash.update(JSON.stringify(column.distinct)).update(column.places);
  }
  return hash.digest("base64url").slice(0, 22);
}
