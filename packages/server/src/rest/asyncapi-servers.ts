import { webSocketProtocol } from "@novacore/protocol";
import { reference } from "./asyncapi-messages.ts";

/** Where the hub can be reached, as URLs. */
export interface HubAddresses {
  /** REST, SSE, and WebSocket at `/ws`; https with TLS, as `websocketUrl` is wss then. */
  readonly url: string;
  /** The realtime port: the JSON protocol, and NATS over WebSocket. */
  readonly websocketUrl: string;
  /** Several of one cluster stand one after the other, separated by commas. */
  readonly natsUrl: string;
  readonly mqttUrl: string;
}

const scheme = (name: string) => reference("components", "securitySchemes", name);
const listener = [scheme("bearer"), scheme("ticket")];
const gateway = [scheme("login")];
const backEnd = [scheme("integration")];

export const securitySchemes = {
  bearer: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "A token of POST /auth/verify; of a gateway also the JWT that it signs itself. Over " +
      "WebSocket the first frame, `auth`, may carry it instead.",
  },
  ticket: {
    type: "httpApiKey",
    in: "query",
    name: "ticket",
    description: "From POST /stream/tickets: opens streams of some sites, and nothing else.",
  },
  login: {
    type: "userPassword",
    description:
      "User name: the gateway's serial. Password: a JWT that the gateway signs itself (ES256), " +
      "its header naming the serial in `device`.",
  },
  integration: {
    type: "userPassword",
    description:
      "User name: the integration's id. Password: a JWT that it signs itself, as gateways do, or a " +
      "token of POST /auth/verify; that token also as NATS token, or an Ed25519 key as nkey.",
  },
} as const;

/** The document's servers: each port of the hub by what is spoken there. */
export function describeServers({ url, websocketUrl, natsUrl, mqttUrl }: HubAddresses) {
  const http = new URL(url);
  const realtime = new URL(websocketUrl);
  const [nats = natsUrl] = natsUrl.split(",");
  const isSecure = http.protocol === "https:";
  return {
    rest: {
      ...describe(http, isSecure ? "https" : "http"),
      description: "REST and Server-Sent Events",
      security: listener,
    },
    websocket: {
      ...describe(http, isSecure ? "wss" : "ws"),
      description: `WebSocket at /ws, subprotocol ${webSocketProtocol}`,
      security: listener,
    },
    realtime: {
      ...describe(realtime, realtime.protocol === "wss:" ? "wss" : "ws"),
      description:
        `WebSocket at any path for clients that ask for the subprotocol ${webSocketProtocol}; ` +
        "for all others NATS over WebSocket",
      security: [...listener, ...backEnd],
    },
    nats: {
      ...describe(new URL(nats.trim()), "nats"),
      description: "NATS for gateways and back ends; the inbox prefix is _INBOX_{user name}",
      security: [...gateway, ...backEnd],
    },
    mqtt: {
      ...describe(new URL(mqttUrl), mqttUrl.startsWith("mqtts:") ? "secure-mqtt" : "mqtt"),
      protocolVersion: "3.1.1",
      description: "MQTT for gateways",
      security: gateway,
    },
  } as const;
}

/** The host alone: a URL of an operated nats-server may hold a password. */
function describe({ host, hostname, port }: URL, protocol: string) {
  if (hostname !== "0.0.0.0" && hostname !== "[::]") return { host, protocol };
  return {
    host: port === "" ? "{host}" : `{host}:${port}`,
    protocol,
    // The hub listens on every address, and only who connects knows which of them leads there.
    variables: { host: { default: "localhost", description: "A name or address of the hub" } },
  };
}
