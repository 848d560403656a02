import type { Logger } from "pino";

/** A rest after the stream has refused something: longer each time, until something is stored. */
export class Pause {
  readonly #log: Pick<Logger, "warn">;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;
  #nextMs = msMin;

  constructor(log: Pick<Logger, "warn">, onOver: () => void) {
    this.#log = log;
    this.#onOver = onOver;
  }

  get running(): boolean {
    return this.#timer !== undefined;
  }

  start(reason: string): void {
    if (this.running) return;
    this.#log.warn({ reason, pauseMs: this.#nextMs }, "the stream refused; trying again");
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onOver();
    }, this.#nextMs);
    this.#nextMs = Math.min(this.#nextMs * 2, msMax);
  }

  /** Something was stored. */
  reset(): void {
    this.#nextMs = msMin;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

const msMin = 20;
const msMax = 1_000;
