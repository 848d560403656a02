import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createVirtualGateway } from "../src/gateway.ts";
import type { Log } from "../src/log.ts";
import { connectUplink, type Uplink } from "../src/uplink.ts";
import { type RecordingBroker, startRecordingBroker } from "./recording-broker.ts";

const silent: Log = { info: () => undefined, warn: () => undefined };
const gateway = createVirtualGateway();
let broker: RecordingBroker;
let uplink: Uplink | undefined;

beforeEach(async () => {
  broker = await startRecordingBroker();
});
afterEach(async () => {
  await uplink?.close();
  await broker.close();
});

function connect(spoolMax?: number): Uplink {
  const options = { gateway, mqttUrl: broker.url, log: silent };
  uplink = connectUplink(spoolMax === undefined ? options : { ...options, spoolMax });
  return uplink;
}

test("what is published is sent, and told when it is acknowledged", async () => {
  const { publish, acknowledged, counts } = connect();
  publish("a/b", "one");
  await acknowledged;
  assert.deepEqual(broker.payloads, ["one"]);
  assert.equal(counts.acknowledged, 1);
});

test("every connection signs a login of its own", async () => {
  const { publish, acknowledged } = connect();
  publish("a/b", "one");
  await acknowledged;
  broker.dropConnections();
  await broker.until(() => broker.passwords.length === 2);
  const [first = "", second = ""] = broker.passwords;
  assert.match(first, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.notEqual(first, second);
});

test("a refused gateway keeps trying, and what it measured meanwhile arrives", async () => {
  broker.accepts = false;
  const { publish, acknowledged } = connect();
  publish("a/b", "early");
  await broker.until(() => broker.passwords.length === 2);
  broker.accepts = true;
  await acknowledged;
  assert.deepEqual(broker.payloads, ["early"]);
});

test("while the hub is away the newest are kept and the others counted", async () => {
  broker.accepts = false;
  const { publish, counts } = connect(3);
  for (let i = 1; i <= 5; i++) publish("a/b", String(i));
  assert.equal(counts.dropped, 2);
  broker.accepts = true;
  await broker.until(() => broker.payloads.length === 3);
  assert.deepEqual(broker.payloads, ["3", "4", "5"]);
});

test("closing ends also where an acknowledgement never comes", async () => {
  broker.acknowledges = false;
  const { publish, close } = connect();
  publish("a/b", "one");
  await broker.until(() => broker.payloads.length === 1);
  await close();
});
