import { createInterface } from "node:readline";
import { Novacore } from "@novacore/client";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failure.ts";
import { flag, optional, required } from "../field.ts";
import { choosePlaces, type GivenPlaces, waysIn } from "../hub-places.ts";
import { chooseHubUrl } from "../hub-url.ts";
import { readKeyFile } from "../key-file.ts";
import { ProfileFolder } from "../profile.ts";
import { Publishing, rejectionsEveryMs } from "../publishing.ts";
import { duration, oneOf } from "../readers.ts";
import { openSpoolFolder } from "../spool-folder.ts";
import type { Input } from "../terminal.ts";

export const publish = defineCommand({
  summary: "Publish readings, as a gateway",
  notes:
    "Readings are JSON as uploads have it, with hardware_id and der: one as an argument, or one a line " +
    "on stdin. What became of each is a line. MQTT acknowledges a reading before the hub has judged " +
    "it: one that is refused within two seconds is told at the end. A gateway logs in by its own key, " +
    "and has to be claimed before.",
  operands: { reading: optional("READING", "One reading as JSON; its timestamp may be left out") },
  options: {
    serial: required("SERIAL", "Of the gateway"),
    key: required("FILE", "The gateway's private key; - for stdin"),
    hardwareId: optional("ID", "Of the device, for readings that do not say"),
    der: optional("NAME", "Of the DER, for readings that do not say"),
    stamp: flag("Give lines without a timestamp the time at which they are read"),
    via: optional("WAY", "http (the default), nats, or mqtt (QoS 1)", oneOf(waysIn)),
    mqttUrl: optional("URL", "Default: as the hub tells"),
    natsUrl: optional("URL", "Default: as the hub tells"),
    spool: optional("DIR", "Keep there what the hub has not answered for, for the next run"),
    wait: optional("TIME", "How long a hub may be away; default: 30s", duration(1_000, 86_400_000)),
  },
  examples: [
    'novacore publish --serial cellar-1 --key cellar-1.pem --hardware-id roof:1 --der roof \'{"type":"pv","W":-713}\'',
    "novacore publish --serial cellar-1 --key cellar-1.pem --via nats --json < readings.ndjson",
  ],
  stopMs: 4_000,
  async run(given, context) {
    const { reading, hardwareId, der } = given;
    const { stdin } = context.terminal;
    assertReadable(reading, given.key, stdin);
    const isStamped = given.stamp || reading !== undefined;
    const key = await readKeyFile(given.key, stdin);
    await using spool = await openSpoolFolder(given.spool);
    const way = await chooseWay({ ...given, via: given.via ?? "http" }, context);
    const { Gateway, GatewayKey } = await import("@novacore/client/gateway");
    await using gateway = await Gateway.open({
      ...{ serial: given.serial, key: GatewayKey.fromPem(key.pem), spoolPath: spool.path },
      ...{ ...way, signal: context.signal },
    });
    const isKept = given.spool !== undefined;
    const publishing = new Publishing(gateway, context, { isKept, waitMs: given.wait ?? 30_000 });
    const texts = reading === undefined ? linesOf(stdin, publishing.signal) : [reading];
    const stamp = isStamped ? createStamp() : () => undefined;
    await publishing.publishAll(texts, () => ({ hardwareId, der, timestamp: stamp() }));
    if (way.via === "mqtt") await publishing.awaitLateRejections();
    publishing.throwIfAnyFailed();
  },
});

/** Now, epoch ms, and never the same twice: two readings of a DER at one time would be one. */
function createStamp(): () => number {
  let lastMs = 0;
  return () => {
    lastMs = Math.max(Date.now(), lastMs + 1);
    return lastMs;
  };
}

/** Nobody needs to be logged in: the gateway has a login of its own. */
async function chooseWay(given: GivenPlaces, { terminal, profileName, signal }: Context) {
  const profile = new ProfileFolder(terminal.env, profileName).read();
  const baseUrl = chooseHubUrl(undefined, terminal.env, profile);
  const { via, mqttUrl, natsUrl } = given;
  const told = () => choosePlaces(new Novacore({ baseUrl }), baseUrl, given, signal);
  switch (via) {
    case "http":
      return { baseUrl, via } as const;
    case "mqtt":
      return {
        ...({ baseUrl, via, rejectionsEveryMs } as const),
        mqttUrl: mqttUrl ?? (await told()).mqttUrl,
      };
    case "nats":
      return { baseUrl, via, natsUrl: natsUrl ?? (await told()).natsUrl } as const;
  }
}

function assertReadable(reading: string | undefined, key: string, stdin: Input): void {
  if (reading !== undefined) return;
  if (key === "-") throw new UsageError("the key comes on stdin: give the reading as an argument.");
  if (stdin.isTTY) throw new UsageError("give a reading, or readings on stdin, one a line.");
}

/** Ends with its input, or by the signal. */
function linesOf(input: Input, signal: AbortSignal): AsyncIterable<string> {
  return createInterface({ input, signal, crlfDelay: Infinity });
}
