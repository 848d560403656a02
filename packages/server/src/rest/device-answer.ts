import { Type } from "typebox";
import type { Der } from "../registry/ders.ts";
import { derTypes, deviceTypes } from "../registry/device-types.ts";
import type { Device } from "../registry/devices.ts";
import { nullable, Time } from "./fields.ts";

/** How a device and its DERs look wherever they are answered (wire contract §4 and §5). */

export const DerType = Type.Enum(derTypes);
export const DeviceType = Type.Enum(deviceTypes);
export const DeviceState = Type.Enum(["pending", "active", "orphaned"]);

export const DerAnswer = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    type: DerType,
  },
  { title: "Der", description: "What reports: a battery, a meter, a port of a charger" },
);

export const DeviceAnswer = Type.Object(
  {
    id: Type.String(),
    name: nullable(Type.String()),
    type: DeviceType,
    state: DeviceState,
    hardware_id: Type.String(),
    site_id: Type.String(),
    gateway_serial: Type.String(),
    manufacturer: nullable(Type.String()),
    model: nullable(Type.String()),
    created_at: Time,
    ders: Type.Array(DerAnswer),
  },
  { title: "Device", description: "What is behind a gateway, with its DERs" },
);

export function toDerAnswer(der: Der) {
  return { id: der.id, name: der.name, type: der.type };
}

export function toDeviceAnswer(device: Device) {
  return {
    id: device.id,
    name: device.name,
    type: device.type,
    state: device.state,
    hardware_id: device.hardwareId,
    site_id: device.siteId,
    gateway_serial: device.gatewaySerial,
    manufacturer: device.manufacturer,
    model: device.model,
    created_at: device.createdAt,
    ders: device.ders.map(toDerAnswer),
  };
}
