import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import { authorize } from "./authorize.ts";
import type { BackEndLogin } from "./login.ts";

/**
 * What an integration reaches on NATS, by the same grants that decide on REST; notes that it was
 * here. Throws `identity_revoked`, `forbidden` when nobody has approved it, when its scopes do not
 * let it read or its sites are none or too many, `not_found` when it is no member any more.
 */
export async function readBackEnd(
  registry: Registry,
  now: number,
  identityId: string,
  orgId: string | undefined,
): Promise<BackEndLogin> {
  const { login, lastSeenAt } = await readGrants(registry, identityId, orgId);
  const at = (ms: number) => new Date(ms).toISOString();
  const recently = at(now - limits.lastSeenMs);
  if ((lastSeenAt ?? "") < recently) {
    await registry.integrations.seen(identityId, at(now), recently);
  }
  return login;
}

/** The same for a connection that stands already. */
export async function readStandingBackEnd(
  registry: Registry,
  identityId: string,
): Promise<BackEndLogin> {
  return (await readGrants(registry, identityId, undefined)).login;
}

async function readGrants(
  registry: Registry,
  identityId: string,
  orgId: string | undefined,
): Promise<{ login: BackEndLogin; lastSeenAt: string | null }> {
  const integration = await registry.integrations.approval(identityId);
  if (integration === undefined) {
    const sentence = `No organization has approved ${identityId}: POST /organizations/{id}/integrations.`;
    throw new NovacoreError("forbidden", sentence);
  }
  if (integration.revokedAt !== null) throw new NovacoreError("identity_revoked");
  if (orgId !== undefined && orgId !== integration.orgId) {
    throw new NovacoreError("forbidden", `${identityId} does not work for that organization.`);
  }
  if (!integration.scopes.includes("telemetry:read")) {
    throw new NovacoreError("forbidden", `${identityId} does not have the scope telemetry:read.`);
  }
  const caller = { identityId, identityType: "integration", tokenId: "", expiresAt: 0 } as const;
  const target = { orgId: integration.orgId };
  const { sites } = await authorize(registry, caller, "telemetry.read", target);
  if (sites !== "all") assertSites(identityId, sites.length);
  const { slot, lastSeenAt } = integration;
  if (slot === undefined) throw new NovacoreError("internal", "The organization has no account.");
  const siteIds = sites === "all" ? undefined : sites;
  return { login: { identityId, orgId: integration.orgId, slot, siteIds }, lastSeenAt };
}

function assertSites(identityId: string, count: number): void {
  if (count > 0 && count <= limits.integrationSitesMax) return;
  const sentence = `${identityId} is limited to ${count} sites; 1 to ${limits.integrationSitesMax} are possible.`;
  throw new NovacoreError("forbidden", sentence);
}
