import { NovacoreError, parseEnrichedSubject } from "@novacore/protocol";
import { columnIndex, toRow } from "../archive/columns.ts";
import type { Value } from "../duck/database.ts";
import { limits } from "../limits.ts";
import { dayOf } from "../registry/utc-day.ts";
import type { RowPacker } from "./packed-rows.ts";
import type { ReadingsFilter } from "./range-job.ts";

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

/** What tells whether any reading can be there twice, and what it concerns. */
export interface Tail {
  readonly rowCount: number;
  /** UTC, `YYYY-MM-DD`. */
  readonly days: ReadonlySet<string>;
  /** Of each DER the readings are in the order of their time. */
  readonly isInOrder: boolean;
  readonly timestampFirst: number;
}

/**
 * Packs what a filter matches, between two positions of a stream, a batch at a time: others have their
 * turn between two of them. Throws `unavailable` when it is more
 * than one query may read: then the archive is behind, or there is none.
 */
export async function readTail(
  source: StreamSource,
  wish: TailWish,
  packer: RowPacker,
): Promise<Tail> {
  const { fromSequence, upToSequence, epoch, signal } = wish;
  const [dayNumbers, rowsBefore] = [new Set<number>(), packer.rowCount];
  const matches = createMatcher(wish.filter);
  const newest = new Map<Value, number>();
  let [isInOrder, timestampFirst] = [true, Number.POSITIVE_INFINITY];
  let [seen, seenBytes] = [0, 0];
  const take = ({ sequence, subject, payload }: SourceMessage): void => {
    const position = epoch === undefined ? undefined : { epoch, sequence };
    const row = toTailRow(subject, payload, position);
    if (row === undefined || !matches(row)) return;
    const [derId = null, timestampMs] = [row[derAt], Number(row[timeAt])];
    if (timestampMs <= (newest.get(derId) ?? -1)) isInOrder = false;
    else newest.set(derId, timestampMs);
    timestampFirst = Math.min(timestampFirst, timestampMs);
    dayNumbers.add(Math.floor(timestampMs / dayMs));
    packer.add(row);
  };
  for (const subject of subjects(wish)) {
    for (let next = fromSequence; next <= upToSequence; ) {
      signal?.throwIfAborted();
      const { messages, isExhausted } = await source.read(`${prefix(epoch)}${subject}`, next);
      for (const message of messages) {
        seenBytes += message.payload.length;
        if (message.sequence <= upToSequence) take(message);
      }
      seen += messages.length;
      if (seen > limits.historyTailReadingsMax) throw tooLong(`${seen} readings`);
      if (seenBytes > limits.historyTailBytesMax) throw tooLong(`${seenBytes} bytes`);
      const last = messages.at(-1);
      if (last === undefined || isExhausted) break;
      next = last.sequence + 1;
    }
  }
  const days = new Set([...dayNumbers].map((day) => dayOf(day * dayMs)));
  return { rowCount: packer.rowCount - rowsBefore, days, isInOrder, timestampFirst };
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

const dayMs = 86_400_000;

function tooLong(what: string): NovacoreError {
  const message =
    `${what} and more of this are not in the archive yet, as after a bulk upload; ` +
    "come back in a minute, or ask for one DER.";
  return new NovacoreError("unavailable", message);
}
