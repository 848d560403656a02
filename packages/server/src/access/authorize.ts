import { NovacoreError } from "@novacore/protocol";
import type { Registry } from "../registry/database.ts";
import type { SiteScope } from "../registry/sites.ts";
import type { Caller } from "./caller.ts";
import { type Action, decide, type GrantRole, type Standing } from "./grants.ts";

/** What somebody wants to act on, by its id. */
export type Target =
  | { readonly orgId: string }
  | { readonly siteId: string }
  | { readonly gatewaySerial: string }
  | { readonly deviceId: string }
  | { readonly derId: string };

/** The permission to act, and how far it goes. */
export interface Grant {
  /** The organization that the target belongs to. */
  readonly orgId: string;
  readonly role: GrantRole;
  /** The sites of the organization that the caller reaches. */
  readonly sites: readonly string[] | "all";
}

type Known = Pick<Registry, "members" | "organizations" | "sites" | "gateways" | "devices">;

/**
 * The one place where permission is given. Throws `not_found` for what is absent or invisible to
 * the caller, `forbidden` for what is visible but beyond the role, `gateway_released` to a gateway
 * that nobody has claimed, `ticket_invalid` for a stream ticket used beyond its sites.
 */
export async function authorize(
  registry: Known,
  caller: Caller,
  action: Action,
  target: Target,
): Promise<Grant> {
  if (caller.sites !== undefined && action !== "telemetry.read") {
    throw new NovacoreError("forbidden", "A stream ticket is good for streams only.");
  }
  const place = await locate(registry, caller, target);
  const decision = decide(action, await standings(registry, caller, place), place);
  switch (decision.outcome) {
    case "invisible":
      throw new NovacoreError("not_found");
    case "forbidden":
      throw new NovacoreError("forbidden");
    case "allowed": {
      const { role, siteIds } = decision.standing;
      const sites = withinTicket(caller, siteIds);
      if (place.siteIds !== undefined && caller.sites !== undefined) {
        if (!place.siteIds.some((id) => sites.includes(id))) {
          throw new NovacoreError("ticket_invalid");
        }
      }
      return { orgId: place.orgId, role, sites };
    }
  }
}

/**
 * What lists show a caller: of one organization (throws `not_found` when it is invisible), or of all
 * it belongs to.
 */
export async function listScope(
  registry: Known,
  caller: Caller,
  orgId: string | undefined,
): Promise<SiteScope> {
  if (orgId !== undefined) {
    const { sites } = await authorize(registry, caller, "org.view", { orgId });
    return sites === "all" ? { orgIds: [orgId], siteIds: [] } : { orgIds: [], siteIds: sites };
  }
  if (platformRole(caller) !== undefined) return "all";
  const memberships = await registry.members.ofIdentity(caller.identityId);
  return {
    orgIds: memberships.filter((member) => !member.siteIds).map((member) => member.orgId),
    siteIds: memberships.flatMap((member) => member.siteIds ?? []),
  };
}

interface Place {
  readonly orgId: string;
  readonly siteIds: readonly string[] | undefined;
  /** The gateway that the target is, or hangs behind now. */
  readonly gatewaySerial: string | undefined;
}

async function locate(registry: Known, caller: Caller, target: Target): Promise<Place> {
  const place = await find(registry, caller, target);
  if (place === undefined) throw new NovacoreError("not_found");
  return place;
}

async function find(registry: Known, caller: Caller, target: Target): Promise<Place | undefined> {
  if ("orgId" in target) {
    const organization = await registry.organizations.get(target.orgId);
    return organization && { orgId: organization.id, siteIds: undefined, gatewaySerial: undefined };
  }
  if ("siteId" in target) {
    const site = await registry.sites.get(target.siteId);
    return site && { orgId: site.orgId, siteIds: [site.id], gatewaySerial: undefined };
  }
  if ("gatewaySerial" in target) return findGateway(registry, caller, target.gatewaySerial);
  if ("derId" in target) {
    const der = await registry.devices.getDer(target.derId);
    return der && find(registry, caller, { deviceId: der.deviceId });
  }
  const device = await registry.devices.get(target.deviceId);
  if (device === undefined) return undefined;
  const gatewaySerial = device.state === "orphaned" ? undefined : device.gatewaySerial;
  return { orgId: device.orgId, siteIds: [device.siteId], gatewaySerial };
}

async function findGateway(registry: Known, caller: Caller, serial: string) {
  const tree = await registry.gateways.tree(serial);
  if (tree?.orgId === undefined) {
    // The gateway itself may know that nobody has claimed it; nobody else may know that it exists.
    if (caller.identityId === serial) throw new NovacoreError("gateway_released");
    return undefined;
  }
  const present = tree.devices.filter((device) => device.state !== "orphaned");
  return {
    orgId: tree.orgId,
    siteIds: [...new Set(present.map((device) => device.siteId))],
    gatewaySerial: serial,
  };
}

async function standings(registry: Known, caller: Caller, place: Place): Promise<Standing[]> {
  const found: Standing[] = [];
  const platform = platformRole(caller);
  if (platform !== undefined) found.push({ role: platform, siteIds: undefined });
  const isMachine = caller.identityType === "gateway" || caller.identityType === "device";
  if (isMachine && caller.identityId === place.gatewaySerial) {
    found.push({ role: "self", siteIds: undefined });
  }
  const member = await registry.members.get(place.orgId, caller.identityId);
  if (member !== undefined) found.push({ role: member.role, siteIds: member.siteIds });
  return found;
}

function platformRole(caller: Caller): GrantRole | undefined {
  if (caller.identityType === "admin") return "platform_admin";
  return caller.identityType === "root" ? "platform_root" : undefined;
}

function withinTicket(caller: Caller, siteIds: readonly string[] | undefined) {
  if (caller.sites === undefined) return siteIds ?? "all";
  return siteIds === undefined ? caller.sites : siteIds.filter((id) => caller.sites?.includes(id));
}
