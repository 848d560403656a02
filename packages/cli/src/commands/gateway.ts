import { randomUUID } from "node:crypto";
import type { Gateway, GatewayStatus, Novacore } from "@novacore/client";
import { defineCommand, defineGroup } from "../command.ts";
import type { Context } from "../context.ts";
import { deviceColumns } from "../device-columns.ts";
import { UsageError } from "../failure.ts";
import { flag, optional, required } from "../field.ts";
import { readOrCreateKeyFile } from "../key-file.ts";
import { chooseOrganization, organizationDefault } from "../organization.ts";
import type { Row } from "../output.ts";
import { oneOf } from "../readers.ts";
import type { Column } from "../table.ts";

const serial = required("SERIAL", "Serial of the gateway");
const org = optional("ORG", `Id of the organization; ${organizationDefault}`);
const batterySigns = ["canonical", "negated"] as const;

const columns: readonly Column<Gateway>[] = [
  { title: "SERIAL", of: ({ serial }) => serial },
  { title: "CLAIMED", of: ({ claimed_at }) => claimed_at },
  { title: "BATTERY SIGN", of: ({ battery_sign }) => battery_sign },
];

export const gateway = defineGroup("Gateways: what devices report through", {
  list: defineCommand({
    summary: "List the gateways of an organization",
    options: { org },
    examples: ["novacore gateway list"],
    async run(given, { connect, output, signal }) {
      const connected = await connect();
      const { nova } = connected;
      const orgId = await chooseOrganization(connected, given.org, signal);
      await output.list(nova.org(orgId).gateways({ signal }), columns);
    },
  }),

  show: defineCommand({
    summary: "Show a gateway with its devices, and whether it is connected",
    operands: { serial },
    examples: ["novacore gateway show demo-1f2e3d4c"],
    async run(given, { connect, output, signal }) {
      const { nova } = await connect();
      const source = nova.gateway(given.serial);
      const [found, status] = await Promise.all([
        source.get({ signal }),
        source.status({ signal }),
      ]);
      await output.record({ ...found, status }, [...rowsOf(found), ...statusRows(status)]);
      if (output.isJson || found.devices.length === 0) return;
      await output.text("");
      await output.list(found.devices, deviceColumns);
    },
  }),

  message: defineCommand({
    summary: "Print what a gateway has to sign so that you can claim it",
    notes: "Valid for ten minutes, once. Have the gateway sign it (ES256), and give it to claim.",
    operands: { serial },
    examples: ["novacore gateway message gw-4711"],
    async run(given, { connect, output, signal }) {
      const { nova } = await connect();
      const message = await claimMessage(nova, given.serial, signal);
      await output.done(message, { message });
    },
  }),

  claim: defineCommand({
    summary: "Take a gateway into an organization, by the gateway's own signature",
    notes:
      "A gateway without hardware is claimed by the file of its key, which is made where there is " +
      "none. For any other give what its installer tells: the public key, the message and the " +
      "signature.",
    operands: { serial },
    options: {
      org,
      key: optional("FILE", "The gateway's private key; - reads it from stdin"),
      publicKey: optional("KEY", "Its public key, as its label has it"),
      message: optional("TEXT", "What it has signed"),
      signature: optional("TEXT", "Its signature"),
    },
    examples: [
      "novacore gateway claim my-gateway --key my-gateway.pem",
      "novacore gateway claim gw-4711 --public-key 04a1… --message 'idt-…|…|…|gw-4711' --signature 3044…",
    ],
    async run(given, context) {
      const { connect, output, signal } = context;
      const connected = await connect();
      const { nova } = connected;
      const orgId = await chooseOrganization(connected, given.org, signal);
      const proof = await proofOf(given, nova, context);
      const claim = { gateway_serial: given.serial, ...proof };
      const claimed = await nova.org(orgId).claimGateway(claim, { signal });
      await output.record(claimed, rowsOf(claimed));
    },
  }),

  set: defineCommand({
    summary: "Say how a gateway signs a battery's power",
    operands: { serial },
    options: { batterySign: required("SIGN", batterySigns.join(" or "), oneOf(batterySigns)) },
    examples: ["novacore gateway set gw-4711 --battery-sign negated"],
    async run({ serial: id, batterySign: battery_sign }, { connect, output, signal }) {
      const { nova } = await connect();
      const changed = await nova.gateway(id).update({ battery_sign }, { signal });
      await output.record(changed, rowsOf(changed));
    },
  }),

  release: defineCommand({
    summary: "Release a gateway; its devices stay behind, orphaned",
    operands: { serial },
    options: { yes: flag("Do not ask") },
    examples: ["novacore gateway release gw-4711 --yes"],
    async run({ serial: id, yes }, { connect, confirm, output, signal }) {
      const { nova } = await connect();
      const { devices } = await nova.gateway(id).get({ signal });
      await confirm(`Release ${id}, and orphan its ${devices.length} devices?`, yes);
      await nova.gateway(id).release({ signal });
      await output.done(`Released ${id}.`, { serial: id, released: true });
    },
  }),
});

interface ProofGiven {
  readonly serial: string;
  readonly key: string | undefined;
  readonly publicKey: string | undefined;
  readonly message: string | undefined;
  readonly signature: string | undefined;
}

async function proofOf(given: ProofGiven, nova: Novacore, { terminal, say, signal }: Context) {
  const { key: file, publicKey: public_key, message, signature } = given;
  if (file === undefined) {
    if (public_key && message && signature) return { public_key, message, signature };
    throw new UsageError("Give --key, or --public-key, --message and --signature.");
  }
  const { key, isNew } = await readOrCreateKeyFile(file, terminal.stdin);
  if (isNew) say(`Made the gateway's key: ${file}`);
  const text = await claimMessage(nova, given.serial, signal);
  return { public_key: key.publicKey, message: text, signature: key.sign(text) };
}

/** Claimer, nonce, time and serial, as the hub wants it signed. */
async function claimMessage(nova: Novacore, gatewaySerial: string, signal: AbortSignal) {
  const { id } = await nova.identity.get({ signal });
  return `${id}|${randomUUID()}|${Math.floor(Date.now() / 1_000)}|${gatewaySerial}`;
}

function rowsOf(found: Gateway): Row[] {
  return [
    ["Serial", found.serial],
    ["Organization", found.org_id],
    ["Battery sign", found.battery_sign],
    ["Claimed", found.claimed_at],
  ];
}

function statusRows(status: GatewayStatus): Row[] {
  const { connected, since, last_seen, clock_drift_ms: driftMs, last_rejection: refused } = status;
  const timeOf = (timeMs: number | null) => timeMs && new Date(timeMs).toISOString();
  return [
    ["Connected", connected ? "yes" : "no"],
    ["Since", timeOf(since)],
    ["Last heard of", timeOf(last_seen)],
    ["Its clock", driftMs === null ? null : `${driftMs} ms ahead of the hub's`],
    ["Last refused", refused && `${refused.error}: ${refused.message}`],
  ];
}
