import type { Delivery, Slice } from "./dispatch.ts";
import type { Outcome } from "./sender.ts";

/** What was sent, and what became of it: numbers of readings and of messages. */
export interface Tally {
  /** Readings that the devices took. */
  readonly measured: number;
  /** Of them: lost by the gateway and never sent. */
  readonly dropped: number;
  /** Messages, copies included. */
  readonly sent: number;
  /** Of them: late, and copies. */
  readonly late: number;
  readonly copies: number;
  /** What the hub said. MQTT acknowledges; HTTP and NATS tell the other three as well. */
  readonly acknowledged: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Rejected messages by code. */
  readonly rejections: Readonly<Record<string, number>>;
}

export function addUp(tallies: readonly Tally[]): Tally {
  const sum = new RunningTally();
  for (const tally of tallies) sum.add(tally);
  return sum;
}

export class RunningTally implements Tally {
  measured = 0;
  dropped = 0;
  sent = 0;
  late = 0;
  copies = 0;
  acknowledged = 0;
  stored = 0;
  duplicates = 0;
  rejected = 0;
  readonly rejections: Record<string, number> = {};

  addMeasured({ measured, dropped }: Slice): void {
    this.measured += measured;
    this.dropped += dropped;
  }

  /** Every outcome is an acknowledgement: the sender need not send that message again. */
  addSent(deliveries: readonly Delivery[], outcomes: readonly Outcome[]): void {
    for (const { kind } of deliveries) {
      this.sent += 1;
      if (kind === "late") this.late += 1;
      if (kind === "copy") this.copies += 1;
    }
    for (const outcome of outcomes) this.#addOutcome(outcome);
  }

  add(other: Tally): void {
    for (const count of counts) this[count] += other[count];
    for (const [code, n] of Object.entries(other.rejections)) this.#addRejections(code, n);
  }

  #addOutcome(outcome: Outcome): void {
    this.acknowledged += 1;
    switch (outcome.status) {
      case "stored":
        this.stored += 1;
        break;
      case "duplicate":
        this.duplicates += 1;
        break;
      case "rejected":
        this.rejected += 1;
        this.#addRejections(outcome.code, 1);
        break;
      case "acknowledged":
        break; // all that MQTT says
    }
  }

  #addRejections(code: string, count: number): void {
    this.rejections[code] = (this.rejections[code] ?? 0) + count;
  }
}

const counts = [
  ...(["measured", "dropped", "sent", "late", "copies"] as const),
  ...(["acknowledged", "stored", "duplicates", "rejected"] as const),
];
