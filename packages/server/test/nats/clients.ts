import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { connect, type NatsConnection, wsconnect } from "@nats-io/transport-node";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import type { NatsServer } from "../../src/nats/server.ts";
import { rightPassword } from "./running-nats.ts";

/** A gateway's connection over TCP, with its own inbox; closed after the test. */
export async function natsGateway(
  t: TestContext,
  nats: NatsServer,
  serial: string,
  pass = rightPassword,
): Promise<NatsConnection> {
  const connection = await connect({
    servers: nats.natsUrl,
    user: serial,
    pass,
    inboxPrefix: `_INBOX_${serial}`,
    reconnect: false,
  });
  t.after(() => connection.close());
  return connection;
}

/** The same over WebSocket. */
export async function websocketGateway(
  t: TestContext,
  nats: NatsServer,
  serial: string,
  pass = rightPassword,
): Promise<NatsConnection> {
  assert.ok(nats.websocketUrl !== undefined);
  const connection = await wsconnect({
    servers: nats.websocketUrl,
    user: serial,
    pass,
    inboxPrefix: `_INBOX_${serial}`,
    reconnect: false,
  });
  t.after(() => connection.close());
  return connection;
}

/** The same over MQTT 3.1.1. */
export async function mqttGateway(
  t: TestContext,
  nats: NatsServer,
  serial: string,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = await connectAsync(nats.mqttUrl, {
    username: serial,
    password: rightPassword,
    protocolVersion: 4,
    reconnectPeriod: 0,
    ...options,
  });
  t.after(() => client.endAsync(true));
  return client;
}
