import { connect, wsconnect } from "@nats-io/transport-node";
import { createNatsTransport } from "./nats-transport.ts";
import type { TransportFactory } from "./transport.ts";

/** Where NATS is, if it is not where the hub says. */
export interface NatsTransportOptions {
  /** `nats://`, `tls://`, `ws://` or `wss://`. Default: what the hub tells. */
  readonly servers?: string | readonly string[] | undefined;
}

/** For `transport` of Novacore's options: live readings over NATS, by TCP or WebSocket. */
export function natsTransport({ servers }: NatsTransportOptions = {}): TransportFactory {
  const given = typeof servers === "string" ? [servers] : servers;
  return ({ baseUrl }) =>
    createNatsTransport({ baseUrl, servers: given, tcp: connect, webSocket: wsconnect });
}
