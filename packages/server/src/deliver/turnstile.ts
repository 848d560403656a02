import { PartyLines } from "../party-lines.ts";

/**
 * Lets a few do something at a time, and the parties that wait in turn: one that asks for a thousand
 * things gets no more than one that asks for a single one. Within a party it goes in the order they
 * came. A replay passes it once per batch, so that a slow listener holds no place.
 */
export class Turnstile {
  readonly #atOnceMax: number;
  readonly #waiting = new PartyLines<() => void>();
  #running = 0;

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
  }

  get running(): number {
    return this.#running;
  }

  /** How many of a party wait. */
  waitingOf(party: string): number {
    return this.#waiting.lengthOf(party);
  }

  /** Runs `work` when its turn comes. Who may wait, and so how many, is the caller's to bound. */
  async pass<T>(work: () => Promise<T>, party = ""): Promise<T> {
    if (this.#running < this.#atOnceMax) this.#running++;
    else await this.#wait(party);
    try {
      return await work();
    } finally {
      // The place goes straight to the next in line, so that nobody can slip in between.
      const next = this.#waiting.takeNext();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #wait(party: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.join(party, resolve);
    return promise;
  }
}
