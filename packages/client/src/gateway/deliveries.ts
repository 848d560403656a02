import type { Delivery } from "./delivery.ts";

/** Who waits for what becomes of a reading, by its sequence in the spool. */
export class Deliveries {
  /** In the order of sequences. */
  readonly #waiting = new Map<number, (delivery: Delivery) => void>();

  /** Beyond `waitingMax` the one that has waited longest is told that the spool has it. */
  await(sequence: number, resolve: (delivery: Delivery) => void): void {
    this.#waiting.set(sequence, resolve);
    if (this.#waiting.size <= waitingMax) return;
    for (const oldest of this.#waiting.keys()) {
      this.settle(oldest, { status: "spooled" });
      return;
    }
  }

  settle(sequence: number, delivery: Delivery): void {
    this.#waiting.get(sequence)?.(delivery);
    this.#waiting.delete(sequence);
  }

  settleRange(from: number, to: number, delivery: Delivery): void {
    for (const sequence of this.#waiting.keys()) {
      if (sequence >= to) return;
      if (sequence >= from) this.settle(sequence, delivery);
    }
  }

  close(): void {
    this.settleRange(0, Number.POSITIVE_INFINITY, { status: "spooled" });
  }
}

/** Of a gateway that is offline for days, not every reading is to have a promise in memory. */
const waitingMax = 20_000;
