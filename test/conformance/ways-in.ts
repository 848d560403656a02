import { connect } from "@nats-io/transport-node";
import { gatewayTelemetrySubject, sanitiseHardwareId } from "@novacore/protocol";
import type { VirtualGateway } from "@novacore/simulator";
import { connectAsync } from "mqtt";
import { createApi, type HomeDer } from "../support/home.ts";
import { openSocket } from "../support/socket.ts";

interface Addresses {
  readonly url: string;
  readonly natsUrl: string;
  readonly mqttUrl: string;
}

/** A gateway's open connection. `publish` resolves when the transport has done what it promises. */
export interface Uplink {
  publish(der: HomeDer, payload: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface WayIn {
  readonly name: string;
  open(hub: Addresses, gateway: VirtualGateway): Promise<Uplink>;
}

/** Every way a reading gets in. A new transport is one more row here. */
export const waysIn: readonly WayIn[] = [
  { name: "MQTT QoS 0", open: (hub, gateway) => openMqtt(hub, gateway, 0) },
  { name: "MQTT QoS 1", open: (hub, gateway) => openMqtt(hub, gateway, 1) },
  { name: "NATS publish", open: openNats },
  { name: "NATS batch request", open: openNatsBatch },
  { name: "HTTP upload", open: openHttp },
  { name: "WebSocket publish", open: openWebSocket },
];

function subjectOf({ gateway, hardwareId, der }: HomeDer): string {
  const address = { serial: gateway.serial, hardwareId: sanitiseHardwareId(hardwareId), der };
  return gatewayTelemetrySubject(address);
}

async function openMqtt(hub: Addresses, gateway: VirtualGateway, qos: 0 | 1): Promise<Uplink> {
  const options = {
    clientId: gateway.serial,
    username: gateway.serial,
    password: gateway.loginJwt(),
    reconnectPeriod: 0,
  };
  // Without retries: else one that is closed before it was answered is waited for for ever.
  const client = await connectAsync(hub.mqttUrl, options, false);
  const cut = new Promise<never>((_resolve, reject) => {
    client.once("close", () => reject(new Error("the connection was cut")));
  });
  cut.catch(() => client.end(true));
  let unacknowledged = 0;
  return {
    async publish(der, payload) {
      const topic = subjectOf(der).replaceAll(".", "/");
      unacknowledged++;
      await Promise.race([client.publishAsync(topic, Buffer.from(payload), { qos }), cut]);
      unacknowledged--;
    },
    // By force where an acknowledgement is missing: it would be waited for, also when it never comes.
    close: () => client.endAsync(unacknowledged > 0),
  };
}

async function connectGateway(hub: Addresses, gateway: VirtualGateway) {
  return connect({
    servers: hub.natsUrl,
    user: gateway.serial,
    pass: gateway.loginJwt(),
    inboxPrefix: `_INBOX_${gateway.serial}`,
    reconnect: false,
  });
}

async function openNats(hub: Addresses, gateway: VirtualGateway): Promise<Uplink> {
  const connection = await connectGateway(hub, gateway);
  return {
    async publish(der, payload) {
      connection.publish(subjectOf(der), payload);
      await connection.flush();
    },
    close: () => connection.close(),
  };
}

async function openNatsBatch(hub: Addresses, gateway: VirtualGateway): Promise<Uplink> {
  const connection = await connectGateway(hub, gateway);
  return {
    async publish(der, payload) {
      const subject = `gateways.${gateway.serial}.telemetry.batch`;
      const body = JSON.stringify([addressed(der, payload)]);
      assertStored((await connection.request(subject, body, { timeout: 10_000 })).json());
    },
    close: () => connection.close(),
  };
}

async function openHttp(hub: Addresses, gateway: VirtualGateway): Promise<Uplink> {
  const api = createApi(hub.url, gateway.loginJwt());
  return {
    async publish(der, payload) {
      const body = [addressed(der, payload)];
      assertStored(await api("POST", `/gateways/${gateway.serial}/telemetry`, body));
    },
    close: async () => undefined,
  };
}

async function openWebSocket(hub: Addresses, gateway: VirtualGateway): Promise<Uplink> {
  const socket = await openSocket(hub.url, { token: gateway.loginJwt() });
  let published = 0;
  return {
    async publish(der, payload) {
      published += 1;
      const id = `p${published}`;
      socket.send({ op: "publish", id, readings: [addressed(der, payload)] });
      assertStored(
        await socket.until("the hub answers", () => socket.frames.find((frame) => frame.id === id)),
      );
    },
    close: () => socket.close(),
  };
}

/** An upload is answered per reading; a refusal is not for the transport to hide. */
function assertStored(answer: { readonly results?: { readonly status: string }[] }): void {
  const status = answer.results?.[0]?.status;
  if (status !== "stored" && status !== "duplicate") throw new Error(JSON.stringify(answer));
}

/** A reading in an upload carries its address beside its members. */
function addressed({ hardwareId, der }: HomeDer, payload: string | Uint8Array): object {
  return { ...JSON.parse(Buffer.from(payload).toString()), hardware_id: hardwareId, der };
}
