import { headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import type { ErrorCode } from "@novacore/protocol";

/** What JetStream answered to a message or to the commit of a batch. */
export type StoreAnswer =
  | { readonly kind: "stored"; readonly sequence: number; readonly duplicate: boolean }
  /** The batch holds a Nats-Msg-Id that is stored already; nothing of it was stored. */
  | { readonly kind: "batch-duplicate" }
  /** It does not fit into the stream any more; nothing of it was stored. */
  | { readonly kind: "full"; readonly code: ErrorCode }
  /** Refused, and for certain not stored. */
  | { readonly kind: "refused"; readonly reason: string };

/** With `fullCode` a full stream is no refusal as any other. */
export function readAnswer(message: Msg, fullCode: ErrorCode | undefined): StoreAnswer {
  const { data } = message;
  if (data.length === 0) {
    const status = message.headers?.status ?? "empty answer";
    return { kind: "refused", reason: status.startsWith("503") ? "no stream listens" : status };
  }
  const answer: unknown = JSON.parse(message.string());
  if (typeof answer !== "object" || answer === null) {
    return { kind: "refused", reason: "answer is not an object" };
  }
  if ("error" in answer) return readError(answer.error, fullCode);
  const sequence = "seq" in answer && typeof answer.seq === "number" ? answer.seq : undefined;
  if (sequence === undefined) return { kind: "refused", reason: "answer has no sequence" };
  return {
    kind: "stored",
    sequence,
    duplicate: "duplicate" in answer && answer.duplicate === true,
  };
}

function readError(error: unknown, fullCode: ErrorCode | undefined): StoreAnswer {
  if (typeof error !== "object" || error === null) return { kind: "refused", reason: "error" };
  if ("err_code" in error && error.err_code === batchHoldsDuplicate) {
    return { kind: "batch-duplicate" };
  }
  const reason = "description" in error ? String(error.description) : JSON.stringify(error);
  if (reason === maximumBytes && fullCode !== undefined) return { kind: "full", code: fullCode };
  return { kind: "refused", reason };
}

/** JSAtomicPublishContainsDuplicateMessageErr */
const batchHoldsDuplicate = 10_201;

/** JSStreamStoreFailedF, whose code stands for every failure of the store. */
const maximumBytes = "maximum bytes exceeded";

/**
 * Headers that are handed over encoded. The client library's own keep a map of validated lists and
 * cost 3 µs a message; it asks them for nothing but `encode()` when it publishes, at once, so that
 * one carrier serves all messages.
 */
export interface EncodedHeaders {
  /** Sets what the next publish carries and answers the carrier. */
  of(lines: string): MsgHdrs;
}

export function encodedHeaders(): EncodedHeaders {
  let encoded: Uint8Array = new Uint8Array(0);
  const carrier = Object.assign(headers(), { encode: () => encoded });
  return {
    of(lines) {
      encoded = Buffer.from(`NATS/1.0\r\n${lines}\r\n`, "latin1");
      return carrier;
    },
  };
}

/** Header lines of one message; ids are ours and hold no line breaks. */
export function messageLines(id: string | undefined): string {
  return id === undefined ? "" : `Nats-Msg-Id: ${id}\r\n`;
}

/** Header lines that make it a member of an atomic batch (`position` from 1). */
export function batchLines(batchId: string, position: number, size: number): string {
  const commit = position === size ? "Nats-Batch-Commit: 1\r\n" : "";
  return `Nats-Batch-Id: ${batchId}\r\nNats-Batch-Sequence: ${position}\r\n${commit}`;
}
