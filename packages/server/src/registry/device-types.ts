import { NovacoreError, type ReadingType } from "@novacore/protocol";

/**
 * Which devices there are, which DERs each may have, and the type of their readings (wire contract
 * §5). REST keeps the DER type as it was provisioned; readings always carry the canonical one.
 */
export const deviceTypes = [
  "inverter",
  "battery",
  "ev_charger",
  "v2x_charger",
  "energy_meter",
] as const;
export type DeviceType = (typeof deviceTypes)[number];

/** Every name under which a DER may be provisioned. */
export const derTypes = [
  "solar",
  "pv",
  "battery",
  "meter",
  "inverter",
  "ev_charger_port",
  "ev_port",
  "ev",
  "ev_charger",
  "v2x_charger",
] as const;
export type DerType = (typeof derTypes)[number];

/** The whole rule: a DER type that is missing from a device's row is not allowed on that device. */
const readingTypeOf: Record<DeviceType, Partial<Record<DerType, ReadingType>>> = {
  inverter: {
    solar: "pv",
    pv: "pv",
    battery: "battery",
    meter: "meter",
    inverter: "inverter",
  },
  battery: { battery: "battery", meter: "meter" },
  ev_charger: {
    ev_charger_port: "ev_charger",
    ev_port: "ev_charger",
    ev: "ev_charger",
    ev_charger: "ev_charger",
  },
  v2x_charger: {
    ev_charger_port: "v2x_charger",
    ev_port: "v2x_charger",
    ev: "v2x_charger",
    v2x_charger: "v2x_charger",
  },
  energy_meter: { meter: "meter" },
};

/** The type of the readings of a DER; undefined when the device cannot have such a DER. */
export function readingTypeFor(device: DeviceType, der: DerType): ReadingType | undefined {
  return readingTypeOf[device][der];
}

/** As `readingTypeFor`, but throws `der_type_not_allowed` with the types that are allowed. */
export function assertDerAllowed(device: DeviceType, der: DerType, path: string): void {
  if (readingTypeFor(device, der) !== undefined) return;
  const allowed = Object.keys(readingTypeOf[device]).join(", ");
  const message = `A device of type ${device} cannot have a DER of type ${der}; use ${allowed}.`;
  throw new NovacoreError("der_type_not_allowed", message, { details: [{ path, message }] });
}

/** Names of device types that requests may use beside the canonical ones. */
export const deviceTypeAliases = ["meter", "charger"] as const;
export type DeviceTypeName = DeviceType | (typeof deviceTypeAliases)[number];

/**
 * The canonical device type. `charger` stands for both kinds of charger: its DERs decide, and a
 * charger that names no V2X DER is one that only charges.
 */
export function canonicalDeviceType(
  name: DeviceTypeName,
  ders: readonly { readonly type: DerType }[],
): DeviceType {
  if (name === "meter") return "energy_meter";
  if (name !== "charger") return name;
  return ders.some((der) => der.type === "v2x_charger") ? "v2x_charger" : "ev_charger";
}
