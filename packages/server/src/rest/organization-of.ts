import { NovacoreError } from "@novacore/protocol";
import type { Integration } from "../registry/integrations.ts";

/**
 * The organization that a request is about: the one that it names, or else the only one that its
 * integration works for. Throws `validation_failed` when there is neither. Whether the two agree is
 * for the caller to check.
 */
export function organizationOf(
  named: string | undefined,
  integration: Pick<Integration, "orgId"> | undefined,
): string {
  const orgId = named ?? integration?.orgId;
  if (orgId !== undefined) return orgId;
  const message = "Name the organization with org_id, or one of its integrations.";
  const details = [{ path: "/org_id", message: "is missing" }];
  throw new NovacoreError("validation_failed", message, { details });
}
