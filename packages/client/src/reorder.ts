/**
 * Holds what comes for a while and gives it in the order of its timestamps. What is later than that
 * comes late: it is never dropped, and nothing is held for longer, nor more of it, than allowed.
 */
export class Reorder<T extends { readonly timestamp: number }> {
  /** By timestamp; equal ones as they came. */
  readonly #held: { readonly item: T; readonly untilMs: number }[] = [];
  readonly #windowMs: number;
  readonly #most: number;

  constructor(windowMs: number, most: number) {
    this.#windowMs = windowMs;
    this.#most = most;
  }

  add(item: T, nowMs: number): void {
    let index = this.#held.length;
    while (index > 0 && timestampAt(this.#held, index - 1) > item.timestamp) index--;
    this.#held.splice(index, 0, { item, untilMs: nowMs + this.#windowMs });
  }

  /** What has been held for long enough, and whatever is older than that. */
  release(nowMs: number): T[] {
    let count = Math.max(0, this.#held.length - this.#most);
    for (let i = count; i < this.#held.length; i++) {
      if ((this.#held[i]?.untilMs ?? 0) <= nowMs) count = i + 1;
    }
    return this.#held.splice(0, count).map(({ item }) => item);
  }

  /** When `release` has something next; Infinity: nothing is held. */
  get dueMs(): number {
    return this.#held.reduce((least, { untilMs }) => Math.min(least, untilMs), Infinity);
  }
}

function timestampAt(
  held: readonly { readonly item: { readonly timestamp: number } }[],
  index: number,
): number {
  return held[index]?.item.timestamp ?? 0;
}
