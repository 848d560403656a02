import type { Device, DeviceSettings } from "./devices.ts";
import type { DeviceRow } from "./tables.ts";

/** What changes in a device's row; when it comes to another site, that too is kept. */
export function toColumns(
  device: Pick<Device, "id" | "siteId">,
  { siteId = device.siteId, name, manufacturer, model }: DeviceSettings,
) {
  return {
    id: device.id,
    ...(siteId !== device.siteId && { site_id: siteId, moved_at: new Date().toISOString() }),
    ...(name !== undefined && { name }),
    ...(manufacturer !== undefined && { manufacturer }),
    ...(model !== undefined && { model }),
  };
}

/** Without its DERs, which are rows of their own. */
export function toDevice(row: DeviceRow & { readonly org_id: string }) {
  return {
    id: row.id,
    orgId: row.org_id,
    siteId: row.site_id,
    gatewaySerial: row.gateway_serial,
    hardwareId: row.hardware_id,
    name: row.name,
    manufacturer: row.manufacturer,
    model: row.model,
    type: row.type,
    state: row.state,
    createdAt: row.created_at,
    movedAt: row.moved_at,
  };
}
