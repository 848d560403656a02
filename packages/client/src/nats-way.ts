import { NovacoreError } from "./errors.ts";
import type { NatsConnect } from "./nats-login.ts";

/** How this platform reaches NATS. */
export interface NatsWays {
  /** Address of the hub. */
  readonly baseUrl: string;
  /** Default: the addresses that the hub tells. */
  readonly servers?: readonly string[] | undefined;
  /** Where the platform has TCP. */
  readonly tcp?: NatsConnect | undefined;
  readonly webSocket: NatsConnect;
}

export interface NatsWay {
  readonly connect: NatsConnect;
  readonly servers: readonly string[];
  /** A server that has no TLS is not told the token. */
  readonly isTlsDemanded: boolean;
}

/**
 * TCP where there is that, unless the hub's WebSocket is encrypted, or all given addresses are
 * WebSockets'. A token that goes to the hub over HTTPS goes to no told address in the clear. Throws
 * `options_invalid`.
 */
export function wayOf(
  { baseUrl, servers, tcp, webSocket }: NatsWays,
  urls: { readonly nats: string; readonly websocket: string },
): NatsWay {
  if (servers === undefined) {
    const isTlsDemanded = baseUrl.startsWith("https:");
    const told = urls.websocket.split(",");
    const isEncrypted = told.every((url) => url.startsWith("wss://"));
    if (isEncrypted || (tcp === undefined && !isTlsDemanded)) {
      return { connect: webSocket, servers: told, isTlsDemanded: false };
    }
    if (tcp === undefined) {
      const message = `The hub tells ${told.join(", ")}, where the token would go in the clear: give servers.`;
      throw new NovacoreError("options_invalid", message);
    }
    return { connect: tcp, servers: urls.nats.split(","), isTlsDemanded };
  }
  if (servers.length > 0 && servers.every(isWebSocket)) {
    return { connect: webSocket, servers, isTlsDemanded: false };
  }
  if (tcp !== undefined && servers.length > 0 && !servers.some(isWebSocket)) {
    const isTlsDemanded = servers.some((server) => server.startsWith("tls://"));
    return { connect: tcp, servers, isTlsDemanded };
  }
  const wanted = tcp ? "all nats:// or all ws:// and wss://" : "ws:// or wss:// in a page";
  throw new NovacoreError("options_invalid", `servers are ${wanted}, not ${servers.join(", ")}.`);
}

function isWebSocket(server: string): boolean {
  return /^wss?:\/\//.test(server);
}
