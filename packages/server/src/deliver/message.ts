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

/** Translates a message that was read back; undefined when it lacks what every one has. */
export function readStoredMessage(message: Msg): StoredMessage | undefined {
  const { headers } = message;
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

/**
 * Translates a republished message. The server writes its headers last and in one order, right
 * before the payload, so the end of them is enough: decoding them all costs ten times as much.
 * Whatever looks otherwise goes the long way.
 */
export function readLiveMessage(message: Msg): StoredMessage | undefined {
  const payload = message.data;
  const start = Math.max(0, payload.byteOffset - tailBytes);
  const head = Buffer.from(payload.buffer, start, payload.byteOffset - start);
  const match = tailPattern.exec(head.toString("latin1"));
  if (match === null || !message.subject.startsWith(livePrefix)) return readStoredMessage(message);
  return {
    sequence: Number(match[1]),
    lastSequence: Number(match[2]),
    subject: message.subject.slice(livePrefix.length),
    payload,
  };
}

const livePrefix = "live.";
/** Two sequences of 20 digits, a time of 35 characters and the three names. */
const tailBytes = 160;
const tailPattern =
  /\r\nNats-Sequence: (\d{1,16})\r\nNats-Time-Stamp: [^\r]{1,40}\r\nNats-Last-Sequence: (\d{1,16})\r\n\r\n$/;

/** Whose reading a subject names; undefined for a subject of another form. */
export function readAddress(subject: string): EnrichedAddress | undefined {
  return parseEnrichedSubject(subject);
}
