/**
 * So many at once, and so many a second for long (a token bucket). The clock comes in as an
 * argument.
 */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #sinceMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#sinceMs = nowMs;
  }

  /** Takes one, or as many; false when there are not so many left now. */
  take(nowMs: number, count = 1): boolean {
    const gained = (Math.max(0, nowMs - this.#sinceMs) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + gained);
    this.#sinceMs = nowMs;
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }
}
