/**
 * The timestamps of one DER that arrived in the last minutes, in the order of their arrival, at four
 * bytes each: milliseconds modulo 2^32 (49 days), which no two readings inside the backfill limit
 * share. 10 000 DERs at 1 Hz for ten minutes take 30 MB.
 */
export class RecentTimestamps {
  #items = new Uint32Array(itemsMin);
  #start = 0;
  #end = 0;
  /** How many arrived in each minute, the oldest first; the last is the minute that runs. */
  readonly #perMinute: number[] = [0];

  get length(): number {
    return this.#end - this.#start;
  }

  /** Memory that the timestamps take. */
  get bytes(): number {
    return this.#items.byteLength;
  }

  has(timestampMs: number): boolean {
    return this.#items.subarray(this.#start, this.#end).includes(timestampMs % modulus);
  }

  /** Remembers one more; with `mayGrow` false, at the price of the oldest ones. */
  add(timestampMs: number, mayGrow: boolean): void {
    if (this.#end === this.#items.length) this.#makeRoom(mayGrow);
    this.#items[this.#end++] = timestampMs % modulus;
    const running = this.#perMinute.length - 1;
    this.#perMinute[running] = (this.#perMinute[running] ?? 0) + 1;
  }

  /** A minute is over: forgets what arrived before the last `minutes`. Answers how many. */
  nextMinute(minutes: number): number {
    let dropped = 0;
    while (this.#perMinute.length > minutes) dropped += this.#perMinute.shift() ?? 0;
    this.#perMinute.push(0);
    dropped = Math.min(dropped, this.length);
    this.#start += dropped;
    return dropped;
  }

  #makeRoom(mayGrow: boolean): void {
    const length = this.#items.length;
    if (this.#start < length / 8) {
      if (mayGrow) {
        const grown = new Uint32Array(Math.ceil(length * 1.125) + 8);
        grown.set(this.#items.subarray(this.#start, this.#end));
        this.#end -= this.#start;
        this.#start = 0;
        this.#items = grown;
        return;
      }
      this.#dropOldest(Math.ceil(length / 8) - this.#start);
    }
    this.#items.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #dropOldest(count: number): void {
    this.#start += count;
    let rest = count;
    for (const [minute, arrived] of this.#perMinute.entries()) {
      const taken = Math.min(rest, arrived);
      this.#perMinute[minute] = arrived - taken;
      rest -= taken;
    }
  }
}

const itemsMin = 8;
const modulus = 2 ** 32;
