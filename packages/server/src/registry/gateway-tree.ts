import type { ReadingType } from "@novacore/protocol";
import type { Kysely } from "kysely";
import { type DerType, type DeviceType, readingTypeFor } from "./device-types.ts";
import type { Tables } from "./tables.ts";

/** A gateway with everything behind it: what ingest needs to know whose a reading is. */
export interface GatewayTree {
  readonly serial: string;
  /** undefined: claimed by nobody, or released. */
  readonly orgId: string | undefined;
  readonly batterySign: BatterySign;
  /** Devices of its present claim, and orphaned ones whose hardware_id no present device has. */
  readonly devices: readonly GatewayDevice[];
}

/** How the gateway signs a battery's W: `negated` is + discharging, to be turned round. */
export type BatterySign = "canonical" | "negated";

/** `pending` until the first reading; `orphaned` after its gateway moved or was released. */
export type DeviceState = "pending" | "active" | "orphaned";

export interface GatewayDevice {
  readonly deviceId: string;
  readonly hardwareId: string;
  readonly siteId: string;
  readonly type: DeviceType;
  readonly state: DeviceState;
  readonly ders: readonly GatewayDer[];
}

export interface GatewayDer {
  readonly derId: string;
  readonly name: string;
  readonly type: DerType;
  readonly readingType: ReadingType;
}

/** Reads a whole tree in one query, so that it is of one moment. */
export async function readGatewayTree(
  db: Kysely<Tables>,
  serial: string,
): Promise<GatewayTree | undefined> {
  const rows = await db
    .selectFrom("gateways")
    .leftJoin("devices", "devices.gateway_serial", "gateways.serial")
    .leftJoin("ders", "ders.device_id", "devices.id")
    .select([
      "gateways.org_id",
      "gateways.battery_sign",
      "devices.id as device_id",
      "devices.hardware_id",
      "devices.site_id",
      "devices.type as device_type",
      "devices.state",
      "ders.id as der_id",
      "ders.name as der_name",
      "ders.type as der_type",
    ])
    .where("gateways.serial", "=", serial)
    .orderBy("devices.id")
    .orderBy("ders.id")
    .execute();
  const [first] = rows;
  if (first === undefined) return undefined;
  const devices = new Map<string, GatewayDevice & { readonly ders: GatewayDer[] }>();
  for (const row of rows) {
    const { device_id, hardware_id, site_id, device_type, state } = row;
    if (device_id === null || hardware_id === null || site_id === null) continue;
    if (device_type === null || state === null) continue;
    const device = devices.get(device_id) ?? {
      deviceId: device_id,
      hardwareId: hardware_id,
      siteId: site_id,
      type: device_type,
      state,
      ders: [],
    };
    devices.set(device_id, device);
    const { der_id, der_name, der_type } = row;
    if (der_id === null || der_name === null || der_type === null) continue;
    const readingType = readingTypeFor(device_type, der_type);
    if (readingType === undefined) continue;
    device.ders.push({ derId: der_id, name: der_name, type: der_type, readingType });
  }
  return {
    serial,
    orgId: first.org_id ?? undefined,
    batterySign: first.battery_sign,
    devices: presentFirst([...devices.values()]),
  };
}

/** An orphan is only worth telling about where no device in use has its hardware_id. */
function presentFirst(devices: readonly GatewayDevice[]): GatewayDevice[] {
  const present = devices.filter((device) => device.state !== "orphaned");
  const taken = new Set(present.map((device) => device.hardwareId));
  const orphans = devices.filter(
    (device) => device.state === "orphaned" && !taken.has(device.hardwareId),
  );
  return [...present, ...orphans];
}
