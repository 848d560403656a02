import { NovacoreError } from "@novacore/protocol";
import type { FastifyRequest } from "fastify";
import type { Access } from "./access/access.ts";
import type { Caller } from "./access/caller.ts";
import type { StreamAccess } from "./deliver/stream-access.ts";
import { limits } from "./limits.ts";
import type { Registry } from "./registry/database.ts";
import { bearerOf } from "./rest/authenticate.ts";

/**
 * What streams ask of access and registry: who listens, and which sites they may hear. A bearer
 * token or a ticket opens a stream; a ticket opens nothing else.
 */
export function createStreamGrants(access: Access, registry: Registry): StreamAccess<Caller> {
  return {
    authenticate: (request) => authenticateListener(access, request),
    async authorizeSite(caller, siteId) {
      const { orgId } = await access.authorize(caller, "telemetry.read", { siteId });
      return { orgId, siteId };
    },
    async authorizeOrg(caller, orgId) {
      const { sites } = await access.authorize(caller, "telemetry.read", { orgId });
      const siteIds = sites === "all" ? await siteIdsOf(registry, orgId) : sites;
      return siteIds.map((siteId) => ({ orgId, siteId }));
    },
    onRevoked: (listener) => access.onRevoked(listener),
    onGrantsChanged: (listener) =>
      registry.changes.subscribe(({ kind }) => {
        if (kind === "member" || kind === "site") listener();
      }),
    issueTicket: (caller, siteIds) => access.tickets.issueTicket(caller, siteIds),
  };
}

async function authenticateListener(access: Access, request: FastifyRequest): Promise<Caller> {
  const bearer = bearerOf(request);
  if (bearer !== undefined) return access.authenticate(bearer);
  const ticket = new URL(request.url, "http://hub").searchParams.get("ticket");
  if (ticket !== null) return access.tickets.authenticateTicket(ticket);
  throw new NovacoreError("unauthenticated");
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
