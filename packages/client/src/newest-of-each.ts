import type { EnrichedReading } from "@novacore/protocol";
import type { LiveMessage } from "./live-message.ts";

/**
 * `mode: latest` where the hub does not do it: of each DER the newest reading that was not given yet,
 * and none that is older by `timestamp` than one that was.
 */
export class NewestOfEach {
  readonly #minIntervalMs: number;
  /** By DER, those that wait for longest first. */
  readonly #waiting = new Map<string, LiveMessage>();
  readonly #given = new Map<string, { readonly timestamp: number; readonly atMs: number }>();

  /** `minIntervalMs`: the least time between two readings of a DER; 0: none. */
  constructor(minIntervalMs: number) {
    this.#minIntervalMs = minIntervalMs;
  }

  put(message: LiveMessage): void {
    const { der_id, timestamp } = message.reading;
    const known = this.#waiting.get(der_id)?.reading ?? this.#given.get(der_id);
    if (known === undefined || timestamp > known.timestamp) this.#waiting.set(der_id, message);
  }

  /** The next one that may be given now, as given; undefined: none. */
  take(nowMs: number): LiveMessage | undefined {
    for (const [derId, message] of this.#waiting) {
      if (this.#dueMsOf(derId) > nowMs) continue;
      this.#waiting.delete(derId);
      this.given(message.reading, nowMs);
      return message;
    }
    return undefined;
  }

  /** A reading was given another way. */
  given({ der_id, timestamp }: EnrichedReading, atMs: number): void {
    this.#given.set(der_id, { timestamp, atMs });
  }

  /** When the next one may be given; Infinity: nothing waits. */
  get dueMs(): number {
    let dueMs = Infinity;
    for (const derId of this.#waiting.keys()) dueMs = Math.min(dueMs, this.#dueMsOf(derId));
    return dueMs;
  }

  /** The lowest sequence that waits: who comes back starts before it. Infinity: nothing waits. */
  get lowestSequence(): number {
    let lowest = Infinity;
    for (const { sequence } of this.#waiting.values()) lowest = Math.min(lowest, sequence);
    return lowest;
  }

  #dueMsOf(derId: string): number {
    return (this.#given.get(derId)?.atMs ?? -Infinity) + this.#minIntervalMs;
  }
}
