/** What a gateway may publish in one window, and who is told when it publishes more. */
export interface GatewayRatesOptions {
  readonly windowMs: number;
  readonly readingsMax: number;
}

export type Rate =
  | "within"
  /** The first one too many of its window. */
  | "exceeded"
  | "beyond";

/**
 * Counts what each gateway publishes without an acknowledgement, so that one that floods delays
 * nobody but itself. It counts by the time at which nats-server stored a message and not by when the
 * hub reads it: after a pause of the hub, hours of ordinary readings come within seconds.
 */
export class GatewayRates {
  readonly #options: GatewayRatesOptions;
  readonly #counts = new Map<string, number>();
  #window = 0;

  constructor(options: GatewayRatesOptions) {
    this.#options = options;
  }

  take(serial: string, storedMs: number): Rate {
    const { windowMs, readingsMax } = this.#options;
    const window = Math.floor(storedMs / windowMs);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts.clear();
    }
    const count = (this.#counts.get(serial) ?? 0) + 1;
    this.#counts.set(serial, count);
    if (count <= readingsMax) return "within";
    return count === readingsMax + 1 ? "exceeded" : "beyond";
  }
}
