import { limits } from "../limits.ts";
import { filtersMax } from "./filters.ts";
import type { StoredMessage } from "./message.ts";
import type { StreamReader } from "./stream-reader.ts";

/**
 * Walks the stream along several subject filters at once, in stream order. It holds at most one
 * batch per filter, and asks for the next only when it is asked itself: whoever reads sets the pace.
 */
export class Replay {
  /** Everything that matches up to here has been given out. */
  position: number;
  readonly #reader: Pick<StreamReader, "read">;
  readonly #lanes: Lane[];

  constructor(
    reader: Pick<StreamReader, "read">,
    filters: readonly string[],
    afterPosition: number,
  ) {
    if (filters.length > filtersMax) throw new RangeError(`${filters.length} filters are too many`);
    this.#reader = reader;
    this.position = afterPosition;
    this.#lanes = filters.map((filter) => ({
      filter,
      nextSequence: afterPosition + 1,
      waiting: [],
      isExhausted: false,
    }));
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
    await Promise.all(this.#lanes.map((lane) => this.#fill(lane, countMax)));
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

  async #fill(lane: Lane, countMax: number): Promise<void> {
    if (lane.waiting.length > 0) return;
    const { filter, nextSequence } = lane;
    const { messages, isExhausted } = await this.#reader.read(filter, nextSequence, countMax);
    lane.waiting = messages;
    lane.isExhausted = isExhausted;
    const last = messages.at(-1);
    if (last !== undefined) lane.nextSequence = last.sequence + 1;
  }
}

interface Lane {
  readonly filter: string;
  nextSequence: number;
  waiting: readonly StoredMessage[];
  isExhausted: boolean;
}
