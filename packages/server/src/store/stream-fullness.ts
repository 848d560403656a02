import type { Logger } from "pino";
import { limits } from "../limits.ts";

/** Whether a stream was full a moment ago. It is logged once in streamFullToldMs. */
export class StreamFullness {
  readonly #log: Pick<Logger, "warn">;
  readonly #now: () => number;
  #metMs = Number.NEGATIVE_INFINITY;
  #loggedMs = Number.NEGATIVE_INFINITY;

  constructor(log: Pick<Logger, "warn">, now: () => number = Date.now) {
    this.#log = log;
    this.#now = now;
  }

  get isFull(): boolean {
    return this.#now() - this.#metMs < limits.streamFullToldMs;
  }

  /** The stream has refused this subject's message, as it holds as much as it may. */
  note(subject: string): void {
    this.#metMs = this.#now();
    if (this.#metMs - this.#loggedMs < limits.streamFullToldMs) return;
    this.#loggedMs = this.#metMs;
    const fields = { event: "stream_full", subject };
    this.#log.warn(fields, "the stream is full, and what does not fit is refused");
  }
}
