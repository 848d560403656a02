import type { OnStored } from "./publisher.ts";

/** One message on its way into the stream. */
export interface Entry {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly id: string | undefined;
  readonly done: OnStored;
  /** When it was first sent, hub clock; 0: never. */
  firstSentMs: number;
  /** The stream's last sequence known then: if it was stored, then after this. */
  sinceSequence: number;
  /** Sent at least once without an answer: it may or may not be stored. */
  ambiguous: boolean;
}

/** Entries that travel, or go again, together. */
export interface Group {
  readonly entries: readonly Entry[];
  readonly singly: boolean;
  /** How often the stream has refused it. */
  readonly refusals: number;
}
