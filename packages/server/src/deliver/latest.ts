import { EventBatch } from "./batch.ts";
import type { DeliveredEvent } from "./event.ts";
import type { Timed, Wheel } from "./wheel.ts";

export interface LatestOptions {
  /** 0: as fast as the listener reads. */
  readonly minIntervalMs: number;
  readonly bytesMax: number;
  readonly wheel: Wheel;
  readonly now: () => number;
  /** Whether the listener has taken all it was sent. */
  readonly isIdle: () => boolean;
  /** Calls back once when it has. */
  readonly whenIdle: (callback: () => void) => void;
  readonly send: (batch: EventBatch) => void;
  readonly onConflated: (readings: number) => void;
  readonly onOverflow: () => void;
}

/**
 * Keeps the newest reading of each DER until the listener is ready for it and its interval is over.
 * All that is kept goes out together, so that positions stay in order and a cursor never lies
 * beyond a reading that was still waiting.
 */
export class Latest implements Timed {
  readonly #options: LatestOptions;
  readonly #waiting = new Map<string, DeliveredEvent>();
  #bytes = 0;
  #nextMs = 0;
  #isWaitingForIdle = false;

  constructor(options: LatestOptions) {
    this.#options = options;
  }

  take(batch: EventBatch): void {
    let conflated = 0;
    for (const event of batch.events) {
      const { derId } = event.address;
      const older = this.#waiting.get(derId);
      if (older !== undefined) {
        conflated++;
        // Late arrivals happen: the reading's own clock says which is the newest.
        if (older.timestampMs > event.timestampMs) continue;
        this.#bytes -= older.chunk.length;
      }
      this.#waiting.set(derId, event);
      this.#bytes += event.chunk.length;
    }
    if (conflated > 0) this.#options.onConflated(conflated);
    if (this.#bytes > this.#options.bytesMax) this.#options.onOverflow();
    else this.onTime(this.#options.now());
  }

  onTime(nowMs: number): void {
    if (this.#waiting.size === 0) return;
    if (nowMs < this.#nextMs) {
      this.#options.wheel.at(this.#nextMs, this);
    } else if (this.#options.isIdle()) {
      this.#flush(nowMs);
    } else if (!this.#isWaitingForIdle) {
      this.#isWaitingForIdle = true;
      this.#options.whenIdle(() => {
        this.#isWaitingForIdle = false;
        this.onTime(this.#options.now());
      });
    }
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting.clear();
    this.#bytes = 0;
  }

  close(): void {
    this.#options.wheel.cancel(this);
    this.clear();
  }

  #flush(nowMs: number): void {
    const events = [...this.#waiting.values()].sort((a, b) => a.position - b.position);
    this.#waiting.clear();
    this.#bytes = 0;
    this.#nextMs = nowMs + this.#options.minIntervalMs;
    this.#options.send(new EventBatch(events));
  }
}
