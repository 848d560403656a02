import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { filtersMax } from "./filters.ts";
import type { StoredMessage } from "./message.ts";
import type { ReadBatch, StreamReader } from "./stream-reader.ts";

/** Reads some subjects from a sequence on; undefined: they are too many to be read at once. */
export type ReadLane = (
  filters: readonly string[],
  fromSequence: number,
  countMax: number,
) => Promise<ReadBatch | undefined>;

/** Walks through every message that the filters match. */
export function replayAll(
  reader: Pick<StreamReader, "read">,
  filters: readonly string[],
  afterPosition: number,
): Replay {
  if (filters.length > filtersMax) throw new RangeError(`${filters.length} filters are too many`);
  const lanes = filters.map((filter) => [filter]);
  const read: ReadLane = ([filter = ""], from, countMax) => reader.read(filter, from, countMax);
  return new Replay(read, lanes, afterPosition);
}

/** Walks through the last message of each subject, among those up to a sequence. */
export function replayLast(
  reader: Pick<StreamReader, "readLast">,
  filters: readonly string[],
  afterPosition: number,
  upToSequence: number,
): Replay {
  const read: ReadLane = (some, from, countMax) =>
    reader.readLast(some, from, upToSequence, countMax);
  return new Replay(read, [filters], afterPosition);
}

/**
 * Walks the stream along several lanes of subjects at once, in stream order. It holds at most one
 * batch per lane, and asks for the next only when it is asked itself: whoever reads sets the pace.
 */
export class Replay {
  /** Everything that matches up to here has been given out. */
  position: number;
  readonly #read: ReadLane;
  #lanes: Lane[];

  constructor(read: ReadLane, lanes: readonly (readonly string[])[], afterPosition: number) {
    this.#read = read;
    this.position = afterPosition;
    this.#lanes = lanes.map((filters) => createLane(filters, afterPosition + 1));
  }

  /**
   * The next messages, in order; `position` moves along, at the end of the stream up to `head` at
   * least. `head` is a position known to be stored: lanes are read one after the other, so where
   * one has no more, only what lies up to `head` is certain to be complete in all of them. At most
   * `countMax` are read of each lane. Throws `unavailable`.
   */
  async next(
    head: number,
    countMax: number = limits.replayBatchReadings,
  ): Promise<readonly StoredMessage[]> {
    const filled = await Promise.all(this.#lanes.map((lane) => this.#fill(lane, countMax)));
    this.#lanes = filled.flat();
    const sure = Math.max(head, this.position);
    const isSingle = this.#lanes.length === 1;
    const horizon = Math.min(
      ...this.#lanes.map((lane) => {
        if (!lane.isExhausted) return lane.nextSequence - 1;
        return isSingle ? Number.POSITIVE_INFINITY : sure;
      }),
    );
    const messages = this.#lanes
      .flatMap((lane) => lane.waiting.filter(({ sequence }) => sequence <= horizon))
      .sort((a, b) => a.sequence - b.sequence);
    const last = messages.at(-1)?.sequence ?? this.position;
    this.position = Math.max(last, horizon === Number.POSITIVE_INFINITY ? sure : horizon);
    for (const lane of this.#lanes) this.#keepBeyond(lane, this.position);
    return messages;
  }

  /** A lane that had no more is read again from there: what it held beyond may have gaps by now. */
  #keepBeyond(lane: Lane, position: number): void {
    if (lane.isExhausted) {
      lane.waiting = [];
      lane.nextSequence = position + 1;
    } else {
      lane.waiting = lane.waiting.filter(({ sequence }) => sequence > position);
    }
  }

  /** Reads what comes next in a lane; gives two for it where its subjects are too many for one. */
  async #fill(lane: Lane, countMax: number): Promise<readonly Lane[]> {
    if (lane.waiting.length > 0) return [lane];
    const { filters, nextSequence } = lane;
    const batch = await this.#read(filters, nextSequence, countMax);
    if (batch === undefined) {
      const halves = splitLane(lane).map((half) => this.#fill(half, countMax));
      return (await Promise.all(halves)).flat();
    }
    lane.waiting = batch.messages;
    lane.isExhausted = batch.isExhausted;
    const last = batch.messages.at(-1);
    if (last !== undefined) lane.nextSequence = last.sequence + 1;
    return [lane];
  }
}

interface Lane {
  readonly filters: readonly string[];
  nextSequence: number;
  waiting: readonly StoredMessage[];
  isExhausted: boolean;
}

function createLane(filters: readonly string[], nextSequence: number): Lane {
  return { filters, nextSequence, waiting: [], isExhausted: false };
}

function splitLane({ filters, nextSequence }: Lane): readonly Lane[] {
  if (filters.length < 2) {
    throw new NovacoreError(
      "validation_failed",
      "A snapshot holds at most 1024 DERs a site; name some with ders= or devices=.",
    );
  }
  const middle = filters.length >>> 1;
  return [filters.slice(0, middle), filters.slice(middle)].map((half) =>
    createLane(half, nextSequence),
  );
}
