import type { IncomingHttpHeaders } from "node:http";
import { NovacoreError } from "@novacore/protocol";
import type { StreamSite } from "./filters.ts";

/** Who listens. */
export interface StreamCaller {
  readonly identityId: string;
  /** When the token ends, epoch ms: the stream ends with it. */
  readonly expiresAt: number;
  /** Only for stream tickets: the sites it is for. */
  readonly sites?: readonly string[];
}

/** What a stream is about: some sites, those of some devices or DERs, or an organization's. */
export type StreamScope =
  | { readonly kind: "sites"; readonly siteIds: readonly string[] }
  | { readonly kind: "devices"; readonly deviceIds: readonly string[] }
  | { readonly kind: "ders"; readonly derIds: readonly string[] }
  | { readonly kind: "org"; readonly orgId: string };

/** The head of a request to listen, as HTTP and WebSocket have it. */
export interface ListenRequest {
  readonly headers: IncomingHttpHeaders;
  readonly url?: string | undefined;
}

/** What a client shows inside a connection instead. */
export interface Credential {
  readonly token?: string | undefined;
  readonly ticket?: string | undefined;
}

/**
 * What deliver needs of access: who somebody is and what they may see, asked when a stream opens
 * and again when grants may have changed. Every transport asks here and nowhere else.
 */
export interface StreamAccess<Caller extends StreamCaller = StreamCaller> {
  /**
   * By `Authorization`, `?ticket=`, or the session cookie of an allowed origin. Throws
   * `unauthenticated` and the like; undefined where the request shows nothing of the kind.
   */
  authenticate(request: ListenRequest): Promise<Caller | undefined>;
  /** Throws `unauthenticated` and the like. */
  authenticateBy(credential: Credential): Promise<Caller>;
  /** Throws `not_found` or `forbidden`. */
  authorizeSite(caller: Caller, siteId: string): Promise<StreamSite>;
  /** The site that a device stands on. Throws `not_found` or `forbidden`. */
  authorizeDevice(caller: Caller, deviceId: string): Promise<StreamSite>;
  /** The site that a DER's device stands on. Throws `not_found` or `forbidden`. */
  authorizeDer(caller: Caller, derId: string): Promise<StreamSite>;
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

/** Who sends a request. Throws `unauthenticated` and the like. */
export async function listenerOf<Caller extends StreamCaller>(
  access: StreamAccess<Caller>,
  request: ListenRequest,
): Promise<Caller> {
  const caller = await access.authenticate(request);
  if (caller === undefined) throw new NovacoreError("unauthenticated");
  return caller;
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
    case "devices":
      return distinct(
        await Promise.all(scope.deviceIds.map((id) => access.authorizeDevice(caller, id))),
      );
    case "ders":
      return distinct(await Promise.all(scope.derIds.map((id) => access.authorizeDer(caller, id))));
    case "org":
      return access.authorizeOrg(caller, scope.orgId);
  }
}

function distinct(sites: readonly StreamSite[]): readonly StreamSite[] {
  return [...new Map(sites.map((site) => [site.siteId, site])).values()];
}
