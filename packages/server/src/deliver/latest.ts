import { EventBatch } from "./batch.ts";
import type { DeliveredEvent } from "./event.ts";
import type { Timed, Wheel } from "./wheel.ts";

export interface LatestOptions {
  /** 0: as fast as the listener reads. */
  readonly minIntervalMs: number;
  readonly bytesMax: number;
  readonly wheel: Wheel;
  readonly now: () => number;
  /** Readings that may be sent now: 0 until the listener has taken what it was sent. */
  readonly room: () => number;
  /** Calls back once when it has. */
  readonly whenIdle: (callback: () => void) => void;
  readonly send: (batch: EventBatch) => void;
  readonly onConflated: (readings: number) => void;
  readonly onOverflow: () => void;
}

/**
 * Keeps the newest reading of each DER until the listener is ready for it and its interval is over.
 * The newest is the one that was taken last: what comes late does not make a display jump back.
 * All that is kept goes out together, so that positions stay in order and a cursor never lies
 * beyond a reading that was still waiting.
 */
export class Latest implements Timed {
  readonly #options: LatestOptions;
  readonly #waiting = new Map<string, DeliveredEvent>();
  /** DER → its newest reading so far, waiting or sent. */
  readonly #newest = new Map<string, { readonly siteId: string; readonly timestampMs: number }>();
  #bytes = 0;
  #nextMs = 0;
  #isWaitingForIdle = false;
  #isSending = false;

  constructor(options: LatestOptions) {
    this.#options = options;
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0 || this.#isSending;
  }

  take(batch: EventBatch): void {
    const newest = this.newestOf(batch.events);
    let conflated = batch.events.length - newest.length;
    for (const event of newest) {
      const { derId } = event.address;
      const older = this.#waiting.get(derId);
      if (older !== undefined) {
        conflated++;
        this.#bytes -= older.chunk.length;
      }
      this.#waiting.set(derId, event);
      this.#bytes += event.chunk.length;
    }
    if (conflated > 0) this.#options.onConflated(conflated);
    if (this.#bytes > this.#options.bytesMax) this.#options.onOverflow();
    else this.onTime(this.#options.now());
  }

  /** Those that are not older than what the listener has or will get; they count as sent. */
  newestOf(events: readonly DeliveredEvent[]): readonly DeliveredEvent[] {
    return events.filter(({ address: { derId, siteId }, timestampMs }) => {
      const known = this.#newest.get(derId);
      if (known !== undefined && known.timestampMs > timestampMs) return false;
      this.#newest.set(derId, { siteId, timestampMs });
      return true;
    });
  }

  onTime(nowMs: number): void {
    if (this.#waiting.size === 0) return;
    if (nowMs < this.#nextMs) {
      this.#options.wheel.at(this.#nextMs, this);
    } else if (this.#options.room() > 0) {
      this.#flush(nowMs, this.#options.room());
    } else if (!this.#isWaitingForIdle) {
      this.#isWaitingForIdle = true;
      this.#options.whenIdle(() => {
        this.#isWaitingForIdle = false;
        this.onTime(this.#options.now());
      });
    }
  }

  /** Forgets what waits and what came of some sites. */
  dropSites(siteIds: ReadonlySet<string>): void {
    for (const [derId, { siteId }] of this.#newest) {
      if (siteIds.has(siteId)) this.#newest.delete(derId);
    }
    for (const [derId, event] of this.#waiting) {
      if (!siteIds.has(event.address.siteId)) continue;
      this.#waiting.delete(derId);
      this.#bytes -= event.chunk.length;
    }
  }

  /** Forgets what waits, and what came before. */
  clear(): void {
    this.#newest.clear();
    this.#waiting.clear();
    this.#bytes = 0;
  }

  close(): void {
    this.#options.wheel.cancel(this);
    this.clear();
  }

  /** Sends what waits; the oldest first where not all of it may go, so that positions keep order. */
  #flush(nowMs: number, room: number): void {
    const waiting = [...this.#waiting.values()].sort((a, b) => a.position - b.position);
    const events = waiting.slice(0, room);
    for (const { address, chunk } of events) {
      this.#waiting.delete(address.derId);
      this.#bytes -= chunk.length;
    }
    this.#nextMs = nowMs + this.#options.minIntervalMs;
    this.#isSending = true;
    this.#options.send(new EventBatch(events));
    this.#isSending = false;
    // What is left waits for its interval, and then for the listener.
    if (this.#waiting.size > 0) this.#options.wheel.at(this.#nextMs, this);
  }
}
