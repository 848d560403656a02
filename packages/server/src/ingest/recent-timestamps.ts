import type { TimestampBlocks } from "./timestamp-blocks.ts";

/**
 * The timestamps of one DER that arrived in the last minutes, in the order of their arrival, in
 * blocks that are shared by all DERs: a block holds what arrived within one minute.
 */
export class RecentTimestamps {
  readonly #blocks: TimestampBlocks;
  /** The oldest and the newest block; undefined while there is none. */
  #head: number | undefined;
  #tail: number | undefined;
  #minute = 0;
  #length = 0;

  constructor(blocks: TimestampBlocks) {
    this.#blocks = blocks;
  }

  get length(): number {
    return this.#length;
  }

  has(timestampMs: number): boolean {
    for (let block = this.#head; block !== undefined; block = this.#blocks.next(block)) {
      if (this.#blocks.has(block, timestampMs)) return true;
    }
    return false;
  }

  /** Remembers one more; with `mayGrow` false, at the price of the oldest one. */
  add(timestampMs: number, mayGrow: boolean): void {
    if (!mayGrow) this.#dropOldest();
    const blocks = this.#blocks;
    if (this.#tail === undefined || !blocks.hasRoom(this.#tail, this.#minute)) {
      const block = blocks.take(this.#minute);
      if (this.#tail === undefined) this.#head = block;
      else blocks.link(this.#tail, block);
      this.#tail = block;
    }
    blocks.push(this.#tail, timestampMs);
    this.#length += 1;
  }

  /** A minute is over: forgets what arrived before the last `minutes`. Answers how many. */
  nextMinute(minutes: number): number {
    this.#minute += 1;
    const before = this.#length;
    while (this.#head !== undefined) {
      if (this.#minute - this.#blocks.minute(this.#head) <= minutes) break;
      this.#length -= this.#blocks.count(this.#head);
      this.#giveHead();
    }
    return before - this.#length;
  }

  #dropOldest(): void {
    if (this.#head === undefined) return;
    this.#blocks.shift(this.#head);
    this.#length -= 1;
    if (this.#blocks.count(this.#head) === 0) this.#giveHead();
  }

  #giveHead(): void {
    if (this.#head === undefined) return;
    const next = this.#blocks.next(this.#head);
    this.#blocks.give(this.#head);
    this.#head = next;
    if (next === undefined) this.#tail = undefined;
  }
}
