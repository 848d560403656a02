import type { Role } from "../registry/members.ts";

const members = ["owner", "admin", "operator", "viewer"] as const satisfies readonly Role[];
const managers = ["owner", "admin"] as const;
const platform = ["platform_admin", "platform_root"] as const;

/** A member's role, an operator of the platform, or the gateway (device) that the target belongs to. */
export type GrantRole = Role | (typeof platform)[number] | "self";

/** Who may do what: the one table of the hub. */
export const grants = {
  "org.view": [...members, ...platform],
  "org.update": [...managers, ...platform],
  "org.transfer": ["owner", "platform_root"],
  "org.retain": ["owner", "platform_root"],
  "org.delete": ["owner", "platform_root"],
  "member.view": [...members, ...platform],
  "member.manage": [...managers, ...platform],
  "integration.view": [...managers, ...platform],
  "integration.manage": [...managers, ...platform],
  "site.view": [...members, ...platform],
  "site.create": [...managers, ...platform],
  "site.update": [...managers, ...platform],
  "site.delete": [...managers, ...platform],
  "gateway.view": [...members, ...platform, "self"],
  "gateway.claim": [...managers, ...platform],
  "gateway.update": [...managers, ...platform],
  "gateway.release": [...managers, ...platform],
  "device.view": [...members, ...platform, "self"],
  "device.provision": [...managers, ...platform, "self"],
  "device.update": [...managers, ...platform],
  "device.delete": [...managers, ...platform],
  "device.control": ["owner", "admin", "operator", "platform_root"],
  "telemetry.read": [...members, ...platform],
  "telemetry.publish": ["self"],
  "rejections.view": [...members, ...platform, "self"],
} as const satisfies Record<string, readonly GrantRole[]>;

export type Action = keyof typeof grants;

/** One reason for which a caller has a say in an organization. */
export interface Standing {
  readonly role: GrantRole;
  /** The only sites it reaches; undefined: the whole organization. */
  readonly siteIds: readonly string[] | undefined;
}

/** What is acted on, as far as roles depend on it. */
export interface Reach {
  /** Sites that the target stands on; undefined: it is the organization itself. */
  readonly siteIds: readonly string[] | undefined;
}

export type Decision =
  | { readonly outcome: "allowed"; readonly standing: Standing }
  | { readonly outcome: "forbidden" }
  | { readonly outcome: "invisible" };

/**
 * Decides by the table. A standing that is limited to sites reaches what stands on one of them, and
 * the organization itself, of which it then sees only those sites. Whoever reaches a target sees it,
 * and is told "forbidden"; for everybody else it does not exist.
 */
export function decide(action: Action, standings: readonly Standing[], target: Reach): Decision {
  const reaching = standings.filter((standing) => reaches(standing, target));
  const allowed: readonly GrantRole[] = grants[action];
  const standing = reaching.find((candidate) => allowed.includes(candidate.role));
  if (standing !== undefined) return { outcome: "allowed", standing };
  return { outcome: reaching.length > 0 ? "forbidden" : "invisible" };
}

function reaches(standing: Standing, target: Reach): boolean {
  if (standing.siteIds === undefined || target.siteIds === undefined) return true;
  const { siteIds } = standing;
  return target.siteIds.some((id) => siteIds.includes(id));
}
