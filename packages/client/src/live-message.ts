import type { Msg } from "@nats-io/nats-core";
import type { EnrichedReading } from "@novacore/protocol";

/** A stored reading as NATS brings it, with its place in the stream. */
export interface LiveMessage {
  readonly sequence: number;
  /** The sequence of the DER's reading before it; 0: there is none. */
  readonly lastSequence: number;
  readonly reading: EnrichedReading;
}

/**
 * Undefined for what the stream did not send: another program of the organization can make nats-server
 * write to these subjects, but not with these headers.
 */
export function readLiveMessage(message: Msg): LiveMessage | undefined {
  const sequence = Number(message.headers?.get("Nats-Sequence"));
  const lastSequence = Number(message.headers?.get("Nats-Last-Sequence"));
  if (!Number.isSafeInteger(sequence) || sequence < 1) return undefined;
  if (!Number.isSafeInteger(lastSequence)) return undefined;
  return { sequence, lastSequence, reading: message.json<EnrichedReading>() };
}
