import { PartyLines } from "../party-lines.ts";

/**
 * One change at a time, so that what is counted before it still holds when it is made. Parties that
 * wait take turns: one that wants a thousand changes waits longer than one that wants a single one.
 * How many may wait is the caller's to bound.
 */
export class Turns {
  readonly #ahead: (() => void)[] = [];
  readonly #waiting = new PartyLines<() => void>();
  #isTaken = false;

  /** Makes a change when the turn of its party comes, those of one party in their order. */
  take<T>(party: string, change: () => Promise<T>): Promise<T> {
    return this.#take(change, (go) => this.#waiting.join(party, go));
  }

  /** The same before every party, for what nobody can ask for as often as he likes. */
  takeFirst<T>(change: () => Promise<T>): Promise<T> {
    return this.#take(change, (go) => this.#ahead.push(go));
  }

  async #take<T>(change: () => Promise<T>, wait: (go: () => void) => void): Promise<T> {
    if (this.#isTaken) await new Promise<void>(wait);
    this.#isTaken = true;
    try {
      return await change();
    } finally {
      // The turn goes straight to the next in line, so that nobody can slip in between.
      const next = this.#ahead.shift() ?? this.#waiting.takeNext();
      if (next === undefined) this.#isTaken = false;
      else next();
    }
  }
}
