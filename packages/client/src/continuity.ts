import type { LiveMessage } from "./live-message.ts";

/**
 * Whether live readings follow one another without a gap. Each tells the sequence of its DER's reading
 * before it, so a reading that is missing is noticed with the DER's next one.
 */
export class Continuity {
  readonly #start: number;
  readonly #lastByDer = new Map<string, number>();

  /** Everything up to `start` is known, or not wanted. */
  constructor(start: number) {
    this.#start = start;
  }

  /** A reading of this DER has come, and so have all of it before that. */
  reached(derId: string, sequence: number): void {
    this.#lastByDer.set(derId, Math.max(sequence, this.#last(derId)));
  }

  /** What a live message is; `missed`: something stored after that sequence has not come. */
  judge({ sequence, lastSequence, reading }: LiveMessage): Verdict {
    const last = this.#last(reading.der_id);
    if (sequence <= last) return { kind: "copy" };
    return lastSequence > last ? { kind: "missed", after: last } : { kind: "next" };
  }

  #last(derId: string): number {
    return this.#lastByDer.get(derId) ?? this.#start;
  }
}

export type Verdict =
  | { readonly kind: "next" }
  | { readonly kind: "copy" }
  | { readonly kind: "missed"; readonly after: number };
