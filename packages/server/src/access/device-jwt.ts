import { createHash } from "node:crypto";
import { NovacoreError } from "@novacore/protocol";
import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import { fromCanonical, toKeyObject } from "./keys.ts";

/** A JWT that a gateway or device has signed itself, and that has been verified. */
export interface DeviceLogin {
  readonly identityId: string;
  /** A hash of the JWT, as many carry no `jti`. */
  readonly tokenId: string;
  /** When it ends, leeway included, epoch milliseconds. */
  readonly expiresAt: number;
}

export interface DeviceJwtOptions {
  /** Keys on record, canonical. */
  readonly keysOf: (identityId: string) => Promise<readonly string[]>;
  readonly now: number;
  readonly leewayMs: number;
}

/** The identity that a JWT's header names in `device`; undefined: not a self-signed one. */
export function deviceOf(jwt: string): string | undefined {
  try {
    const { device } = decodeProtectedHeader(jwt);
    return typeof device === "string" ? device : undefined;
  } catch {
    return undefined; // Not a JWT at all; whoever asked says so to the client.
  }
}

/**
 * Verifies a self-signed JWT (wire contract §2): ES256 and nothing else, by a key on record of the
 * identity that the header names in `device`, `exp` not passed by more than the leeway. `iat`, `jti`,
 * `nonce` and `opr` are optional, as gateways differ. Throws `key_unknown`, `token_expired`,
 * `signature_invalid` or `unauthenticated`.
 */
export async function readDeviceJwt(jwt: string, options: DeviceJwtOptions): Promise<DeviceLogin> {
  const identityId = deviceOf(jwt);
  if (identityId === undefined) {
    throw new NovacoreError("unauthenticated", "The JWT's header names no device.");
  }
  const keys = (await options.keysOf(identityId))
    .map(fromCanonical)
    .filter((key) => key.algorithm === "ES256");
  if (keys.length === 0) {
    throw new NovacoreError("key_unknown", `No ES256 key of ${identityId} is on record.`);
  }
  let refusal: unknown;
  for (const key of keys) {
    try {
      const { payload } = await jwtVerify(jwt, toKeyObject(key), {
        algorithms: ["ES256"],
        requiredClaims: ["exp"],
        clockTolerance: options.leewayMs / 1000,
        currentDate: new Date(options.now),
      });
      return {
        identityId,
        tokenId: createHash("sha256").update(jwt).digest("base64url").slice(0, 22),
        expiresAt: (payload.exp ?? 0) * 1000 + options.leewayMs,
      };
    } catch (error) {
      refusal = error;
      // Another key may have signed it; any other fault is the JWT's own.
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
    }
  }
  throw refusalOf(refusal);
}

function refusalOf(cause: unknown): NovacoreError {
  if (cause instanceof errors.JWTExpired) {
    return new NovacoreError("token_expired", "The JWT has expired; sign a fresh one.", { cause });
  }
  if (cause instanceof errors.JWSSignatureVerificationFailed) {
    return new NovacoreError("signature_invalid", "The JWT is signed with another key.", { cause });
  }
  const reason = cause instanceof Error ? cause.message : "unreadable";
  return new NovacoreError("unauthenticated", `The JWT is refused: ${reason}.`, { cause });
}
