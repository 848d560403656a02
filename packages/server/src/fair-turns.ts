import { NovacoreError } from "@novacore/protocol";
import { PartyLines } from "./party-lines.ts";

export interface FairTurnsOptions {
  /** Turns taken at once, of all parties and of one. */
  readonly atOnceMax: number;
  readonly perPartyMax: number;
  /** Longest wait for a turn. */
  readonly waitMs: number;
  /** What is told to whoever has waited so long. */
  readonly lateSentence: string;
}

/**
 * A few turns at once, of which no party takes all; those that wait get them in rotation. How many may
 * wait is the caller's to bound.
 */
export class FairTurns {
  readonly #options: FairTurnsOptions;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new PartyLines<Waiter>();
  #takenCount = 0;
  #waitingCount = 0;

  constructor(options: FairTurnsOptions) {
    this.#options = options;
  }

  get taken(): number {
    return this.#takenCount;
  }

  get waiting(): number {
    return this.#waitingCount;
  }

  takenBy(party: string): number {
    return this.#taken.get(party) ?? 0;
  }

  waitingOf(party: string): number {
    return this.#waiting.lengthOf(party);
  }

  /**
   * Resolves, when a turn of the party's comes, to what gives it back. Rejects with the signal's own
   * reason, and with `unavailable` after waitMs: whoever waits no longer is in nobody's way at once.
   */
  take(party: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const stopWaiting = () => {
        this.#waitingCount--;
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
      };
      const go = () => {
        stopWaiting();
        resolve(once(() => this.#giveBack(party)));
      };
      const waiter = { party, go };
      const giveUp = (reason: unknown) => {
        stopWaiting();
        this.#waiting.leave(party, waiter);
        reject(reason);
      };
      const { waitMs, lateSentence } = this.#options;
      const timer = setTimeout(() => {
        giveUp(new NovacoreError("unavailable", lateSentence));
      }, waitMs);
      const abort = () => giveUp(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.join(party, waiter);
      this.#waitingCount++;
      this.#startNext();
    });
  }

  #startNext(): void {
    const { atOnceMax, perPartyMax } = this.#options;
    while (this.#takenCount < atOnceMax) {
      const next = this.#waiting.takeNext((party) => this.takenBy(party) < perPartyMax);
      if (next === undefined) return;
      this.#takenCount++;
      this.#taken.set(next.party, this.takenBy(next.party) + 1);
      next.go();
    }
  }

  #giveBack(party: string): void {
    this.#takenCount--;
    const left = this.takenBy(party) - 1;
    if (left > 0) this.#taken.set(party, left);
    else this.#taken.delete(party);
    this.#startNext();
  }
}

interface Waiter {
  readonly party: string;
  readonly go: () => void;
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
