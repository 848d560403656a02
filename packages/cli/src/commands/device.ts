import type { Der, Device } from "@novacore/client";
import { defineCommand, defineGroup } from "../command.ts";
import { deviceColumns } from "../device-columns.ts";
import { UsageError } from "../failure.ts";
import { flag, optional, type Reader, required, several } from "../field.ts";
import { onlyGiven } from "../only-given.ts";
import type { Row } from "../output.ts";
import { oneOf } from "../readers.ts";
import { chooseSite, siteDefault } from "../site-choice.ts";
import type { Column } from "../table.ts";

const deviceId = required("DEVICE", "Id of the device");
const deviceTypes = ["inverter", "battery", "ev_charger", "v2x_charger", "energy_meter"] as const;
const derTypes = [
  ...(["solar", "battery", "meter", "inverter"] as const),
  ...(["ev_charger_port", "ev_charger", "v2x_charger"] as const),
];

/** `roof:solar`, as a gateway's driver names it and what it is. */
const derOf: Reader<{ readonly name: string; readonly type: (typeof derTypes)[number] }> = (
  text,
) => {
  const [name = "", type, ...others] = text.split(":");
  if (name === "" || type === undefined || others.length > 0) {
    throw new Error("give NAME:TYPE, as roof:solar.");
  }
  return { name, type: oneOf(derTypes)(type) };
};

const derColumns: readonly Column<Der>[] = [
  { title: "DER", of: ({ id }) => id },
  { title: "NAME", of: ({ name }) => name },
  { title: "TYPE", of: ({ type }) => type },
];

export const device = defineGroup("Devices and their DERs", {
  list: defineCommand({
    summary: "List the devices of a site, or behind a gateway",
    options: {
      site: optional("SITE", `Id of the site; ${siteDefault}`),
      gateway: optional("SERIAL", "Serial of the gateway"),
    },
    examples: ["novacore device list", "novacore device list --gateway gw-4711"],
    async run({ site, gateway }, { connect, output, signal }) {
      if (site !== undefined && gateway !== undefined) {
        throw new UsageError("give either --site or --gateway.");
      }
      const connected = await connect();
      const { nova } = connected;
      if (gateway !== undefined) {
        const found = await nova.gateway(gateway).get({ signal });
        return output.list(found.devices, deviceColumns);
      }
      const id = site ?? (await chooseSite(connected, "give one by --site, or --gateway.", signal));
      await output.list(nova.site(id).devices({ signal }), deviceColumns);
    },
  }),

  show: defineCommand({
    summary: "Show a device",
    operands: { device: deviceId },
    examples: ["novacore device show dev-01J…"],
    async run(given, { connect, output, signal }) {
      const { nova } = await connect();
      const found = await nova.device(given.device).get({ signal });
      await output.record(found, rowsOf(found));
    },
  }),

  ders: defineCommand({
    summary: "List the DERs of a device",
    operands: { device: deviceId },
    examples: ["novacore device ders dev-01J…"],
    async run(given, { connect, output, signal }) {
      const { nova } = await connect();
      const { ders } = await nova.device(given.device).get({ signal });
      await output.list(ders, derColumns);
    },
  }),

  provision: defineCommand({
    summary: "Make a device known that is behind a gateway, or add DERs to one that is",
    operands: {
      gateway: required("SERIAL", "Serial of the gateway"),
      hardwareId: required("HARDWARE_ID", "What the gateway calls the device"),
    },
    options: {
      site: required("SITE", "Id of the site on which it stands"),
      type: required("TYPE", `One of ${deviceTypes.join(", ")}`, oneOf(deviceTypes)),
      ders: several("NAME:TYPE", `What reports; types: ${derTypes.join(", ")}`, derOf),
      name: optional("NAME", "What people call it"),
      manufacturer: optional("NAME", "Who made it"),
      model: optional("NAME", "What they call it"),
    },
    examples: [
      "novacore device provision gw-4711 sungrow:A1 --site sit-01J… --type inverter --ders roof:solar",
    ],
    async run({ gateway, hardwareId, site, type, ...others }, { connect, output, signal }) {
      const { nova } = await connect();
      const known = { gateway_serial: gateway, hardware_id: hardwareId, device_type: type };
      const device = { ...known, ...onlyGiven(others) };
      const answer = await nova.site(site).provisionDevice(device, { signal });
      await output.record(answer, [
        ["Device", answer.device_id],
        ["New", answer.created ? "yes" : "no, it was known"],
        ["State", answer.state],
        ...answer.ders.map(({ id, name, type }): Row => [`DER ${name}`, `${id} (${type})`]),
      ]);
    },
  }),

  "add-der": defineCommand({
    summary: "Add a DER to a device",
    operands: {
      device: deviceId,
      der: required("NAME:TYPE", `Types: ${derTypes.join(", ")}`, derOf),
    },
    examples: ["novacore device add-der dev-01J… roof-west:solar"],
    async run({ device: id, der }, { connect, output, signal }) {
      const { nova } = await connect();
      const added = await nova.device(id).addDer(der, { signal });
      await output.record(added, [
        ["DER", added.id],
        ["Name", added.name],
        ["Type", added.type],
        ["Device", added.device_id],
      ]);
    },
  }),

  rename: defineCommand({
    summary: "Give a device another name",
    operands: { device: deviceId, name: required("NAME", "Its new name") },
    examples: ['novacore device rename dev-01J… "Garage battery"'],
    async run({ device: id, name }, { connect, output, signal }) {
      const { nova } = await connect();
      const changed = await nova.device(id).update({ name }, { signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  move: defineCommand({
    summary: "Move a device to another site of its organization",
    operands: { device: deviceId, site: required("SITE", "Id of the site") },
    examples: ["novacore device move dev-01J… sit-01K…"],
    async run({ device: id, site: site_id }, { connect, output, signal }) {
      const { nova } = await connect();
      const changed = await nova.device(id).update({ site_id }, { signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  delete: defineCommand({
    summary: "Delete a device with its DERs",
    operands: { device: deviceId },
    options: { yes: flag("Do not ask") },
    examples: ["novacore device delete dev-01J… --yes"],
    async run({ device: id, yes }, { connect, confirm, output, signal }) {
      const { nova } = await connect();
      const { name, hardware_id, ders } = await nova.device(id).get({ signal });
      await confirm(`Delete ${id} (${name ?? hardware_id}) with its ${ders.length} DERs?`, yes);
      await nova.device(id).delete({ signal });
      await output.done(`Deleted ${id}.`, { id, deleted: true });
    },
  }),
});

function rowsOf(found: Device): Row[] {
  return [
    ["Id", found.id],
    ["Name", found.name],
    ["Type", found.type],
    ["State", found.state],
    ["Hardware id", found.hardware_id],
    ["Site", found.site_id],
    ["Gateway", found.gateway_serial],
    ["Manufacturer", found.manufacturer],
    ["Model", found.model],
    ...found.ders.map(({ id, name, type }): Row => [`DER ${name}`, `${id} (${type})`]),
  ];
}
