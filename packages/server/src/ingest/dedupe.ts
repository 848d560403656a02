import { limits } from "../limits.ts";
import { RecentTimestamps } from "./recent-timestamps.ts";
import { TimestampBlocks } from "./timestamp-blocks.ts";

/** What is known about a (der_id, timestamp) before it is stored. */
export type Known = "new" | "pending" | "stored";

interface Der {
  /** Latest timestamp seen: anything after it is new without a look. */
  lastMs: number;
  readonly recent: RecentTimestamps;
}

/**
 * Remembers the readings of the last ten minutes by arrival, so that each is stored once. A copy
 * that comes while the first is still on its way waits for that one's answer: acknowledging it
 * earlier would promise what may yet fail.
 */
export class Dedupe<Outcome> {
  readonly #ders = new Map<string, Der>();
  readonly #pending = new Map<string, ((outcome: Outcome) => void)[] | undefined>();
  readonly #blocks = new TimestampBlocks();
  #entries = 0;

  /** Timestamps remembered, and DERs that they are of. */
  get size(): { readonly entries: number; readonly ders: number } {
    return { entries: this.#entries, ders: this.#ders.size };
  }

  /** Looks a reading up, and takes note that a new one is on its way: `settle` must follow. */
  begin(derId: string, timestampMs: number, id: string): Known {
    const der = this.#derOf(derId);
    if (this.#pending.has(id)) return "pending";
    if (timestampMs > der.lastMs) der.lastMs = timestampMs;
    else if (der.recent.has(timestampMs)) return "stored";
    this.#pending.set(id, undefined);
    return "new";
  }

  /** Tells `onSettled` what becomes of the copy that is on its way. */
  wait(id: string, onSettled: (outcome: Outcome) => void): void {
    const waiters = this.#pending.get(id);
    if (waiters === undefined) this.#pending.set(id, [onSettled]);
    else waiters.push(onSettled);
  }

  /** The reading is stored, or is known not to be; answers who else waits for that. */
  settle(
    derId: string,
    timestampMs: number,
    id: string,
    stored: boolean,
  ): readonly ((outcome: Outcome) => void)[] {
    const waiters = this.#pending.get(id);
    this.#pending.delete(id);
    if (stored) this.#remember(derId, timestampMs);
    return waiters ?? [];
  }

  /** Takes note of what the stream holds: the id is `{der_id}:{timestamp}`; others are ignored. */
  remember(id: string): void {
    const colon = id.lastIndexOf(":");
    const timestampMs = Number(id.slice(colon + 1));
    if (colon < 1 || !Number.isSafeInteger(timestampMs)) return;
    this.#remember(id.slice(0, colon), timestampMs);
  }

  /** To be called every minute: forgets what is older than the window. */
  nextMinute(): void {
    for (const [derId, der] of this.#ders) {
      this.#entries -= der.recent.nextMinute(windowMinutes);
      if (der.recent.length === 0) this.#ders.delete(derId);
    }
  }

  #remember(derId: string, timestampMs: number): void {
    const der = this.#derOf(derId);
    if (timestampMs > der.lastMs) der.lastMs = timestampMs;
    const before = der.recent.length;
    const mayGrow =
      this.#entries < limits.dedupeEntriesMax && before < limits.dedupeEntriesPerDerMax;
    der.recent.add(timestampMs, mayGrow);
    this.#entries += der.recent.length - before;
  }

  #derOf(derId: string): Der {
    const known = this.#ders.get(derId);
    if (known !== undefined) return known;
    const der = { lastMs: Number.NEGATIVE_INFINITY, recent: new RecentTimestamps(this.#blocks) };
    this.#ders.set(derId, der);
    return der;
  }
}

/** The minute that runs comes on top, so that the window is never shorter than promised. */
const windowMinutes = Math.ceil(limits.dedupeWindowMs / 60_000);
