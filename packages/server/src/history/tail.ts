import { NovacoreError, parseEnrichedSubject } from "@novacore/protocol";
import { columnIndex, columns, toRow } from "../archive/columns.ts";
import type { Value } from "../duck/database.ts";
import { limits } from "../limits.ts";
import type { Columnar, ReadingsFilter } from "./range-job.ts";

/** What is needed of a stream of stored readings. */
export interface StreamSource {
  bounds(): Promise<{ readonly epoch: number; readonly oldest: number; readonly newest: number }>;
  /** In order; `isExhausted`: nothing more matched. Throws `unavailable`. */
  read(filter: string, fromSequence: number): Promise<SourceBatch>;
  /** The last message of each subject; undefined where they are too many. */
  readLast(
    filters: readonly string[],
    fromSequence: number,
    upToSequence: number,
    countMax: number,
  ): Promise<SourceBatch | undefined>;
  /** Sequence of the first message stored at or after a time. */
  sequenceAt(timeMs: number, bounds: { readonly newest: number }): Promise<number>;
}

export interface SourceBatch {
  readonly messages: readonly SourceMessage[];
  readonly isExhausted: boolean;
}

export interface SourceMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
}

export interface TailWish {
  readonly orgId: string;
  readonly filter: ReadingsFilter;
  /** Both included. */
  readonly fromSequence: number;
  readonly upToSequence: number;
  /** Of the stream, to stand in the rows; undefined: they are from beside it and have no position. */
  readonly epoch: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Readings as rows, and what tells whether any can be there twice. */
export interface Tail {
  readonly rows: readonly (readonly Value[])[];
  /** Of each DER the readings are in the order of their time. */
  readonly isInOrder: boolean;
  readonly timestampFirst: number;
}

/**
 * Reads what a filter matches, between two positions of a stream. Throws `unavailable` when it is more
 * than one query may read: then the archive is behind, or there is none.
 */
export async function readTail(source: StreamSource, wish: TailWish): Promise<Tail> {
  const { fromSequence, upToSequence, epoch, signal } = wish;
  const rows: Value[][] = [];
  const matches = createMatcher(wish.filter);
  const newest = new Map<Value, number>();
  let [isInOrder, timestampFirst, seen] = [true, Number.POSITIVE_INFINITY, 0];
  const take = ({ sequence, subject, payload }: SourceMessage): void => {
    const position = epoch === undefined ? undefined : { epoch, sequence };
    const row = toTailRow(subject, payload, position);
    if (row === undefined || !matches(row)) return;
    const [derId = null, timestampMs] = [row[derAt], Number(row[timeAt])];
    if (timestampMs <= (newest.get(derId) ?? -1)) isInOrder = false;
    else newest.set(derId, timestampMs);
    timestampFirst = Math.min(timestampFirst, timestampMs);
    rows.push(row);
  };
  for (const subject of subjects(wish)) {
    for (let next = fromSequence; next <= upToSequence; ) {
      signal?.throwIfAborted();
      const { messages, isExhausted } = await source.read(`${prefix(epoch)}${subject}`, next);
      for (const message of messages) {
        if (message.sequence <= upToSequence) take(message);
      }
      seen += messages.length;
      if (seen > limits.historyTailReadingsMax) throw tooLong();
      const last = messages.at(-1);
      if (last === undefined || isExhausted) break;
      next = last.sequence + 1;
    }
  }
  return { rows, isInOrder, timestampFirst };
}

/** What is beside the stream stands under the same subjects, with this before them. */
const backfillPrefix = "backfill.";
const prefix = (epoch: number | undefined) => (epoch === undefined ? backfillPrefix : "");

/** Each is a read of its own; where they would be many, what is not wanted is read as well. */
function subjects({ orgId, filter: { derIds, siteIds, deviceId } }: TailWish): readonly string[] {
  const org = `orgs.${orgId}.sites`;
  // A DER or device may have stood elsewhere before: its site is not asked for.
  if (deviceId !== undefined) return [`${org}.*.devices.${deviceId}.>`];
  if (derIds !== undefined && derIds.length <= subjectsMax) {
    return derIds.map((derId) => `${org}.*.devices.*.ders.${derId}.>`);
  }
  return siteIds?.length === 1 ? [`${org}.${siteIds[0]}.>`] : [`${org}.>`];
}
const subjectsMax = 16;

function toTailRow(
  subject: string,
  payload: Uint8Array,
  position: Parameters<typeof toRow>[2],
): Value[] | undefined {
  const start = position === undefined ? backfillPrefix.length : 0;
  const address = parseEnrichedSubject(subject.slice(start));
  return address && toRow(payload, address, position);
}

function createMatcher({ fromMs, toMs, derIds, siteIds, deviceId }: ReadingsFilter) {
  const [ders, sites] = [derIds && new Set<Value>(derIds), siteIds && new Set<Value>(siteIds)];
  return (row: readonly Value[]): boolean => {
    const timestampMs = row[timeAt];
    if (typeof timestampMs !== "number" || timestampMs < fromMs || timestampMs >= toMs)
      return false;
    if (ders?.has(row[derAt] ?? null) === false) return false;
    if (sites?.has(row[siteAt] ?? null) === false) return false;
    return deviceId === undefined || row[deviceAt] === deviceId;
  };
}

const [derAt, timeAt] = [columnIndex("der_id"), columnIndex("timestamp")];
const [siteAt, deviceAt] = [columnIndex("site_id"), columnIndex("device_id")];

/** Only the columns that occur; the others are null anyway. */
export function toColumnar(rows: readonly (readonly Value[])[]): Columnar {
  const present = columns
    .map((column, index) => ({ ...column, index }))
    .filter(({ index }) => rows.some((row) => (row[index] ?? null) !== null));
  return {
    columns: present.map(({ name, type }) => ({ name, type })),
    values: present.map(({ index }) => rows.map((row) => row[index] ?? null)),
    rowCount: rows.length,
  };
}

function tooLong(): NovacoreError {
  const message =
    `More than ${limits.historyTailReadingsMax} readings of this are not archived yet; ` +
    "the archive is behind or switched off. Ask for one DER, or a later time.";
  return new NovacoreError("unavailable", message);
}
