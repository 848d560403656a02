import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { readPublicKeys } from "./keys.ts";
import { verifySignature } from "./signatures.ts";

export interface ClaimRequest {
  readonly gatewaySerial: string;
  readonly publicKey: unknown;
  /** `claimer|nonce|timestamp|serial`, as the gateway signed it. */
  readonly message: string;
  readonly signature: string;
  /** Who makes the request. */
  readonly claimerId: string;
  readonly now: number;
}

export interface ProvenClaim {
  /** The key that signed, in canonical form. */
  readonly publicKey: string;
  readonly nonce: string;
  /** From then on the message is too old by itself, ISO-8601. */
  readonly nonceUntil: string;
}

/**
 * Checks that a gateway has agreed to be claimed by the one who asks, now (wire contract §5). Throws
 * `claim_invalid`, `claim_expired`, `key_invalid` or `signature_invalid`. Whether the nonce is unused
 * is for the registry to say, in the same transaction as the claim.
 */
export function readClaim(request: ClaimRequest): ProvenClaim {
  const parts = request.message.split("|");
  const [claimerId, nonce, timestamp, serial] = parts;
  if (parts.length !== 4 || !claimerId || !nonce || !timestamp || !serial) {
    throw invalid("It must be claimer|nonce|timestamp|serial, four parts, none of them empty.");
  }
  if (nonce.length > nonceLengthMax)
    throw invalid(`Its nonce exceeds ${nonceLengthMax} characters.`);
  if (serial !== request.gatewaySerial) {
    throw invalid("Its serial is not the gateway_serial of the request.");
  }
  if (claimerId !== request.claimerId) throw invalid("Its claimer is not the caller.");
  const key = readPublicKeys(request.publicKey).find((candidate) =>
    verifySignature(candidate, Buffer.from(request.message), request.signature),
  );
  if (key === undefined) throw new NovacoreError("signature_invalid");
  const signedAt = readTimestamp(timestamp);
  if (signedAt === undefined) throw invalid("Its timestamp is neither Unix seconds nor ISO-8601.");
  if (Math.abs(request.now - signedAt) > limits.claimAgeMs) {
    const sentence = `The claim's timestamp ${timestamp} is more than 10 minutes off; sign a new one.`;
    throw new NovacoreError("claim_expired", sentence);
  }
  const nonceUntil = new Date(signedAt + limits.claimAgeMs).toISOString();
  return { publicKey: key.hex, nonce, nonceUntil };
}

const nonceLengthMax = 256;

function invalid(reason: string): NovacoreError {
  const message = `The claim message does not fit. ${reason}`;
  return new NovacoreError("claim_invalid", message, { details: [{ path: "/message", message }] });
}

/** Epoch milliseconds from Unix seconds (with or without a fraction) or an ISO-8601 time. */
function readTimestamp(text: string): number | undefined {
  if (/^\d{1,11}(\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  // Epoch milliseconds have 13 digits; seconds will not for 30 000 years.
  if (/^\d{13}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
