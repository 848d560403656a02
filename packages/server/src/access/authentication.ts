import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import type { IdentityType } from "../registry/identities.ts";
import { readBackEnd } from "./back-end-login.ts";
import type { Caller } from "./caller.ts";
import { type DeviceJwtOptions, deviceOf, readDeviceJwt } from "./device-jwt.ts";
import { type LoginAttempt, type LoginOutcome, login } from "./login.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { readToken, type TokenClaims } from "./tokens.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

export interface AuthenticationOptions {
  readonly registry: Registry;
  readonly keys: SigningKeys;
  readonly now: () => number;
}

/** Says whose a credential is, on HTTP and on NATS and MQTT. */
export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #verified: VerifiedTokens;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
    this.#verified = new VerifiedTokens({
      now: options.now,
      tokensMax: limits.verifiedTokensMax,
      recheckMs: limits.identityRecheckMs,
      verify: (token) => this.#verify(token),
      changes: options.registry.changes,
    });
  }

  async authenticate(bearerToken: string): Promise<Caller> {
    return this.#verified.caller(bearerToken);
  }

  async login(attempt: LoginAttempt): Promise<LoginOutcome> {
    const { registry, now } = this.#options;
    const { identities, gateways } = registry;
    return login(attempt, {
      jwt: () => this.#deviceJwt(),
      tokenHolder: async (token) => (await this.#readOwn(token)).identityId,
      identity: (id) => identities.get(id),
      identityByKey: (publicKey) => identities.byKey([publicKey]),
      isClaimed: async (serial) => (await gateways.get(serial))?.orgId !== undefined,
      backEnd: (id, orgId) => readBackEnd(registry, now(), id, orgId),
    });
  }

  /** Throws `unauthenticated` when there is no such identity, or `identity_revoked`. */
  async identityTypeOf(id: string): Promise<IdentityType> {
    const identity = await this.#options.registry.identities.get(id);
    if (identity === undefined) throw new NovacoreError("unauthenticated");
    if (identity.revokedAt !== null) throw new NovacoreError("identity_revoked");
    return identity.type;
  }

  close(): void {
    this.#verified.close();
  }

  async #verify(token: string): Promise<Caller> {
    const isOwn = deviceOf(token) === undefined;
    const claims = await (isOwn ? this.#readOwn(token) : readDeviceJwt(token, this.#deviceJwt()));
    const { identityId, tokenId, expiresAt } = claims;
    const identityType = await this.identityTypeOf(identityId);
    return { identityId, identityType, tokenId, expiresAt };
  }

  async #readOwn(token: string): Promise<TokenClaims> {
    const { keys, now, registry } = this.#options;
    const claims = await readToken(keys, token, "access", now());
    const keysHeld = await registry.identities.keys(claims.identityId);
    // Taking a key away ends the tokens that were given for it.
    if (keysHeld.includes(String(claims.payload.public_key))) return claims;
    throw new NovacoreError("unauthenticated", "The key that this token was given for is gone.");
  }

  #deviceJwt(): DeviceJwtOptions {
    const { now, registry } = this.#options;
    return {
      keysOf: (id) => registry.identities.keys(id),
      now: now(),
      leewayMs: limits.loginLeewayMs,
    };
  }
}
