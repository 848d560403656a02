import {
  backfillSubject,
  enrichedSubject,
  type ReadingType,
  sanitiseHardwareId,
} from "@novacore/protocol";
import { namesType } from "./dialects.ts";
import { type Refusal, refuse, shown } from "./refusal.ts";

/** What ingest needs of a gateway's registration: its devices and their DERs. */
export interface GatewayTree {
  readonly serial: string;
  /** Undefined: claimed by nobody. */
  readonly orgId: string | undefined;
  readonly batterySign: "canonical" | "negated";
  readonly devices: readonly TreeDevice[];
}

interface TreeDevice {
  readonly deviceId: string;
  readonly hardwareId: string;
  readonly siteId: string;
  readonly state: "pending" | "active" | "orphaned";
  readonly ders: readonly TreeDer[];
}

interface TreeDer {
  readonly derId: string;
  readonly name: string;
  readonly readingType: ReadingType;
}

/** Whose reading it is, with everything that is the same for each of its readings. */
export interface Target {
  readonly derId: string;
  readonly deviceId: string;
  readonly type: ReadingType;
  readonly negatedBattery: boolean;
  /** The device waits for its first reading. */
  readonly pending: boolean;
  /** Where the reading is stored. */
  readonly subject: string;
  /** The same for one that is too old for the stream. */
  readonly backfillSubject: string;
  /** JSON of the members that the hub adds, up to the value of `received_at`. */
  readonly origin: string;
}

/**
 * Finds the DER that a gateway means by hardware_id and DER name or type. Names go before types,
 * verbatim hardware_ids before sanitised ones; what stays ambiguous is refused, never guessed.
 */
export function resolveTarget(
  tree: GatewayTree | undefined,
  serial: string,
  hardwareId: string,
  der: string,
): Target | Refusal {
  if (tree === undefined) {
    return refuse("gateway_unknown", `No organization has claimed the gateway ${shown(serial)}.`);
  }
  const { orgId } = tree;
  if (orgId === undefined) {
    return refuse("gateway_released", `The gateway ${serial} was released; claim it first.`);
  }
  const device = findDevice(tree.devices, hardwareId);
  if (!("deviceId" in device)) return device;
  if (device.state === "orphaned") {
    const why = `The device ${shown(hardwareId)} belongs to an earlier claim of the gateway`;
    return refuse("device_orphaned", `${why}; provision it again.`);
  }
  const found = findDer(device, hardwareId, der);
  if (!("derId" in found)) return found;
  const { deviceId, siteId } = device;
  const { derId, name, readingType } = found;
  const origin = JSON.stringify({
    org_id: orgId,
    site_id: siteId,
    device_id: deviceId,
    der_id: derId,
    der_name: name,
  });
  return {
    derId,
    deviceId,
    type: readingType,
    negatedBattery: readingType === "battery" && tree.batterySign === "negated",
    pending: device.state === "pending",
    subject: enrichedSubject({ orgId, siteId, deviceId, derId }),
    backfillSubject: backfillSubject({ orgId, siteId, deviceId, derId }),
    origin: `,${origin.slice(1, -1)},"received_at":`,
  };
}

function findDevice(devices: readonly TreeDevice[], hardwareId: string): TreeDevice | Refusal {
  const verbatim = devices.filter((device) => device.hardwareId === hardwareId);
  const likely =
    verbatim.length > 0
      ? verbatim
      : devices.filter((device) => sanitiseHardwareId(device.hardwareId) === hardwareId);
  const present = likely.filter((device) => device.state !== "orphaned");
  const [first, second] = present.length > 0 ? present : likely;
  if (first === undefined) {
    const why = `The gateway has no device ${shown(hardwareId)}; provision it first.`;
    return refuse("device_unknown", why);
  }
  if (second !== undefined && first.state !== "orphaned") {
    const both = `${shown(first.hardwareId)} and ${shown(second.hardwareId)}`;
    const why = `${shown(hardwareId)} could be ${both}; send the hardware_id as provisioned.`;
    return refuse("device_ambiguous", why);
  }
  return first;
}

function findDer(device: TreeDevice, hardwareId: string, der: string): TreeDer | Refusal {
  const named = device.ders.find(({ name }) => name === der);
  if (named !== undefined) return named;
  const [first, second] = device.ders.filter(({ readingType }) => namesType(der, readingType));
  const where = `The device ${shown(hardwareId)}`;
  if (first === undefined) {
    return refuse("der_unknown", `${where} has no DER ${shown(der)}; provision it first.`);
  }
  if (second !== undefined) {
    const names = `${shown(first.name)} and ${shown(second.name)}`;
    return refuse(
      "der_ambiguous",
      `${where} has several DERs ${shown(der)}: ${names}; use a name.`,
    );
  }
  return first;
}
