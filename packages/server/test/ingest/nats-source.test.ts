import assert from "node:assert/strict";
import { test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import { createConditions } from "../../../../test/support/conditions.ts";
import { mqttGateway, natsGateway } from "../nats/clients.ts";
import { nextMs, runIngest, subjectOf } from "./ingest-bench.ts";

test("what a gateway publishes over NATS is stored with whose it is", async (t) => {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return;
  const gateway = await natsGateway(t, bench.nats.nats, "gw-1");
  const timestamp = nextMs();
  gateway.publish(subjectOf("m"), JSON.stringify({ type: "meter", timestamp, w: 5, org_id: "x" }));
  const reading = await bench.until("the reading", () => bench.stored[0]);
  const { received_at: receivedAt, ...rest } = reading;
  assert.deepEqual(rest, {
    type: "meter",
    timestamp,
    W: 5,
    org_id: "org-1",
    site_id: "sit-1",
    device_id: "dev-1",
    der_id: "der-m",
    der_name: "m",
  });
  assert.ok(Math.abs(receivedAt - Date.now()) < 60_000);
  await bench.until("the activation", () => bench.activated.length > 0);
});

test("MQTT readings of both qualities arrive, each once, and QoS 1 is acknowledged", async (t) => {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return;
  const client = await mqttGateway(t, bench.nats.nats, "gw-1");
  const topic = subjectOf("m").replaceAll(".", "/");
  const expected: number[] = [];
  for (const qos of [0, 1, 1, 0, 1] as const) {
    const timestamp = nextMs();
    expected.push(timestamp);
    await client.publishAsync(topic, JSON.stringify({ timestamp, W: 5 }), { qos });
  }
  await bench.until("all readings", () => bench.stored.length === expected.length);
  assert.deepEqual(bench.stored.map(({ timestamp }) => timestamp).sort(), expected);
  const { streams } = await jetstreamManager(await bench.nats.connect("DEV"));
  await bench.ingest.stop();
  // The stream lets go of what is acknowledged a moment after the acknowledgement.
  await bench.settled();
  while ((await streams.info("$MQTT_msgs")).state.messages > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test("an MQTT topic may hold the hardware_id as it is, dots and all", async (t) => {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return;
  const client = await mqttGateway(t, bench.nats.nats, "gw-1");
  for (const qos of [0, 1] as const) {
    const topic = "gateways/gw-1/devices/acme:1.5/ders/m/telemetry/json/v1";
    await client.publishAsync(topic, JSON.stringify({ timestamp: nextMs() }), { qos });
  }
  await bench.until("both readings", () => bench.stored.length === 2);
});

test("a reading that is refused is kept with its bytes, and does not hold up the next", async (t) => {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return;
  const gateway = await natsGateway(t, bench.nats.nats, "gw-1");
  const mqtt = await mqttGateway(t, bench.nats.nats, "gw-1");
  gateway.publish(subjectOf("m"), "{");
  gateway.publish(subjectOf("m"), `{"x":"${"x".repeat(70_000)}"}`);
  gateway.publish(subjectOf("nobody"), JSON.stringify({ timestamp: nextMs() }));
  gateway.publish(subjectOf("m", "stranger"), JSON.stringify({ timestamp: nextMs() }));
  gateway.publish(subjectOf("m"), JSON.stringify({ timestamp: nextMs() + 3_600_000 }));
  await mqtt.publishAsync(subjectOf("m").replaceAll(".", "/"), "null", { qos: 1 });
  gateway.publish(subjectOf("m"), JSON.stringify({ timestamp: nextMs() }));
  await bench.until("the good one", () => bench.stored.length === 1);
  await bench.ingest.stop();
  assert.deepEqual((await bench.refused("gw-1")).sort(), [
    "der_unknown",
    "device_unknown",
    "reading_in_future",
    "reading_malformed",
    "reading_malformed",
    "reading_too_large",
  ]);
  const { records } = await bench.store.rejections.list("gw-1", { limit: 10 });
  const malformed = records.filter(({ error }) => error === "reading_malformed");
  assert.deepEqual(
    malformed.map(({ original }) => Buffer.from(original, "base64").toString()).sort(),
    ["null", "{"],
  );
});

test("the first reading after provisioning flows", async (t) => {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return;
  const gateway = await natsGateway(t, bench.nats.nats, "gw-1");
  gateway.publish(subjectOf("new"), JSON.stringify({ timestamp: nextMs() }));
  await gateway.flush();
  bench.provision("new");
  const timestamp = nextMs();
  gateway.publish(subjectOf("new"), JSON.stringify({ timestamp }));
  await bench.until("the reading", () =>
    bench.stored.some((reading) => reading.timestamp === timestamp),
  );
});

test("what came while no hub ran is stored at its start, and nothing twice", async (t) => {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return;
  const gateway = await natsGateway(t, bench.nats.nats, "gw-1");
  const send = (timestamp: number) =>
    gateway.publish(subjectOf("m"), JSON.stringify({ timestamp, W: 1 }));
  const before = Array.from({ length: 50 }, nextMs);
  for (const timestamp of before) send(timestamp);
  await bench.until("the first", () => bench.stored.length === 50);
  await bench.ingest.stop();
  const meanwhile = Array.from({ length: 50 }, nextMs);
  for (const timestamp of [...before, ...meanwhile]) send(timestamp);
  await gateway.flush();
  await bench.restart();
  await bench.until("the rest", () => bench.stored.length >= 100);
  assert.equal(new Set(bench.stored.map(({ timestamp }) => timestamp)).size, 100);
  assert.equal(bench.stored.length, 100);
});

test("a hub that starts remembers what the stream holds of the last minutes", async (t) => {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return;
  const gateway = await natsGateway(t, bench.nats.nats, "gw-1");
  for (let i = 0; i < 30; i++) {
    gateway.publish(subjectOf("m"), JSON.stringify({ timestamp: nextMs() }));
  }
  await bench.until("all readings", () => bench.stored.length === 30);
  await bench.settled();
  await bench.restart();
  assert.deepEqual(bench.ingest.pipeline.remembered, { entries: 30, ders: 1 });
});

test("kill -9 of nats-server while readings flow: what it kept is stored, each once", async (t) => {
  const bench = await runIngest(t, createConditions());
  if (bench === undefined) return;
  const client = await mqttGateway(t, bench.nats.nats, "gw-1", {
    reconnectPeriod: 100,
    // The callout may be back later than nats-server; gateways try again for ever.
    reconnectOnConnackError: true,
  });
  client.on("error", () => undefined);
  const topic = subjectOf("m").replaceAll(".", "/");
  const acknowledged = new Set<number>();
  for (let i = 0; i < 400; i++) {
    const timestamp = nextMs();
    if (i === 150) {
      const state = bench.nats.nats.state();
      if (state.state === "running") process.kill(state.pid, "SIGKILL");
    }
    await client.publishAsync(topic, JSON.stringify({ timestamp, W: 1 }), { qos: 1 });
    acknowledged.add(timestamp);
  }
  await bench.settled();
  const { streams } = await jetstreamManager(await bench.nats.connect("HUB"));
  const { state } = await streams.info("ENRICHED_TELEMETRY");
  const timestamps: number[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await streams.getMessage("ENRICHED_TELEMETRY", { seq });
    if (message !== null) timestamps.push(message.json<{ timestamp: number }>().timestamp);
  }
  assert.equal(new Set(timestamps).size, timestamps.length, "nothing stands twice");
  const all = new Set(timestamps);
  assert.deepEqual(
    [...acknowledged].filter((timestamp) => !all.has(timestamp)),
    [],
  );
});
