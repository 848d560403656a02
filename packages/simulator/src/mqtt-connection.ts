import mqtt, { type MqttClient } from "mqtt";
import type { VirtualGateway } from "./gateway.ts";

const reconnectMs = { least: 500, most: 3_000 };

/** A gateway's MQTT connection, which comes back by itself for ever. */
export function connectMqtt(gateway: VirtualGateway, mqttUrl: string): MqttClient {
  const client = mqtt.connect(mqttUrl, {
    protocolVersion: 4,
    clientId: gateway.serial,
    username: gateway.serial,
    password: gateway.loginJwt(),
    keepalive: 30,
    connectTimeout: 10_000,
    reconnectPeriod: jitteredMs(),
    reconnectOnConnackError: true, // before its claim a gateway is refused, and must keep trying
  });
  client.on("reconnect", () => {
    // The login JWT lives for minutes, the connection for days: each attempt signs a new one.
    client.options.password = gateway.loginJwt();
    client.options.reconnectPeriod = jitteredMs();
  });
  return client;
}

/** Gateways that lost the same hub must not all come back in the same moment. */
function jitteredMs(): number {
  return reconnectMs.least + Math.random() * (reconnectMs.most - reconnectMs.least);
}
