import { NovacoreError } from "@novacore/protocol";
import type { Registration } from "../config.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import type { Identity } from "../registry/identities.ts";
import { ChallengeStore } from "./challenge.ts";
import { fromCanonical, readPublicKeys } from "./keys.ts";
import { verifySignature } from "./signatures.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { signToken } from "./tokens.ts";

export interface ChallengeProof {
  readonly publicKey: unknown;
  readonly challenge: string;
  readonly signature: string;
}

export interface TokenAnswer {
  readonly token: string;
  readonly identityId: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** The key was not known before: its holder is somebody new. */
  readonly registered: boolean;
}

export interface ChallengeLoginOptions {
  readonly registry: Pick<Registry, "identities">;
  readonly registration: Registration;
  readonly keys: SigningKeys;
  readonly now: () => number;
}

/** Tokens for signed challenges. */
export class ChallengeLogin {
  readonly #options: ChallengeLoginOptions;
  readonly #challenges: ChallengeStore;

  constructor(options: ChallengeLoginOptions) {
    this.#options = options;
    this.#challenges = new ChallengeStore({
      now: options.now,
      lifetimeMs: limits.challengeMs,
      openMax: limits.challengesMax,
    });
  }

  issue(publicKey: unknown): { readonly challenge: string; readonly expiresAt: number } {
    return this.#challenges.issue(readPublicKeys(publicKey)[0]);
  }

  proveKey({ publicKey, challenge, signature }: ChallengeProof): string {
    const candidates = readPublicKeys(publicKey);
    if (!this.#challenges.take(challenge, candidates)) throw new NovacoreError("challenge_invalid");
    const message = Buffer.from(challenge);
    const key = candidates.find((candidate) => verifySignature(candidate, message, signature));
    if (key === undefined) throw new NovacoreError("signature_invalid");
    return key.hex;
  }

  async verify(proof: ChallengeProof): Promise<TokenAnswer> {
    const publicKey = this.proveKey(proof);
    const { identity, registered } = await this.#identityFor(publicKey);
    if (identity.revokedAt !== null) throw new NovacoreError("identity_revoked");
    const now = this.#options.now();
    const expiresAt = now + limits.tokenMs;
    const token = await signToken(this.#options.keys, {
      purpose: "access",
      identityId: identity.id,
      payload: { public_key: publicKey, identity_type: identity.type },
      now,
      expiresAt,
    });
    return { token, identityId: identity.id, expiresAt, registered };
  }

  async #identityFor(publicKey: string): Promise<{ identity: Identity; registered: boolean }> {
    const { identities } = this.#options.registry;
    const known = await identities.byKey([publicKey]);
    if (known !== undefined) return { identity: known, registered: false };
    // Machines are registered on purpose, by their claim or by name; only people just turn up.
    if (fromCanonical(publicKey).algorithm !== "Ed25519") throw new NovacoreError("key_unknown");
    if (this.#options.registration !== "open") throw new NovacoreError("registration_closed");
    const { identity } = await identities.register({ type: "user", publicKeys: [publicKey] });
    return { identity, registered: true };
  }
}
