import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { type NatsConnection, PermissionViolationError } from "@nats-io/transport-node";
import type { MqttClient } from "mqtt";
import { mqttGateway, natsGateway, websocketGateway } from "./clients.ts";
import { type RunningNats, runNats } from "./running-nats.ts";

const own = "gateways.gw-1.devices.inv_1.ders.solar";
const others = "gateways.gw-2.devices.inv_1.ders.solar";

const forbiddenToHear = [
  ">",
  "*",
  "gateways.>",
  "gateways.*.devices.*.ders.*.control.>",
  "gateways.gw-1.>",
  "gateways.gw-1.devices.*.ders.*.telemetry.json.v1",
  "gateways.gw-2.devices.*.ders.*.control.>",
  "_INBOX.>",
  "_INBOX_gw-2.>",
  "_INBOX_hub.>",
  "$SYS.>",
  "$JS.>",
  "$JS.API.>",
  "$KV.>",
  "$MQTT.>",
  "$MQTT.sub.>",
  "$MQTT.sub.*",
  "$MQTT.msgs.>",
  "orgs.>",
  "live.orgs.>",
];

const forbiddenToSay = [
  `${others}.telemetry.json.v1`,
  "gateways.gw-2.state.json.v1",
  "gateways.gw-2.telemetry.batch",
  "gateways",
  "_INBOX.x",
  "_INBOX_gw-1.x",
  "_INBOX_gw-2.x",
  "$JS.API.INFO",
  "$JS.API.STREAM.LIST",
  "$JS.ACK.GATEWAY_TELEMETRY.x.1.1.1.1.1",
  "$SYS.REQ.USER.AUTH",
  "$SYS.REQ.SERVER.PING",
  "$MQTT.msgs.gateways.gw-2.state.json.v1",
  "$MQTT.sub.x",
  "orgs.a.sites.b.devices.c.ders.d.telemetry.json.v1",
];

for (const transport of ["TCP", "WebSocket"] as const) {
  test(`over ${transport} a gateway hears its own control subjects and inbox alone`, async (t) => {
    const running = await runNats(t);
    if (running === undefined) return;
    const gateway = await natsConnection(t, running, transport);
    const hub = await running.connect("DEV");
    for (const subject of forbiddenToHear) {
      const refused = firstError(gateway, subject);
      await gateway.flush();
      assert.ok((await refused) instanceof PermissionViolationError, subject);
    }
    const controls = gateway.subscribe("gateways.gw-1.devices.*.ders.*.control.>", { max: 1 });
    await gateway.flush();
    hub.publish(`${own}.control.ems.commands`, "go");
    for await (const message of controls) assert.equal(message.string(), "go");
    assert.equal(gateway.isClosed(), false, "refusals do not cost the connection");
  });

  test(`over ${transport} a gateway speaks below its own name alone`, async (t) => {
    const running = await runNats(t);
    if (running === undefined) return;
    const gateway = await natsConnection(t, running, transport);
    const hub = await running.connect("DEV");
    const heard = collect(hub, "last");
    await hub.flush();
    for (const subject of forbiddenToSay) gateway.publish(subject, "x");
    gateway.publish(`${own}.telemetry.json.v1`, "x");
    gateway.publish("gateways.gw-1.last", "x");
    assert.deepEqual(await heard, [`${own}.telemetry.json.v1`, "gateways.gw-1.last"]);
    await assert.rejects(jetstreamManager(gateway, { timeout: 1_000 }));
  });
}

test("a gateway gets the answer to its own request", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const hub = await running.connect("DEV");
  hub.subscribe("gateways.*.telemetry.batch", {
    callback: (_error, message) => void message.respond("done"),
  });
  await hub.flush();
  const gateway = await natsGateway(t, running.nats, "gw-1");
  const answer = await gateway.request("gateways.gw-1.telemetry.batch", "[]", { timeout: 2_000 });
  assert.equal(answer.string(), "done");
});

