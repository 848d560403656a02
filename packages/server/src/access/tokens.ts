import { randomUUID } from "node:crypto";
import { NovacoreError } from "@novacore/protocol";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { SigningKeys } from "./signing-keys.ts";

/** What a signed statement of the hub is for; one is never accepted as the other. */
export type TokenPurpose = "access" | "stream";

export interface TokenClaims {
  readonly identityId: string;
  readonly tokenId: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly payload: JWTPayload;
}

const issuer = "novacore";
const audience: Record<TokenPurpose, string> = {
  access: "novacore",
  stream: "novacore-stream",
};

/** Signs a token of ours. `payload` comes beside the registered claims and cannot replace them. */
export async function signToken(
  keys: SigningKeys,
  options: {
    readonly purpose: TokenPurpose;
    readonly identityId: string;
    readonly payload: Readonly<Record<string, unknown>>;
    readonly now: number;
    readonly expiresAt: number;
  },
): Promise<string> {
  const { kid, privateKey } = await keys.current();
  return new SignJWT({ ...options.payload })
    .setProtectedHeader({ alg: "ES256", typ: "JWT", kid })
    .setIssuer(issuer)
    .setAudience(audience[options.purpose])
    .setSubject(options.identityId)
    .setJti(randomUUID())
    .setIssuedAt(Math.floor(options.now / 1000))
    .setExpirationTime(Math.floor(options.expiresAt / 1000))
    .sign(privateKey);
}

/**
 * Reads a token of ours: ES256 and nothing else, by a key of ours, for this purpose, not expired.
 * Throws `unauthenticated` or `token_expired`.
 */
export async function readToken(
  keys: SigningKeys,
  token: string,
  purpose: TokenPurpose,
  now: number,
): Promise<TokenClaims> {
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = typeof kid === "string" ? await keys.find(kid) : undefined;
        if (key === undefined) throw new NovacoreError("unauthenticated");
        return key.publicKey;
      },
      {
        algorithms: ["ES256"],
        issuer,
        audience: audience[purpose],
        requiredClaims: ["sub", "jti", "exp"],
        currentDate: new Date(now),
      },
    );
    const { sub = "", jti = "", exp = 0 } = payload;
    return { identityId: sub, tokenId: jti, expiresAt: exp * 1000, payload };
  } catch (cause) {
    if (cause instanceof NovacoreError) throw cause;
    const expired = cause instanceof errors.JWTExpired;
    throw new NovacoreError(expired ? "token_expired" : "unauthenticated", undefined, { cause });
  }
}
