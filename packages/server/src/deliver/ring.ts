import type { DeliveredEvent } from "./event.ts";

/** What an event costs in a ring beside its bytes: objects and array slots, measured about 250. */
const eventOverheadBytes = 256;

export interface RingLimits {
  readonly ageMs: number;
  readonly bytesMax: number;
}

/** The memory that all rings of a hub share: once it is spent, each ring gives before it takes. */
export interface RingBudget {
  usedBytes: number;
  readonly bytesMax: number;
}

/**
 * The last readings of one site, oldest first, for listeners that come back after a moment. It
 * knows from where on it is complete: everything after `coveredFrom` is in it.
 */
export class Ring {
  readonly #limits: RingLimits;
  readonly #budget: RingBudget;
  #events: DeliveredEvent[] = [];
  #arrivedMs: number[] = [];
  /** Index of the oldest event: dropping one is a step, not a move of the whole array. */
  #start = 0;
  #bytes = 0;
  /** Known to be complete from here, by the feed's word; undefined until it has said so. */
  #completeFrom: number | undefined;
  /** Newest position that was dropped. */
  #droppedThrough = 0;

  constructor(limits: RingLimits, budget: RingBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  /** Every stored reading of the site after this position is here; Infinity until it is known. */
  get coveredFrom(): number {
    if (this.#completeFrom === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(this.#completeFrom, this.#droppedThrough);
  }

  get size(): number {
    return this.#events.length - this.#start;
  }

  push(event: DeliveredEvent, nowMs: number): void {
    this.#events.push(event);
    this.#arrivedMs.push(nowMs);
    this.#account(cost(event));
    const { bytesMax } = this.#limits;
    const isOver = () => this.#bytes > bytesMax || this.#budget.usedBytes > this.#budget.bytesMax;
    while (this.size > 0 && isOver()) this.#dropOldest();
    this.trim(nowMs);
  }

  /** Drops what is too old. */
  trim(nowMs: number): void {
    while (this.size > 0 && (this.#arrivedMs[this.#start] ?? 0) + this.#limits.ageMs < nowMs) {
      this.#dropOldest();
    }
  }

  /** Forgets everything up to a position that the ring is now known to be complete from. */
  coverFrom(position: number): void {
    while (this.size > 0 && (this.#events[this.#start]?.position ?? 0) <= position) {
      this.#dropOldest();
    }
    this.#completeFrom = position;
  }

  /** Events after a position, oldest first, at most about `bytesMax` of them. */
  after(position: number, bytesMax: number): DeliveredEvent[] {
    const found: DeliveredEvent[] = [];
    let bytes = 0;
    for (let i = this.#firstAfter(position); i < this.#events.length; i++) {
      const event = this.#events[i];
      // Never between two of one position: whoever goes on from there would miss the second.
      const isWhole = event?.position !== found.at(-1)?.position;
      if (event === undefined || (bytes >= bytesMax && isWhole)) break;
      found.push(event);
      bytes += event.chunk.length;
    }
    return found;
  }

  clear(): void {
    this.#account(-this.#bytes);
    this.#events = [];
    this.#arrivedMs = [];
    this.#start = 0;
    this.#completeFrom = undefined;
    this.#droppedThrough = 0;
  }

  #firstAfter(position: number): number {
    let low = this.#start;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.position ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #dropOldest(): void {
    const oldest = this.#events[this.#start];
    if (oldest === undefined) return;
    this.#droppedThrough = oldest.position;
    this.#account(-cost(oldest));
    this.#start++;
    if (this.#start > 64 && this.#start * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#start);
      this.#arrivedMs = this.#arrivedMs.slice(this.#start);
      this.#start = 0;
    }
  }

  #account(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.usedBytes += bytes;
  }
}

function cost(event: DeliveredEvent): number {
  return event.chunk.length + eventOverheadBytes;
}
