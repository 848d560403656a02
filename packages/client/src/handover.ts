import type { LiveMessage } from "./live-message.ts";

/**
 * Finds the moment at which live readings can take over from the past. It keeps what comes live while
 * the past is still read; once the past has reached the first of that, the two overlap, and nothing
 * lies between them. No clock and no word of the hub is trusted for it.
 */
export class Handover {
  readonly #messagesMax: number;
  #gathered: LiveMessage[] = [];

  /** 10 000 messages are some 5 MB; a past that is further behind does not meet them yet. */
  constructor(messagesMax = 10_000) {
    this.#messagesMax = messagesMax;
  }

  /** A message that came live, in the order of the stream. */
  gather(message: LiveMessage): void {
    // The past brings all of these too: it will meet later ones.
    if (this.#gathered.length >= this.#messagesMax) this.#gathered = [];
    this.#gathered.push(message);
  }

  /** All that was gathered, if the past has come so far; some of it has come by the past as well. */
  meet(pastSequence: number): readonly LiveMessage[] | undefined {
    const [first] = this.#gathered;
    if (first === undefined || pastSequence < first.sequence) return undefined;
    return this.#gathered.splice(0);
  }

  /** What was gathered is of no use: the stream is another one, or some of it was let go. */
  forget(): void {
    this.#gathered = [];
  }
}
