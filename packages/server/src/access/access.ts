import { NovacoreError } from "@novacore/protocol";
import type { JSONWebKeySet } from "jose";
import type { Registration } from "../config.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import type { IdentityType } from "../registry/identities.ts";
import type { SiteScope } from "../registry/sites.ts";
import { authorize, type Grant, listScope, type Target } from "./authorize.ts";
import type { Caller } from "./caller.ts";
import { ChallengeStore } from "./challenge.ts";
import { deviceOf, readDeviceJwt } from "./device-jwt.ts";
import type { Action } from "./grants.ts";
import { fromCanonical, readPublicKeys } from "./keys.ts";
import { type LoginAttempt, type LoginOutcome, login } from "./login.ts";
import { verifySignature } from "./signatures.ts";
import { SigningKeys } from "./signing-keys.ts";
import { Tickets } from "./tickets.ts";
import { readToken, signToken } from "./tokens.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

export interface AccessOptions {
  readonly registry: Registry;
  readonly dataDir: string;
  readonly registration: Registration;
  readonly log: { error(object: object, message: string): void };
  /** Default: the clock. */
  readonly now?: () => number;
}

export interface TokenAnswer {
  readonly token: string;
  readonly identityId: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Who somebody is, and what they may do. */
export interface Access {
  /** Throws `key_invalid`. Whether the key is known is not told. */
  challenge(publicKey: unknown): { readonly challenge: string; readonly expiresAt: number };
  /**
   * A token for a signed challenge. With open registration a person's (Ed25519) key registers itself.
   * Throws `challenge_invalid`, `signature_invalid`, `key_unknown`, `registration_closed`,
   * `identity_revoked`.
   */
  verify(attempt: {
    publicKey: unknown;
    challenge: string;
    signature: string;
  }): Promise<TokenAnswer>;
  /** Uses up a challenge by which somebody proves to hold a key; gives the key in canonical form. */
  proveKey(attempt: { publicKey: unknown; challenge: string; signature: string }): string;
  /**
   * Who a bearer token belongs to: a token of ours, or the JWT that a gateway or device signs itself.
   * Throws `unauthenticated`, `token_expired` or `identity_revoked`.
   */
  authenticate(bearerToken: string): Promise<Caller>;
  authorize(caller: Caller, action: Action, target: Target): Promise<Grant>;
  /** Sites of an organization whose readings the caller may see; throws as `authorize` does. */
  grantedSites(caller: Caller, orgId: string): Promise<readonly string[] | "all">;
  /** What lists show the caller, of one organization or of all its own. */
  listScope(caller: Caller, orgId: string | undefined): Promise<SiteScope>;
  /** Calls back when an identity must be cut off: it was revoked, or its gateway released. */
  onRevoked(listener: (identityId: string) => void): () => void;
  login(attempt: LoginAttempt): Promise<LoginOutcome>;
  readonly tickets: Tickets;
  readonly registration: Registration;
  jwks(): Promise<JSONWebKeySet>;
  /** Makes a new signing key; tokens signed by older ones stay good until they expire. */
  rotate(): Promise<void>;
  close(): void;
}

export function createAccess(options: AccessOptions): Access {
  const { registry, dataDir, registration, log, now = Date.now } = options;
  const keys = new SigningKeys({
    dataDir,
    now,
    signingMs: limits.signingKeyMs,
    verifyingMs: limits.tokenMs + limits.loginLeewayMs,
  });
  const challenges = new ChallengeStore({
    now,
    lifetimeMs: limits.challengeMs,
    openMax: limits.challengesMax,
  });
  const identityTypeOf = (id: string) => activeType(registry, id);
  const jwt = () => ({
    keysOf: (id: string) => registry.identities.keys(id),
    now: now(),
    leewayMs: limits.loginLeewayMs,
  });
  const readOwn = async (token: string) => {
    const claims = await readToken(keys, token, "access", now());
    const keysHeld = await registry.identities.keys(claims.identityId);
    // Taking a key away ends the tokens that were given for it.
    if (keysHeld.includes(String(claims.payload.public_key))) return claims;
    throw new NovacoreError("unauthenticated", "The key that this token was given for is gone.");
  };
  const verified = new VerifiedTokens({
    now,
    tokensMax: limits.verifiedTokensMax,
    recheckMs: limits.identityRecheckMs,
    verify: async (token) => {
      const isOwn = deviceOf(token) === undefined;
      const claims = isOwn ? await readOwn(token) : await readDeviceJwt(token, jwt());
      const { identityId, tokenId, expiresAt } = claims;
      return { identityId, identityType: await identityTypeOf(identityId), tokenId, expiresAt };
    },
    changes: registry.changes,
  });
  const prove: Access["proveKey"] = ({ publicKey, challenge, signature }) => {
    const candidates = readPublicKeys(publicKey);
    if (!challenges.take(challenge, candidates)) throw new NovacoreError("challenge_invalid");
    const message = Buffer.from(challenge);
    const key = candidates.find((candidate) => verifySignature(candidate, message, signature));
    if (key === undefined) throw new NovacoreError("signature_invalid");
    return key.hex;
  };
  return {
    registration,
    challenge: (publicKey) => challenges.issue(readPublicKeys(publicKey)[0]),
    proveKey: prove,
    verify: async (attempt) => {
      const publicKey = prove(attempt);
      const identity = await identityFor(registry, registration, publicKey);
      if (identity.revokedAt !== null) throw new NovacoreError("identity_revoked");
      const expiresAt = now() + limits.tokenMs;
      const token = await signToken(keys, {
        purpose: "access",
        identityId: identity.id,
        payload: { public_key: publicKey, identity_type: identity.type },
        now: now(),
        expiresAt,
      });
      return { token, identityId: identity.id, expiresAt };
    },
    authenticate: (token) => verified.caller(token),
    authorize: (caller, action, target) => authorize(registry, caller, action, target),
    grantedSites: async (caller, orgId) =>
      (await authorize(registry, caller, "telemetry.read", { orgId })).sites,
    listScope: (caller, orgId) => listScope(registry, caller, orgId),
    onRevoked: (listener) => watchRevoked(registry, log, listener),
    login: (attempt) =>
      login(attempt, {
        jwt,
        tokenHolder: async (token) => (await readOwn(token)).identityId,
        identity: (id) => registry.identities.get(id),
        identityByKey: (publicKey) => registry.identities.byKey([publicKey]),
        isClaimed: async (serial) => (await registry.gateways.get(serial))?.orgId !== undefined,
      }),
    tickets: new Tickets({
      keys,
      now,
      lifetimeMs: limits.ticketMs,
      sitesMax: limits.ticketSitesMax,
      identityTypeOf,
    }),
    jwks: () => keys.publicKeys(),
    rotate: async () => {
      await keys.rotate();
    },
    close: () => verified.close(),
  };
}

async function activeType(registry: Registry, id: string): Promise<IdentityType> {
  const identity = await registry.identities.get(id);
  if (identity === undefined) throw new NovacoreError("unauthenticated");
  if (identity.revokedAt !== null) throw new NovacoreError("identity_revoked");
  return identity.type;
}

async function identityFor(registry: Registry, registration: Registration, publicKey: string) {
  const known = await registry.identities.byKey([publicKey]);
  if (known !== undefined) return known;
  // Machines are registered on purpose, by their claim or by name; only people just turn up.
  if (fromCanonical(publicKey).algorithm !== "Ed25519") throw new NovacoreError("key_unknown");
  if (registration !== "open") throw new NovacoreError("registration_closed");
  const { identity } = await registry.identities.register({
    type: "user",
    publicKeys: [publicKey],
  });
  return identity;
}

function watchRevoked(
  registry: Registry,
  log: AccessOptions["log"],
  listener: (identityId: string) => void,
): () => void {
  const check = async (kind: string, id: string): Promise<void> => {
    try {
      if (kind === "identity") {
        const identity = await registry.identities.get(id);
        if (identity === undefined || identity.revokedAt !== null) listener(id);
      } else if ((await registry.gateways.get(id))?.orgId === undefined) {
        listener(id);
      }
    } catch (error) {
      log.error({ err: error, kind, id }, "a change of the registry could not be read");
    }
  };
  return registry.changes.subscribe(({ kind, id }) => {
    if (kind === "identity" || kind === "gateway") void check(kind, id);
  });
}
