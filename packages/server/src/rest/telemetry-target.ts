import { NovacoreError } from "@novacore/protocol";
import type { Access } from "../access/access.ts";
import type { Caller } from "../access/caller.ts";
import type { ReadingsFilter } from "../history/range-job.ts";
import { limits } from "../limits.ts";
import type { Registry } from "../registry/database.ts";
import { readingTypeFor } from "../registry/device-types.ts";
import type { Device } from "../registry/devices.ts";
import type { QueriedDers } from "./telemetry-query.ts";

/** Whose readings are asked for, as the caller may see them. */
export interface Target {
  readonly orgId: string;
  readonly filter: Pick<ReadingsFilter, "derIds" | "deviceId" | "siteIds">;
  readonly ders: QueriedDers;
}

export interface TargetParts {
  readonly access: Pick<Access, "authorize">;
  readonly registry: Pick<Registry, "sites" | "devices">;
}

/**
 * Throws `not_found` or `forbidden`. Only readings of the organization that the target belongs to
 * now are read, and of sites that the caller sees: it may have stood elsewhere before.
 */
export async function findTarget(
  parts: TargetParts,
  caller: Caller,
  kind: "der_id" | "device_id" | "site_id",
  id: string,
): Promise<Target> {
  const { access, registry } = parts;
  if (kind === "site_id") {
    const { orgId } = await access.authorize(caller, "telemetry.read", { siteId: id });
    const page = { after: undefined, limit: limits.pageItemsMax };
    const ders = describe(await registry.devices.list(id, page), await timezoneOf(registry, id));
    return { orgId, filter: { siteIds: [id] }, ders };
  }
  const deviceId = kind === "device_id" ? id : (await registry.devices.getDer(id))?.deviceId;
  const device = deviceId === undefined ? undefined : await registry.devices.get(deviceId);
  if (device === undefined) throw new NovacoreError("not_found");
  const asked = { siteId: device.siteId };
  const { orgId, sites } = await access.authorize(caller, "telemetry.read", asked);
  const derIds = kind === "der_id" ? [id] : device.ders.map((der) => der.id);
  const only = { ...device, ders: device.ders.filter((der) => derIds.includes(der.id)) };
  return {
    orgId,
    filter: {
      derIds,
      ...(kind === "device_id" && { deviceId: device.id }),
      ...(sites !== "all" && { siteIds: sites }),
    },
    ders: describe([only], await timezoneOf(registry, device.siteId)),
  };
}

function describe(devices: readonly Device[], timezone: string): QueriedDers {
  const types = devices.flatMap(({ type: deviceType, ders }) =>
    ders.flatMap(({ type }) => readingTypeFor(deviceType, type) ?? []),
  );
  return { types: [...new Set(types)], count: types.length, timezone };
}

async function timezoneOf(registry: TargetParts["registry"], siteId: string): Promise<string> {
  return (await registry.sites.get(siteId))?.timezone ?? "UTC";
}
