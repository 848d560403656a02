import { limits } from "../limits.ts";

const windowMs = 60_000;

/**
 * Counts how often each organization has consumers made or reset, minute by minute: each time the
 * hub asks nats-server dozens of things, one organization after the other.
 */
export class ConsumerRate {
  readonly #counts = new Map<string, number>();
  #window = 0;

  /** Counts one more; in how many milliseconds to come again, when it is one too many. */
  take(orgId: string, nowMs: number): number | undefined {
    const window = Math.floor(nowMs / windowMs);
    if (window !== this.#window) this.#counts.clear();
    this.#window = window;
    const count = (this.#counts.get(orgId) ?? 0) + 1;
    this.#counts.set(orgId, count);
    const isWithin = count <= limits.consumerChangesPerMinute;
    return isWithin ? undefined : (window + 1) * windowMs - nowMs;
  }
}
