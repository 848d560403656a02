import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { NovacoreError, webSocketProtocol } from "@novacore/protocol";
import { createAddressOf } from "../client-address.ts";
import { settings } from "../config.ts";
import { limits } from "../limits.ts";
import { answerRefusal, refuseUpgrade } from "../refusal.ts";
import type { Tls } from "../tls.ts";
import { openTunnel, type Tunnel, type Upstream } from "./tunnel.ts";

export type AcceptWebSocket = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface RealtimePortOptions {
  readonly config: {
    readonly host: string;
    /** 0 takes any free one. */
    readonly realtimePort: number;
    readonly trustProxy: readonly string[];
  };
  readonly tls?: Tls | undefined;
  /** Takes over a WebSocket that asks for `novacore.v1`; its socket is no longer this port's. */
  readonly accept: AcceptWebSocket;
  /** Where every other WebSocket goes; undefined when nats-server has no listener for them. */
  readonly upstream: () => Upstream | undefined;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

export interface RealtimePort {
  readonly port: number;
  /** The tunnels to nats-server that are open, and the bytes waiting in all of them. */
  tunnels(): { readonly count: number; readonly bufferedBytes: number };
  /** Stops listening and ends the tunnels; what was accepted lives on. */
  close(): Promise<void>;
}

/**
 * One port for everything over WebSocket: the hub's own JSON protocol for who asks for it, and
 * nats-server for everybody else. Rejects with one sentence when the port cannot be had.
 */
export async function createRealtimePort(options: RealtimePortOptions): Promise<RealtimePort> {
  const server = createHttp(options.tls);
  const tunnels = createTunnels(options);
  server.maxConnections = limits.realtimeConnectionsMax;
  server.on("request", (_request, response) => answerRefusal(response, upgradeRequired()));
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined); // a client that goes is no failure of the hub
    const refused = refuse(request);
    if (refused !== undefined) refuseUpgrade(socket, refused);
    else if (asksForJson(request)) options.accept(request, socket, head);
    else tunnels.open(request, socket, head);
  });
  const port = await listen(server, options.config);
  return {
    port,
    tunnels: tunnels.state,
    async close() {
      // Not awaited: an accepted socket counts as the server's until its owner has closed it.
      server.close();
      server.closeAllConnections();
      await tunnels.close();
    },
  };
}

function createHttp(tls: Tls | undefined): Server {
  const options = {
    headersTimeout: limits.realtimeHeadersMs,
    requestTimeout: limits.realtimeHeadersMs,
    connectionsCheckingInterval: limits.realtimeHeadersMs / 2,
    maxHeaderSize: limits.realtimeHeaderBytesMax,
  };
  if (tls === undefined) return createServer(options);
  const handshakeTimeout = limits.realtimeHeadersMs;
  const server = createTlsServer({ ...options, ...tls.context(), handshakeTimeout });
  tls.attach(server);
  return server;
}

