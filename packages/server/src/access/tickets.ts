import { NovacoreError } from "@novacore/protocol";
import type { Caller } from "./caller.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { readToken, signToken } from "./tokens.ts";

export interface TicketOptions {
  readonly keys: SigningKeys;
  readonly now: () => number;
  readonly lifetimeMs: number;
  readonly sitesMax: number;
  /** Throws when the identity is revoked or unknown; gives its type. */
  readonly identityTypeOf: (identityId: string) => Promise<Caller["identityType"]>;
}

/**
 * Stream tickets, for browsers whose EventSource cannot send a header: read-only, for named sites,
 * good until they expire so that EventSource's own reconnects go through, in any hub that shares the
 * signing keys. They end with their identity. What they may see is asked anew at each use.
 */
export class Tickets {
  readonly #options: TicketOptions;

  constructor(options: TicketOptions) {
    this.#options = options;
  }

  /** The caller's grants on the sites are the route's to check. `expires_at` is ISO-8601. */
  async issueTicket(
    caller: Caller,
    siteIds: readonly string[],
  ): Promise<{ ticket: string; expires_at: string }> {
    const { keys, now, lifetimeMs, sitesMax } = this.#options;
    if (caller.sites !== undefined) {
      throw new NovacoreError("forbidden", "A ticket cannot be used to get another ticket.");
    }
    if (siteIds.length === 0 || siteIds.length > sitesMax) {
      const message = `A ticket is for 1 to ${sitesMax} sites, got ${siteIds.length}.`;
      throw new NovacoreError("validation_failed", message, {
        details: [{ path: "/site_ids", message }],
      });
    }
    const expiresAt = now() + lifetimeMs;
    const ticket = await signToken(keys, {
      purpose: "stream",
      identityId: caller.identityId,
      payload: { sites: siteIds },
      now: now(),
      expiresAt,
    });
    return { ticket, expires_at: new Date(Math.floor(expiresAt / 1000) * 1000).toISOString() };
  }

  /** Throws `ticket_invalid`, or `identity_revoked`. */
  async authenticateTicket(ticket: string): Promise<Caller> {
    const claims = await this.#read(ticket);
    const { sites } = claims.payload;
    if (!Array.isArray(sites) || !sites.every((site) => typeof site === "string")) {
      throw new NovacoreError("ticket_invalid");
    }
    const { identityId, tokenId, expiresAt } = claims;
    const identityType = await this.#options.identityTypeOf(identityId);
    return { identityId, identityType, tokenId, expiresAt, sites };
  }

  async #read(ticket: string) {
    try {
      return await readToken(this.#options.keys, ticket, "stream", this.#options.now());
    } catch (cause) {
      throw new NovacoreError("ticket_invalid", undefined, { cause });
    }
  }
}
