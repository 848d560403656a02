import { NovacoreError } from "./errors.ts";
import type { NatsConnect } from "./nats-login.ts";

/** How this platform reaches NATS. */
export interface NatsWays {
  /** Default: the addresses that the hub tells. */
  readonly servers?: readonly string[] | undefined;
  /** Where the platform has TCP. */
  readonly tcp?: NatsConnect | undefined;
  readonly webSocket: NatsConnect;
}

export interface NatsWay {
  readonly connect: NatsConnect;
  readonly servers: readonly string[];
}

/** TCP where there is that, unless all addresses are WebSockets'. Throws `options_invalid`. */
export function wayOf(
  { servers, tcp, webSocket }: NatsWays,
  urls: { readonly nats: string; readonly websocket: string },
): NatsWay {
  if (servers === undefined) {
    const [connect, told] = tcp ? [tcp, urls.nats] : [webSocket, urls.websocket];
    return { connect, servers: told.split(",") };
  }
  if (servers.length > 0 && servers.every(isWebSocket)) return { connect: webSocket, servers };
  if (tcp !== undefined && servers.length > 0 && !servers.some(isWebSocket)) {
    return { connect: tcp, servers };
  }
  const wanted = tcp ? "all nats:// or all ws:// and wss://" : "ws:// or wss:// in a page";
  throw new NovacoreError("options_invalid", `servers are ${wanted}, not ${servers.join(", ")}.`);
}

function isWebSocket(server: string): boolean {
  return /^wss?:\/\//.test(server);
}
