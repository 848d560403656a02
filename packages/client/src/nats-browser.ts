import { wsconnect } from "@nats-io/nats-core";
import type { NatsTransportOptions } from "./nats.ts";
import { createNatsTransport } from "./nats-transport.ts";
import type { TransportFactory } from "./transport.ts";

/** As in `nats.ts`, for pages: by WebSocket alone. */
export function natsTransport({ servers }: NatsTransportOptions = {}): TransportFactory {
  const given = typeof servers === "string" ? [servers] : servers;
  return ({ baseUrl }) => createNatsTransport({ baseUrl, servers: given, webSocket: wsconnect });
}
