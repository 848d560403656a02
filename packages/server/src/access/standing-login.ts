import { NovacoreError } from "@novacore/protocol";
import type { Registry } from "../registry/database.ts";
import { readStandingBackEnd } from "./back-end-login.ts";

/** How long after its time a change of the registry may be seen: the former key was good until then. */
const commitMs = 1_000;

/** A connection that was let in some time ago. */
export interface StandingLogin {
  readonly identityId: string;
  /** Where it is in nats-server. */
  readonly account: string;
  /** By the clock of the hub. */
  readonly startMs: number;
}

/**
 * Whether it may be as it is. nats-server does not tell what a connection was let in with: one that
 * is older than a key of its identity may have come in by a key that is gone, and that of a back end
 * that is limited to sites may see what was taken from it since. Both are to log in again.
 */
export async function mayStand(registry: Registry, login: StandingLogin): Promise<boolean> {
  const { identityId, account, startMs } = login;
  const identity = await registry.identities.get(identityId);
  if (identity === undefined || identity.revokedAt !== null) return false;
  const newestKeyAt = await registry.identities.newestKeyAt(identityId);
  if (newestKeyAt === undefined) return false;
  const isFirstKey = newestKeyAt === identity.createdAt;
  if (!isFirstKey && Date.parse(newestKeyAt) > startMs - commitMs) return false;
  if (account === "DEV") return (await registry.gateways.get(identityId))?.orgId !== undefined;
  try {
    const { slot, siteIds } = await readStandingBackEnd(registry, identityId);
    return account === `EXT_${slot}` && siteIds === undefined;
  } catch (error) {
    if (error instanceof NovacoreError) return false;
    throw error;
  }
}
