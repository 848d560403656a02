import type { Device } from "@novacore/client";
import type { Column } from "./table.ts";

/** Devices, wherever they are listed. */
export const deviceColumns: readonly Column<Device>[] = [
  { title: "DEVICE", of: ({ id }) => id },
  { title: "NAME", of: ({ name }) => name },
  { title: "TYPE", of: ({ type }) => type },
  { title: "STATE", of: ({ state }) => state },
  { title: "HARDWARE ID", of: ({ hardware_id }) => hardware_id },
  { title: "GATEWAY", of: ({ gateway_serial }) => gateway_serial },
  { title: "DERS", of: ({ ders }) => ders.map(({ name, type }) => `${name}:${type}`).join(", ") },
];
