import { sanitiseHardwareId } from "@novacore/protocol";
import type { Access } from "./access/access.ts";
import type { Caller } from "./access/caller.ts";
import type { Registry } from "./registry/database.ts";
import type { RejectionSight } from "./store/rejection-routes.ts";

/**
 * When the gateway's present claim began, epoch ms. What it said before belongs to the organization
 * that had it then, and is nothing for the one that it has moved to.
 */
export async function claimStartMs(
  registry: Pick<Registry, "gateways">,
  serial: string,
): Promise<number> {
  const claimedAt = (await registry.gateways.get(serial))?.claimedAt;
  return claimedAt === undefined ? 0 : Date.parse(claimedAt);
}

/**
 * What a caller sees of a gateway's rejections: those of the present claim and, for somebody limited
 * to some sites, of devices there since they are there. Throws `not_found` or `forbidden`.
 */
export async function rejectionSight(
  access: Pick<Access, "authorize">,
  registry: Pick<Registry, "gateways" | "devices">,
  caller: Caller,
  gatewaySerial: string,
): Promise<RejectionSight> {
  const { sites } = await access.authorize(caller, "rejections.view", { gatewaySerial });
  const sinceMs = await claimStartMs(registry, gatewaySerial);
  if (sites === "all") return { sinceMs, hardwareIds: "all" };
  const devices = await registry.devices.listBehind(gatewaySerial);
  const names = devices
    .filter(({ siteId }) => sites.includes(siteId))
    .flatMap(({ hardwareId, movedAt }) => {
      const movedMs = movedAt === null ? sinceMs : Date.parse(movedAt);
      return [hardwareId, sanitiseHardwareId(hardwareId)].map((name) => [name, movedMs] as const);
    });
  return { sinceMs, hardwareIds: new Map(names) };
}
