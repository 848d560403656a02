import { join, relative, sep } from "node:path";
import { NovacoreError } from "@novacore/protocol";
import { columns as archiveColumns, columnIndex } from "../archive/columns.ts";
import type { ArchiveFolder } from "../archive/folder.ts";
import type { Result, Value } from "../duck/database.ts";
import { limits } from "../limits.ts";
import type { SequenceSnapshot } from "../registry/manifest-reach.ts";
import type { DuckThread } from "./duck-thread.ts";
import { Parameters } from "./range-sql.ts";
import { type PlacedFile, placeFile, windowAfter } from "./sequence-files.ts";
import { type SequencedMessage, toMessage } from "./sequence-reading.ts";
import {
  arrivedSql,
  newestSql,
  orgIdsOf,
  type PageShape,
  pageSql,
  type SequenceFilter,
  type SequenceStatement,
} from "./sequence-sql.ts";
import { UsedColumns } from "./used-columns.ts";

export interface SequenceQueriesOptions {
  readonly folder: string;
  /** Makes files of the archive readable in the folder. */
  readonly fetch?: ArchiveFolder["fetch"];
  readonly snapshot: (orgId: string, epoch: number, after: number) => Promise<SequenceSnapshot>;
  readonly duck: Pick<DuckThread, "select">;
}

/** Readings of some sites, between two positions of the stream. */
export interface SequenceWish {
  readonly sites: readonly { readonly orgId: string; readonly siteId: string }[];
  readonly selection: {
    readonly types?: readonly string[];
    readonly devices?: readonly string[];
    readonly ders?: readonly string[];
  };
  readonly epoch: number;
  readonly after: number;
  readonly upTo: number;
  readonly signal?: AbortSignal | undefined;
}

/** Behind the first of them, and up to the second, everything is there. */
interface WholeRange {
  readonly after: number;
  readonly upTo: number;
}

interface Found extends WholeRange {
  readonly files: readonly PlacedFile[];
}

/**
 * Reads the archive in the order of the stream. Each answer is of files of one moment, goes as far as
 * a portion of them does, and says how far that is.
 */
export class SequenceQueries {
  readonly #options: SequenceQueriesOptions;
  readonly #usedColumns: UsedColumns;
  /** Organization, epoch and day → the position before the first reading that arrived by then. */
  readonly #expired = new Map<string, number>();