test("over MQTT a gateway hears its own control topics alone, at QoS 0 and 1", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const gateway = await mqttGateway(t, running.nats, "gw-1");
  const hub = await running.connect("DEV");
  for (const subject of forbiddenToHear) {
    for (const qos of [0, 1] as const) {
      const topic = toTopic(subject);
      assert.equal(await grantedQos(gateway, topic, qos), 128, `${topic} at QoS ${qos}`);
    }
  }
  const control = "gateways/gw-1/devices/+/ders/+/control/#";
  assert.equal(await grantedQos(gateway, control, 0), 0);
  assert.equal(await grantedQos(gateway, control, 1), 1);
  const exact = `${toTopic(own)}/control/ems/heartbeat`;
  assert.equal(await grantedQos(gateway, exact, 1), 1);
  const message = new Promise<string>((resolve) => {
    gateway.once("message", (topic) => resolve(topic));
  });
  hub.publish(`${own}.control.ems.commands`, "go");
  assert.equal(await message, `${toTopic(own)}/control/ems/commands`);
  assert.equal(gateway.connected, true, "refusals do not cost the connection");
});

test("over MQTT a gateway speaks below its own name alone, at QoS 0 and 1", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const gateway = await mqttGateway(t, running.nats, "gw-1");
  const hub = await running.connect("DEV");
  const heard = collect(hub, "last");
  await hub.flush();
  for (const subject of forbiddenToSay) {
    await gateway.publishAsync(toTopic(subject), "x", { qos: 0 });
    await gateway.publishAsync(toTopic(subject), "x", { qos: 0, retain: true });
    await gateway.publishAsync(toTopic(subject), "x", { qos: 1 });
  }
  await gateway.publishAsync(toTopic(`${own}.telemetry.json.v1`), "x", { qos: 1 });
  await gateway.publishAsync("gateways/gw-1/last", "x", { qos: 0 });
  assert.deepEqual(await heard, [`${own}.telemetry.json.v1`, "gateways.gw-1.last"]);
  const retained = await (await jetstreamManager(hub)).streams.info("$MQTT_rmsgs");
  assert.equal(retained.state.messages, 0);
});

test("a last will cannot speak for another gateway", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const hub = await running.connect("DEV");
  const heard = collect(hub, "last");
  await hub.flush();
  for (const topic of ["gateways/gw-2/will", "gateways/gw-1/last"]) {
    const gateway = await mqttGateway(t, running.nats, "gw-1", {
      clientId: topic.replaceAll("/", "-"),
      will: { topic, payload: Buffer.from("x"), qos: 0, retain: false },
    });
    gateway.stream.destroy();
  }
  assert.deepEqual(await heard, ["gateways.gw-1.last"]);
});

test("a retained message and a QoS 1 publish of its own are stored", async (t) => {
  const running = await runNats(t);
  if (running === undefined) return;
  const gateway = await mqttGateway(t, running.nats, "gw-1");
  const topic = "gateways/gw-1/inventory/drivers/json/v1";
  await gateway.publishAsync(topic, "x".repeat(128 * 1024), { qos: 1, retain: true });
  const hub = await running.connect("DEV");
  const retained = await (await jetstreamManager(hub)).streams.info("$MQTT_rmsgs");
  assert.equal(retained.state.messages, 1);
});

function natsConnection(
  t: TestContext,
  { nats }: RunningNats,
  transport: "TCP" | "WebSocket",
): Promise<NatsConnection> {
  return transport === "TCP" ? natsGateway(t, nats, "gw-1") : websocketGateway(t, nats, "gw-1");
}

function firstError(connection: NatsConnection, subject: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    connection.subscribe(subject, { callback: (error) => resolve(error ?? undefined) });
  });
}

/** Every subject that reaches the account, up to the one that ends with `last`. */
async function collect(hub: NatsConnection, last: string): Promise<string[]> {
  const subjects: string[] = [];
  // The hub's own user may hear everything; what the server itself does for MQTT is not of a client.
  for await (const { subject } of hub.subscribe(">")) {
    if (/^(\$MQTT\.(JSA|sess|rmsgs|msgs)|\$JS)\./.test(subject) && !subject.includes("gw-2"))
      continue;
    subjects.push(subject);
    if (subject.endsWith(`.${last}`)) break;
  }
  return subjects;
}

/** The quality granted to a subscription; 128 is a refusal. */
function grantedQos(client: MqttClient, topic: string, qos: 0 | 1): Promise<number | undefined> {
  return new Promise((resolve) => {
    client.subscribe(topic, { qos }, (_error, granted, packet) => {
      const code = packet?.granted[0];
      resolve(typeof code === "number" ? code : granted?.[0]?.qos);
    });
  });
}

function toTopic(subject: string): string {
  return subject.replaceAll(".", "/").replaceAll("*", "+").replaceAll(">", "#");
}
