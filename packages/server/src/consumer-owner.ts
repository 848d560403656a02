import { NovacoreError } from "@novacore/protocol";
import type { Access } from "./access/access.ts";
import type { Caller } from "./access/caller.ts";
import type { Registry } from "./registry/database.ts";
import type { Integration } from "./registry/integrations.ts";

interface Known {
  readonly access: Pick<Access, "authorize">;
  readonly registry: Pick<Registry, "integrations">;
}

/**
 * For which integration somebody acts on consumers: an integration for itself, an owner or admin for
 * the one that they name. Throws `not_found`, `forbidden`, or `validation_failed` when a person
 * names none.
 */
export async function consumerOwner(
  { access, registry }: Known,
  caller: Caller,
  named: string | undefined,
  what: "view" | "manage",
): Promise<Integration> {
  if (caller.sites !== undefined) {
    throw new NovacoreError("forbidden", "A stream ticket is good for streams only.");
  }
  const isItself = caller.identityType === "integration";
  if (isItself && named !== undefined && named !== caller.identityId) {
    throw new NovacoreError("not_found");
  }
  if (!isItself && named === undefined) {
    const message = "Name the integration whose consumers are meant with integration_id.";
    const details = [{ path: "/integration_id", message: "is missing" }];
    throw new NovacoreError("validation_failed", message, { details });
  }
  const integration = await registry.integrations.get(named ?? caller.identityId);
  if (integration === undefined || integration.revokedAt !== null) {
    throw new NovacoreError("not_found");
  }
  if (!isItself) {
    await access.authorize(caller, `integration.${what}`, { orgId: integration.orgId });
  }
  return integration;
}

/**
 * The sites whose readings an integration may have (undefined: all of its organization), those that
 * it names included. Throws `not_found` with the name of one that it does not see, `forbidden`
 * without the scope.
 */
export async function consumerSight(
  { access }: Known,
  integration: Integration,
  sites: readonly string[] | undefined,
): Promise<readonly string[] | undefined> {
  if (!integration.scopes.includes("telemetry:read")) {
    throw new NovacoreError("forbidden", "The integration lacks the scope telemetry:read.");
  }
  const { orgId } = integration;
  const caller: Caller = {
    identityId: integration.identityId,
    identityType: "integration",
    tokenId: "consumer",
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
  const granted = await access.authorize(caller, "telemetry.read", { orgId });
  for (const [index, siteId] of (sites ?? []).entries()) {
    const seen = await access
      .authorize(caller, "telemetry.read", { siteId })
      .catch(undefinedIfUnseen);
    if (seen?.orgId !== orgId) throw siteUnseen(siteId, index);
  }
  return granted.sites === "all" ? undefined : granted.sites;
}

function undefinedIfUnseen(error: unknown): undefined {
  if (!(error instanceof NovacoreError) || error.code !== "not_found") throw error;
}

function siteUnseen(siteId: string, index: number): NovacoreError {
  const message = `There is no site ${siteId}, or the integration may not see it.`;
  const details = [{ path: `/sites/${index}`, message: "is no site that the integration sees" }];
  return new NovacoreError("not_found", message, { details });
}
