/** Publishes a small solar plant as a gateway of its own: publish.ts [--via mqtt|nats|http] [--count N] */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Novacore } from "@novacore/client";
import { Gateway, GatewayKey } from "@novacore/client/gateway";

const { values } = parseArgs({
  options: { via: { type: "string", default: "mqtt" }, count: { type: "string" } },
});
const dataDir =
  process.env.NOVACORE_DATA_DIR ?? new URL("../../.novacore", import.meta.url).pathname;
const demo = JSON.parse(readFileSync(`${dataDir}/demo.json`, "utf8"));
const hardwareId = "shed:1";
const controller = new AbortController();
process.once("SIGINT", () => controller.abort());

const key = await GatewayKey.open(`${dataDir}/gateway-example/key.pem`);
const gateway = await Gateway.open({
  ...{ key, serial: `example-${key.publicKey.slice(0, 8)}`, baseUrl: demo.base_url },
  ...{ spoolPath: `${dataDir}/gateway-example/spool`, signal: controller.signal },
  ...way(values.via),
});
gateway.onEvent((event) => {
  if (event.kind === "rejected") console.error(`rejected: ${event.code}: ${event.message}`);
  else if (event.kind === "lost") console.error(`not connected: ${event.error.message}`);
  else console.error(event.kind);
});
await claim();
for (let left = Number(values.count ?? Number.POSITIVE_INFINITY); left > 0; left--) {
  await publish({ type: "pv", timestamp: Date.now(), W: -300 - Math.round(Math.random() * 50) });
  if (left > 1) await delay(1_000, undefined, controller).catch(() => undefined);
  if (controller.signal.aborted) break;
}
if (!controller.signal.aborted) await gateway.drained();
await gateway.close();

/** Goes on when the reading is safe on the disk, and tells when the hub has it. */
async function publish(reading: { type: "pv"; timestamp: number; W: number }) {
  const publication = gateway.publish({ hardwareId, der: "shed", reading });
  void publication.then(({ status }) => console.log(`${status}: ${JSON.stringify(reading)}`));
  await publication.spooled;
}

/** By the demo's person; the second time this changes nothing. */
async function claim() {
  const nova = new Novacore({ baseUrl: demo.base_url, token: demo.token });
  const { serial: gateway_serial, publicKey: public_key } = gateway;
  const signed = gateway.claimMessage(demo.identity_id);
  const body = { org_id: demo.org_id, gateway_serial, public_key, ...signed };
  await nova.request("POST", "gateways/claim", { body });
  const device = { hardware_id: hardwareId, device_type: "inverter", name: "Shed" };
  const ders = [{ name: "shed", type: "solar" }];
  await nova.request("POST", "devices/provision", {
    body: { ...device, gateway_serial, site_id: demo.site_id, ders },
  });
}

function way(via: string) {
  switch (via) {
    case "mqtt":
      return { via, mqttUrl: demo.mqtt_url };
    case "nats":
      return { via, natsUrl: demo.nats_url };
    case "http":
      return { via };
    default:
      throw new Error(`--via is mqtt, nats or http, not ${via}`);
  }
}