  constructor(options: SequenceQueriesOptions) {
    this.#options = options;
    this.#usedColumns = new UsedColumns((sql, signal) =>
      this.#select({ sql, parameters: new Parameters() }, signal),
    );
  }

  async range(orgIds: readonly string[], epoch: number): Promise<WholeRange | undefined> {
    // Of the files nothing is wanted.
    const found = await this.#find(orgIds, epoch, Number.MAX_SAFE_INTEGER);
    return found && { after: found.after, upTo: found.upTo };
  }

  /** Throws as DuckThread does, as all of these. */
  async positionAt(orgIds: readonly string[], epoch: number, timeMs: number) {
    const range = await this.range(orgIds, epoch);
    if (range === undefined) return undefined;
    const found = await this.#find(orgIds, epoch, range.after);
    if (found === undefined) return undefined;
    const { first, hasEarlier } = await this.#firstArrived(found, epoch, timeMs);
    const position = first === undefined ? found.upTo : first - 1;
    // What is first of all answers for every earlier time, as that of the stream does.
    return { position, isExpired: found.after > 0 && !hasEarlier };
  }

  async read(wish: SequenceWish, countMax: number) {
    const { after } = wish;
    const found = await this.#findFor(wish);
    if (found === undefined) return { messages: [], position: after };
    const window = windowAfter(found.files, after, found.upTo, limits.archiveScanReadings);
    if (window.files.length === 0) return { messages: [], position: window.upTo };
    const filter = filterOf({ ...wish, upTo: window.upTo });
    const most = { countMax, bytesMax: limits.archiveBatchBytesMax };
    const rows = await this.#page(window.files, filter, most, wish.signal);
    const last = rows.messages.at(-1)?.sequence;
    const position = last === undefined || rows.isLast ? window.upTo : last;
    return { messages: rows.messages, position };
  }

  async newest(wish: SequenceWish) {
    const { after, signal } = wish;
    const found = await this.#findFor(wish);
    if (found === undefined) return { places: [], position: after };
    const window = windowAfter(found.files, after, found.upTo, limits.archiveNewestScanReadings);
    if (window.files.length === 0) return { places: [], position: window.upTo };
    const filter = filterOf({ ...wish, upTo: window.upTo });
    await this.#fetch(window.files, signal);
    const { columns, rowCount } = await this.#select(newestSql(window.files, filter), signal);
    const places = Array.from({ length: rowCount }, (_, row) => ({
      derId: String(columns[0]?.[row]),
      timestampMs: Number(columns[1]?.[row]),
      sequence: Number(columns[2]?.[row]),
    }));
    return { places, position: window.upTo };
  }

  async readAt(
    wish: SequenceWish,
    sequences: readonly number[],
  ): Promise<readonly SequencedMessage[]> {
    const found = await this.#findFor(wish);
    const files = found?.files.filter(({ first, last }) =>
      sequences.some((sequence) => sequence >= first && sequence <= last),
    );
    if (files === undefined || files.length === 0) return [];
    const filter = { ...filterOf(wish), sequences };
    const most = { countMax: sequences.length, bytesMax: Number.MAX_SAFE_INTEGER };
    return (await this.#page(files, filter, most, wish.signal)).messages;
  }

  /** Undefined: it does not have what comes right after the position. */
  async #findFor({ sites, epoch, after, upTo }: SequenceWish): Promise<Found | undefined> {
    const orgIds = [...new Set(sites.map(({ orgId }) => orgId))];
    const found = await this.#find(orgIds, epoch, after);
    if (found === undefined || after < found.after || after >= found.upTo) return undefined;
    return { ...found, upTo: Math.min(upTo, found.upTo) };
  }

  async #find(orgIds: readonly string[], epoch: number, after: number): Promise<Found | undefined> {
    const files: PlacedFile[] = [];
    let range: WholeRange = { after: 0, upTo: Number.MAX_SAFE_INTEGER };
    for (const orgId of orgIds) {
      const snapshot = await this.#options.snapshot(orgId, epoch, after);
      const { whole, expiredBefore } = snapshot;
      if (whole === undefined) return undefined;
      const kept = await this.#keptAfter(orgId, epoch, whole, expiredBefore);
      range = {
        after: Math.max(range.after, whole.after, kept),
        upTo: Math.min(range.upTo, whole.upTo),
      };
      files.push(...this.#place(snapshot, epoch));
    }
    return orgIds.length === 0 || range.upTo < range.after ? undefined : { ...range, files };
  }

  /** The position before the first reading that arrived on a day of which nothing was removed. */
  async #keptAfter(
    orgId: string,
    epoch: number,
    whole: WholeRange,
    expiredBefore: string | undefined,
  ): Promise<number> {
    if (expiredBefore === undefined) return 0;
    const key = `${orgId} ${epoch} ${expiredBefore}`;
    const known = this.#expired.get(key);
    if (known !== undefined) return known;
    const snapshot = await this.#options.snapshot(orgId, epoch, whole.after);
    const all = { ...whole, files: this.#place(snapshot, epoch) };
    const { first } = await this.#firstArrived(all, epoch, Date.parse(expiredBefore));
    // Until one has arrived since, it may still be anywhere.
    if (first === undefined) return whole.upTo;
    if (this.#expired.size >= expiredMax) this.#expired.clear();
    this.#expired.set(key, first - 1);
    return first - 1;
  }

  #place({ files }: SequenceSnapshot, epoch: number): readonly PlacedFile[] {
    return files.map((file) => {
      const placed = placeFile(file, epoch);
      return { ...placed, path: join(this.#options.folder, placed.path) };
    });
  }

  async #firstArrived(
    { files, after, upTo }: Found,
    epoch: number,
    timeMs: number,
  ): Promise<{ readonly first: number | undefined; readonly hasEarlier: boolean }> {
    // What was measured so long before did not arrive later than that.
    const earliestMs = timeMs - limits.backfillMs - arrivalMarginMs;
    const some = files.filter(({ timestampLast }) => timestampLast >= earliestMs);
    let hasEarlier = some.length < files.length;
    for (let reached = after; reached < upTo; ) {
      const window = windowAfter(some, reached, upTo, limits.archiveScanReadings);
      if (window.files.length > 0) {
        const filter = { epoch, after: reached, upTo: window.upTo };
        await this.#fetch(window.files, undefined);
        const { columns } = await this.#select(arrivedSql(window.files, filter, timeMs), undefined);
        const first = columns[0]?.[0] ?? null;
        hasEarlier ||= columns[1]?.[0] === true;
        if (first !== null) return { first: Number(first), hasEarlier };
      }
      reached = window.upTo;
    }
    return { first: undefined, hasEarlier };
  }

  async #page(
    files: readonly PlacedFile[],
    filter: SequenceFilter,
    most: Omit<PageShape, "names">,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly messages: readonly SequencedMessage[]; readonly isLast: boolean }> {
    await this.#fetch(files, signal);
    const orgIds = orgIdsOf(files);
    const paths = files.map(({ path }) => path);
    const names = await this.#usedColumns.of(paths, signal);
    const statement = pageSql(files, filter, { ...most, names });
    const { columns, rowCount } = await this.#select(statement, signal);
    const places = names.map(columnIndex);
    const messages = Array.from({ length: rowCount }, (_, row) => {
      const values = archiveColumns.map((): Value => null);
      for (const [at, place] of places.entries()) values[place] = columns[at + 1]?.[row] ?? null;
      return toMessage(values, orgIds[Number(columns[0]?.[row])] ?? "");
    });
    return { messages, isLast: columns.at(-1)?.[rowCount - 1] === true };
  }

  async #fetch(files: readonly PlacedFile[], signal: AbortSignal | undefined): Promise<void> {
    const { folder, fetch } = this.#options;
    const stored = files.map(({ path, bytes }) => ({
      ...{ path: relative(folder, path).replaceAll(sep, "/"), bytes },
    }));
    await fetch?.(stored, signal);
  }

  async #select(
    { sql, parameters }: SequenceStatement,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const statement = { sql, parameters: parameters.values, tables: [] };
    return this.#options.duck.select(statement, signal, "replays").catch((error: unknown) => {
      // Whoever resumes keeps its place, and comes again until the operator has restored the file.
      const isForNow = error instanceof NovacoreError && comesAgain.has(error.code);
      throw isForNow ? new NovacoreError("unavailable", undefined, { cause: error }) : error;
    });
  }
}

const comesAgain: ReadonlySet<string> = new Set(["query_timeout", "archive_damaged"]);

/** By how much a hub's clock may have been wrong. */
const arrivalMarginMs = 3_600_000;

/** Organizations whose removed days are remembered. */
const expiredMax = 10_000;

function filterOf({ sites, selection, epoch, after, upTo }: SequenceWish): SequenceFilter {
  const siteIds = new Map<string, string[]>();
  for (const { orgId, siteId } of sites) {
    const ofOrg = siteIds.get(orgId);
    if (ofOrg === undefined) siteIds.set(orgId, [siteId]);
    else ofOrg.push(siteId);
  }
  const { types, devices: deviceIds, ders: derIds } = selection;
  return { epoch, after, upTo, siteIds, types, deviceIds, derIds };
}