/** Why an upgrade is none that anybody here could take. */
function refuse(request: IncomingMessage): NovacoreError | undefined {
  if (!listOf(request.headers.upgrade).some((name) => name.toLowerCase() === "websocket")) {
    return upgradeRequired();
  }
  // What two servers may see as two requests or as one is no handshake: a WebSocket has no body.
  const { host, "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
  if (length !== "0" || encoding !== undefined) return malformed("has no body; leave it out");
  // Node asks for it in requests, but not in those that are upgrades.
  return host === undefined ? malformed("needs a Host header") : undefined;
}

function malformed(what: string): NovacoreError {
  return new NovacoreError("malformed_request", `A WebSocket handshake ${what}.`);
}

function upgradeRequired(): NovacoreError {
  return new NovacoreError(
    "upgrade_required",
    "This port speaks WebSocket only: connect to ws://HOST:PORT (wss:// with TLS) with the " +
      `subprotocol ${webSocketProtocol} for the JSON protocol, or with a NATS client for NATS over ` +
      `WebSocket. REST and SSE have a port of their own (${settings.httpPort.env}, ` +
      `${settings.httpPort.default} by default).`,
  );
}

function asksForJson(request: IncomingMessage): boolean {
  return listOf(request.headers["sec-websocket-protocol"]).includes(webSocketProtocol);
}

function listOf(header: string | undefined): string[] {
  return (header ?? "").split(",").map((item) => item.trim());
}

interface Tunnels {
  readonly open: AcceptWebSocket;
  readonly state: RealtimePort["tunnels"];
  close(): Promise<void>;
}

function createTunnels({ config, upstream, log }: RealtimePortOptions): Tunnels {
  const addressOf = createAddressOf(config.trustProxy);
  const open = new Set<Tunnel>();
  const perAddress = new Map<string, number>();
  // One line when nats-server is gone and one when it is back: its clients all try again for long.
  let isReachable = true;
  let isClosing = false;
  const reachable = (now: boolean, reason?: string) => {
    if (now === isReachable) return;
    isReachable = now;
    const event = now ? "nats_websocket_back" : "nats_websocket_unreachable";
    if (now) log.info({ event }, "nats-server's WebSocket listener answers again");
    else log.warn({ event, reason }, "nats-server's WebSocket listener does not answer");
  };

  return {
    open(request, socket, head) {
      const target = upstream();
      if (target === undefined) return refuseUpgrade(socket, noListener());
      const clientAddress = addressOf(request);
      const others = perAddress.get(clientAddress) ?? 0;
      if (others >= limits.tunnelsPerAddressMax) {
        return refuseUpgrade(socket, new NovacoreError("too_many_connections"));
      }
      perAddress.set(clientAddress, others + 1);
      const tunnel = openTunnel({ request, client: socket, head, clientAddress, upstream: target });
      open.add(tunnel);
      void tunnel.closed.then(() => {
        open.delete(tunnel);
        const left = (perAddress.get(clientAddress) ?? 1) - 1;
        if (left === 0) perAddress.delete(clientAddress);
        else perAddress.set(clientAddress, left);
      });
      tunnel.answered.then(
        () => reachable(true),
        (error: Error) => {
          if (!isClosing) reachable(false, error.message);
          refuseUpgrade(socket, natsUnreachable());
        },
      );
    },
    state: () => ({
      count: open.size,
      bufferedBytes: [...open].reduce((sum, tunnel) => sum + tunnel.bufferedBytes(), 0),
    }),
    async close() {
      isClosing = true;
      const all = [...open];
      for (const tunnel of all) tunnel.destroy();
      await Promise.all(all.map((tunnel) => tunnel.closed));
    },
  };
}

function noListener(): NovacoreError {
  return new NovacoreError(
    "unavailable",
    "This hub does not know where its nats-server listens for WebSockets: set " +
      `${settings.natsWebsocketUrl.env}, or ask for the subprotocol ${webSocketProtocol}.`,
  );
}

function natsUnreachable(): NovacoreError {
  return new NovacoreError(
    "unavailable",
    "nats-server does not answer right now; try again shortly.",
  );
}

/** A taken port is one clear sentence with the way out. */
async function listen(server: Server, config: RealtimePortOptions["config"]): Promise<number> {
  const { host, realtimePort } = config;
  await new Promise<void>((resolve, reject) => {
    // Later on it is about one connection that could not be taken, and the others go on.
    server.on("error", (error) => reject(portError(realtimePort, error)));
    server.listen({ host, port: realtimePort }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens on no port");
  return address.port;
}

function portError(port: number, cause: Error): Error {
  const code = "code" in cause ? cause.code : undefined;
  if (code !== "EADDRINUSE" && code !== "EACCES") return cause;
  const why = code === "EACCES" ? "may not be opened by this user" : "is taken by another program";
  const { env, description } = settings.realtimePort;
  return new Error(
    `Port ${port} (${description}) ${why}; ` +
      `free it, or choose another with ${env} (0 takes any free one).`,
    { cause },
  );
}
