import { NovacoreError } from "@novacore/protocol";
import type { Access } from "./access/access.ts";
import type { Caller } from "./access/caller.ts";
import type { GrantsChange, ListenRequest, StreamAccess } from "./deliver/stream-access.ts";
import { limits } from "./limits.ts";
import type { Registry } from "./registry/database.ts";
import { bearerOf } from "./rest/authenticate.ts";
import { isAllowedOrigin, sessionTokenOf } from "./rest/session-cookie.ts";

/**
 * What streams ask of access and registry: who listens, and which sites they may hear. A bearer
 * token, a session cookie or a ticket opens a stream; a ticket opens nothing else.
 */
export function createStreamGrants(
  access: Access,
  registry: Registry,
  origins: readonly string[],
): StreamAccess<Caller> {
  const authorizeSite = async (caller: Caller, siteId: string) => {
    const { orgId } = await access.authorize(caller, "telemetry.read", { siteId });
    return { orgId, siteId };
  };
  // One read says where it stands, and that is what is authorised: it may move at any time.
  const authorizeDevice = async (caller: Caller, deviceId: string) => {
    const device = await registry.devices.get(deviceId);
    if (device === undefined) throw new NovacoreError("not_found");
    return authorizeSite(caller, device.siteId);
  };
  return {
    authenticate: (request) => authenticateListener(access, registry, request, origins),
    async authenticateBy({ token, ticket }) {
      if (ticket !== undefined) return access.tickets.authenticateTicket(ticket);
      if (token !== undefined) return authenticateToken(access, registry, token);
      throw new NovacoreError("unauthenticated");
    },
    authorizeSite,
    authorizeDevice,
    async authorizeDer(caller, derId) {
      const der = await registry.devices.getDer(derId);
      if (der === undefined) throw new NovacoreError("not_found");
      return authorizeDevice(caller, der.deviceId);
    },
    async authorizeOrg(caller, orgId) {
      const { sites } = await access.authorize(caller, "telemetry.read", { orgId });
      const siteIds = sites === "all" ? await siteIdsOf(registry, orgId) : sites;
      return siteIds.map((siteId) => ({ orgId, siteId }));
    },
    onRevoked: (listener) => access.onRevoked(listener),
    onGrantsChanged: (listener) => watchGrants(registry, listener),
    issueTicket: (caller, siteIds) => access.tickets.issueTicket(caller, siteIds),
  };
}

function watchGrants(registry: Registry, listener: (change: GrantsChange) => void): () => void {
  const tellSite = async (siteId: string): Promise<void> => {
    // A registry that cannot say whose it is: everybody's streams are looked at.
    const site = await registry.sites.get(siteId).catch(() => undefined);
    listener({ kind: "site", siteId, orgId: site?.orgId });
  };
  return registry.changes.subscribe(({ kind, id }) => {
    switch (kind) {
      case "member":
        listener({ kind: "member", identityId: id });
        break;
      case "site":
        void tellSite(id);
        break;
      case "gateway":
        listener({ kind: "devices" });
        break;
      case "identity":
      case "keys":
        // Whom that concerns is cut off: see onRevoked.
        break;
    }
  });
}

async function authenticateListener(
  access: Access,
  registry: Registry,
  request: ListenRequest,
  origins: readonly string[],
): Promise<Caller | undefined> {
  const bearer = bearerOf(request);
  if (bearer !== undefined) return authenticateToken(access, registry, bearer);
  // Not by URL, which throws at a path like "//".
  const [, query = ""] = (request.url ?? "").split("?", 2);
  const parameters = new URLSearchParams(query);
  if (parameters.has("token")) {
    const message =
      "A token does not go into a URL, where logs keep it: send Authorization, or get a ?ticket=.";
    throw new NovacoreError("unauthenticated", message);
  }
  const ticket = parameters.get("ticket");
  if (ticket !== null) return access.tickets.authenticateTicket(ticket);
  const session = sessionTokenOf(request.headers);
  if (session === undefined) return undefined;
  // A browser sends the cookie along whoever's page it is that connects.
  if (!isAllowedOrigin(request.headers, origins)) {
    const message = "The page's origin may not use the session; set NOVACORE_CORS_ORIGINS.";
    throw new NovacoreError("forbidden", message);
  }
  return access.authenticate(session);
}

/**
 * A gateway's own login JWT lives for seconds to hours; its connection is not cut when that expires,
 * only when the identity is revoked or released (wire contract §2). Unclaimed, it is not let in.
 */
async function authenticateToken(
  access: Access,
  registry: Registry,
  token: string,
): Promise<Caller> {
  const caller = await access.authenticate(token);
  const isMachine = caller.identityType === "gateway" || caller.identityType === "device";
  if (!isMachine) return caller;
  const gateway = await registry.gateways.get(caller.identityId);
  if (gateway?.orgId === undefined) throw new NovacoreError("gateway_released");
  return { ...caller, expiresAt: Number.MAX_SAFE_INTEGER };
}

/** All sites of an organization; one more than a stream may have, so that the limit is noticed. */
async function siteIdsOf(registry: Registry, orgId: string): Promise<string[]> {
  const scope = { orgIds: [orgId], siteIds: [] };
  const sites = await registry.sites.list(scope, {
    after: undefined,
    limit: limits.streamSitesMax + 1,
  });
  if (sites.length > limits.streamSitesMax) {
    const message = `The organization has more than ${limits.streamSitesMax} sites; name them with ?site=.`;
    throw new NovacoreError("validation_failed", message);
  }
  return sites.map(({ id }) => id);
}
