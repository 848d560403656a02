import type { FastifyRequest } from "fastify";
import type { StreamSite } from "./filters.ts";

/** Who listens. */
export interface StreamCaller {
  readonly identityId: string;
  /** When the token ends, epoch ms: the stream ends with it. */
  readonly expiresAt: number;
  /** Only for stream tickets: the sites it is for. */
  readonly sites?: readonly string[];
}

/** What a stream is about: some sites, or all that the caller may see of an organization. */
export type StreamScope =
  | { readonly kind: "sites"; readonly siteIds: readonly string[] }
  | { readonly kind: "org"; readonly orgId: string };

/**
 * What deliver needs of access: who somebody is and what they may see, asked when a stream opens
 * and again when grants may have changed. Every transport asks here and nowhere else.
 */
export interface StreamAccess<Caller extends StreamCaller = StreamCaller> {
  /** By `Authorization` or, for EventSource, `?ticket=`. Throws `unauthenticated` and the like. */
  authenticate(request: FastifyRequest): Promise<Caller>;
  /** Throws `not_found` or `forbidden`. */
  authorizeSite(caller: Caller, siteId: string): Promise<StreamSite>;
  /** The sites of an organization that the caller may see now. Throws `not_found` or `forbidden`. */
  authorizeOrg(caller: Caller, orgId: string): Promise<readonly StreamSite[]>;
  /** Calls back when an identity must be cut off at once. */
  onRevoked(listener: (identityId: string) => void): () => void;
  /** Calls back after members or sites have changed: open streams are checked again. */
  onGrantsChanged(listener: () => void): () => void;
  /** A read-only token for these sites, which the caller was found to see. */
  issueTicket(
    caller: Caller,
    siteIds: readonly string[],
  ): Promise<{ readonly ticket: string; readonly expires_at: string }>;
}

/** The sites of a scope, as the caller sees them now. */
export async function resolveScope<Caller extends StreamCaller>(
  access: StreamAccess<Caller>,
  caller: Caller,
  scope: StreamScope,
): Promise<readonly StreamSite[]> {
  switch (scope.kind) {
    case "sites":
      return Promise.all(scope.siteIds.map((siteId) => access.authorizeSite(caller, siteId)));
    case "org":
      return access.authorizeOrg(caller, scope.orgId);
  }
}
