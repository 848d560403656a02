import { NovacoreError, retryableCodes, toNovacoreError } from "../errors.ts";
import type { Rest } from "../rest.ts";
import type { AddressedReading, Verdict } from "./delivery.ts";
import type { Sent, UplinkConnection } from "./uplink.ts";

/** What the hub answers to an upload or a batch, of each reading. */
export interface UploadAnswer {
  readonly durability: string;
  readonly results: readonly UploadResult[];
}

interface UploadResult {
  /** `stored`, `duplicate` or `rejected`. */
  readonly status: string;
  readonly cursor?: string;
  readonly archived?: boolean;
  readonly error?: string;
  readonly message?: string;
  readonly path?: string;
}

/** Readings over HTTP, whatever their age: `POST /gateways/{serial}/telemetry`. */
export function createUpload(rest: Rest, serial: string): UplinkConnection["send"] {
  return async (readings, signal) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
    try {
      const options = { body: readings, signal: limit };
      const path = `gateways/${serial}/telemetry`;
      return readAnswer(await rest.request<UploadAnswer>("POST", path, options), readings);
    } catch (thrown) {
      signal.throwIfAborted();
      return { verdicts: [], error: toNovacoreError(thrown, "The upload failed") };
    }
  };
}

/** The hub answers within 30 s. */
export const answerMs = 45_000;

/**
 * The verdicts up to the first reading that may be sent again as it is: all from there on are, so
 * that they stay in order, and the hub drops copies of what it has stored behind it.
 */
export function readAnswer(
  { durability, results }: UploadAnswer,
  readings: readonly AddressedReading[],
): Sent {
  const verdicts: Verdict[] = [];
  for (const [index, reading] of readings.entries()) {
    const result = results[index];
    if (result === undefined) {
      const message = `The hub answered for ${results.length} of ${readings.length} readings.`;
      return { verdicts, error: new NovacoreError("answer_invalid", message) };
    }
    const { status, cursor, archived, error: code = "internal", message = code, path } = result;
    switch (status) {
      case "stored":
      case "duplicate":
        verdicts.push({
          ...{ status, durability },
          ...(cursor !== undefined && { cursor }),
          ...(archived !== undefined && { archived }),
        });
        break;
      case "rejected": {
        if (retryableCodes.has(code)) return { verdicts, error: new NovacoreError(code, message) };
        const rejection = { code, message, ...(path !== undefined && { path }), reading };
        verdicts.push({ status, rejection });
        break;
      }
      default: {
        const unknown = `The hub answered "${status}", which is not known here: update this package.`;
        return { verdicts, error: new NovacoreError("answer_invalid", unknown) };
      }
    }
  }
  return { verdicts };
}
