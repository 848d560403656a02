import type { Role } from "../registry/members.ts";

/**
 * Who may do what: the one table of the hub. A role stands for a member of the organization that
 * the target belongs to, for an operator of the platform, or for the gateway or device that the
 * target is or hangs behind (`self`). Being allowed nothing about a target makes it invisible.
 */
const members = ["owner", "admin", "operator", "viewer"] as const satisfies readonly Role[];
const managers = ["owner", "admin"] as const;
const platform = ["platform_admin", "platform_root"] as const;

export type GrantRole = Role | (typeof platform)[number] | "self";

export const grants = {
  "org.view": [...members, ...platform],
  "org.update": [...managers, ...platform],
  "org.transfer": ["owner", "platform_root"],
  "org.delete": ["owner", "platform_root"],
  "member.view": [...members, ...platform],
  "member.manage": [...managers, ...platform],
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
