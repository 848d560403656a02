import type { Msg } from "@nats-io/transport-node";
import { type EnrichedAddress, parseEnrichedSubject } from "@novacore/protocol";

/** A message of ENRICHED_TELEMETRY, republished or read back, out of its NATS form. */
export interface StoredMessage {
  readonly sequence: number;
  /**
   * Republished: the previous message of the same subject, 0 if there is none. Read back in a
   * batch: the previous message of that batch.
   */
  readonly lastSequence: number;
  /** The stream's subject, without `live.`. */
  readonly subject: string;
  readonly payload: Uint8Array;
}

/** Translates a message; undefined when it lacks what the server puts on every stored one. */
export function readStoredMessage(message: Msg): StoredMessage | undefined {
  const headers = message.headers;
  if (headers === undefined) return undefined;
  const sequence = Number(headers.get("Nats-Sequence"));
  const subject = headers.get("Nats-Subject");
  if (!Number.isSafeInteger(sequence) || sequence < 1 || subject === "") return undefined;
  const lastSequence = Number(headers.get("Nats-Last-Sequence"));
  return {
    sequence,
    lastSequence: Number.isSafeInteger(lastSequence) ? lastSequence : 0,
    subject,
    payload: message.data,
  };
}

/** Whose reading a subject names; undefined for a subject of another form. */
export function readAddress(subject: string): EnrichedAddress | undefined {
  return parseEnrichedSubject(subject);
}
