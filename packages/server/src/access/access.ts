import type { ErrorCode } from "@novacore/protocol";
import type { JSONWebKeySet } from "jose";
import type { Registration } from "../config.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import type { SiteScope } from "../registry/sites.ts";
import { Authentication } from "./authentication.ts";
import { authorize, type Grant, listScope, type Target } from "./authorize.ts";
import type { Caller } from "./caller.ts";
import { ChallengeLogin, type ChallengeProof, type TokenAnswer } from "./challenge-login.ts";
import type { Action } from "./grants.ts";
import type { LoginAttempt, LoginOutcome } from "./login.ts";
import { SigningKeys } from "./signing-keys.ts";
import { mayStand, type StandingLogin } from "./standing-login.ts";
import { Tickets } from "./tickets.ts";

export interface AccessOptions {
  readonly registry: Registry;
  readonly dataDir: string;
  readonly registration: Registration;
  readonly log: { error(object: object, message: string): void };
  /** Default: the clock. */
  readonly now?: () => number;
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
  verify(proof: ChallengeProof): Promise<TokenAnswer>;
  /** Uses up a challenge by which somebody proves to hold a key; gives the key in canonical form. */
  proveKey(proof: ChallengeProof): string;
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
  /**
   * Calls back when an identity must be cut off: it was revoked, its gateway released, or a key of it
   * taken away.
   */
  onRevoked(listener: (identityId: string, why: ErrorCode) => void): () => void;
  /**
   * Calls back when what an integration may see has changed: on NATS that is fixed at its login, so
   * its connections are cut and come back.
   */
  onIntegrationChanged(listener: (identityId: string) => void): () => void;
  login(attempt: LoginAttempt): Promise<LoginOutcome>;
  /** Whether a connection that was let in before may be as it is. */
  mayStand(login: StandingLogin): Promise<boolean>;
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
  const challenges = new ChallengeLogin({ registry, registration, keys, now });
  const authentication = new Authentication({ registry, keys, now });
  const tickets = new Tickets({
    keys,
    now,
    lifetimeMs: limits.ticketMs,
    sitesMax: limits.ticketSitesMax,
    identityTypeOf: (id) => authentication.identityTypeOf(id),
  });
  return {
    registration,
    challenge: (publicKey) => challenges.issue(publicKey),
    proveKey: (proof) => challenges.proveKey(proof),
    verify: (proof) => challenges.verify(proof),
    authenticate: (token) => authentication.authenticate(token),
    login: (attempt) => authentication.login(attempt),
    mayStand: (login) => mayStand(registry, login),
    authorize: (caller, action, target) => authorize(registry, caller, action, target),
    grantedSites: async (caller, orgId) =>
      (await authorize(registry, caller, "telemetry.read", { orgId })).sites,
    listScope: (caller, orgId) => listScope(registry, caller, orgId),
    onRevoked: (listener) => watchRevoked(registry, log, listener),
    onIntegrationChanged: (listener) => watchIntegrations(registry, log, listener),
    tickets,
    jwks: () => keys.publicKeys(),
    rotate: async () => {
      await keys.rotate();
    },
    close: () => authentication.close(),
  };
}

function watchRevoked(
  registry: Registry,
  log: AccessOptions["log"],
  listener: (identityId: string, why: ErrorCode) => void,
): () => void {
  const check = async (kind: "identity" | "gateway", id: string): Promise<void> => {
    try {
      if (kind === "identity") {
        const identity = await registry.identities.get(id);
        if (identity === undefined || identity.revokedAt !== null) listener(id, "identity_revoked");
      } else if ((await registry.gateways.get(id))?.orgId === undefined) {
        listener(id, "gateway_released");
      }
    } catch (error) {
      log.error({ err: error, kind, id }, "a change of the registry could not be read");
    }
  };
  return registry.changes.subscribe(({ kind, id }) => {
    switch (kind) {
      case "identity":
      case "gateway":
        void check(kind, id);
        break;
      case "keys":
        // Nobody knows which key a connection was opened with: who has another comes back.
        listener(id, "unauthenticated");
        break;
      case "member":
      case "site":
        break;
    }
  });
}

function watchIntegrations(
  registry: Registry,
  log: AccessOptions["log"],
  listener: (identityId: string) => void,
): () => void {
  const check = async (id: string): Promise<void> => {
    try {
      if ((await registry.integrations.get(id)) !== undefined) listener(id);
    } catch (error) {
      log.error({ err: error, id }, "a change of an integration could not be read");
      // Cut off in vain it comes back; left alone it might see what it may not.
      listener(id);
    }
  };
  return registry.changes.subscribe(({ kind, id }) => {
    if (kind === "member") void check(id);
  });
}
