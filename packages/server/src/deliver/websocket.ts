import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NovacoreError, webSocketProtocol } from "@novacore/protocol";
import type { FastifyPluginAsync } from "fastify";
import { type WebSocket, WebSocketServer } from "ws";
import { limits } from "../limits.ts";
import { refuseUpgrade } from "../refusal.ts";
import type { SseMetrics } from "./sse.ts";
import type { StreamCaller } from "./stream-access.ts";
import { helloFrame } from "./ws-hello.ts";
import { WsInput } from "./ws-input.ts";
import { WsOps, type WsOpsOptions } from "./ws-ops.ts";
import { WsSession } from "./ws-session.ts";
import { WsSocket } from "./ws-socket.ts";

export interface WebSocketOptions extends Omit<WsOpsOptions, "delivered"> {
  readonly metrics: SseMetrics;
  /** The client's address, as trusted proxies tell it. */
  readonly addressOf: (request: IncomingMessage) => string;
  /** Agree on permessage-deflate with clients that offer it. Default: no. */
  readonly deflate?: boolean;
  /** Default `limits.heartbeatMs`. */
  readonly heartbeatMs?: number;
}

/** Takes an HTTP upgrade and speaks `novacore.v1` on it. */
export type AcceptWebSocket = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The WebSocket side of a hub: the upgrades it takes, from whichever port. */
export function createWebSocketDoor(options: WebSocketOptions): {
  readonly accept: AcceptWebSocket;
  /** Connections that have not said who they are. */
  readonly strangers: number;
} {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: limits.frameBytesMax,
    // One frame a turn: a thousand of them in one read must not keep the others waiting.
    allowSynchronousEvents: false,
    handleProtocols: (offered) => offered.has(webSocketProtocol) && webSocketProtocol,
    perMessageDeflate: options.deflate === true && inflateOnly,
  });
  const strangers = new Strangers();
  return {
    accept(request, socket, head) {
      if (!(socket instanceof Socket)) {
        socket.destroy();
        return;
      }
      socket.setNoDelay(true);
      server.handleUpgrade(request, socket, head, (webSocket) => {
        begin({ request, webSocket, socket, strangers, options });
      });
    },
    get strangers() {
      return strangers.count;
    },
  };
}

/** What the library needs for messages that come in; those that go out are compressed once for all. */
const inflateOnly = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  concurrencyLimit: limits.inflateAtOnceMax,
};

/** `/ws` on the port of REST and SSE. Plain HTTP is told what the address is for. */
export const webSocketRoutes: FastifyPluginAsync<{ readonly accept: AcceptWebSocket }> = async (
  app,
  { accept },
) => {
  app.get("/ws", { schema: webSocketSchema }, async (_request, reply) => {
    reply.header("upgrade", "websocket").header("connection", "upgrade");
    const message = `This is a WebSocket (${webSocketProtocol}); connect with a WebSocket client.`;
    throw new NovacoreError("upgrade_required", message);
  });
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.split("?", 1)[0] !== "/ws") {
      const message = "There is no WebSocket here; connect to /ws.";
      refuseUpgrade(socket, new NovacoreError("not_found", message));
    } else if (!speaksOurs(request)) {
      const message = `This WebSocket speaks ${webSocketProtocol}; ask for that, or for no subprotocol.`;
      refuseUpgrade(socket, new NovacoreError("malformed_request", message));
    } else {
      accept(request, socket, head);
    }
  });
};

const webSocketSchema = {
  operationId: "openWebSocket",
  summary: "Open a WebSocket that speaks novacore.v1",
  description: "Plain HTTP is answered 426. /asyncapi.json describes what is said on it.",
  security: [{}, { bearer: [] }, { ticket: [] }, { session: [] }],
  response: { 101: { type: "null", description: "It is a WebSocket from here on" } },
};

/** Who asks for nothing may speak it too; who asks for another would not understand us. */
function speaksOurs({ headers }: IncomingMessage): boolean {
  const offered = headers["sec-websocket-protocol"];
  if (offered === undefined) return true;
  return offered.split(",").some((name) => name.trim() === webSocketProtocol);
}

interface Beginning {
  readonly request: IncomingMessage;
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly strangers: Strangers;
  readonly options: WebSocketOptions;
}

function begin({ request, webSocket, socket, strangers, options }: Beginning): void {
  const { delivery, access, connections, metrics, log, addressOf } = options;
  const { heartbeatMs = limits.heartbeatMs } = options;
  const address = addressOf(request);
  let release = strangers.enter(address);
  const session = new WsSession({
    delivery,
    socket: new WsSocket(webSocket, socket),
    heartbeatMs,
    onEnd: (ended, code) => {
      connections.remove(ended);
      metrics.listeners.dec();
      if (code === "slow_consumer") metrics.slowClosed.inc();
    },
    // Not before: a place stands for a socket, and one that is ending is still one.
    onClosed: () => release?.(),
  });
  metrics.listeners.inc();
  connections.add(session);
  const admit = (caller: StreamCaller) => {
    const reserved = connections.reserve(caller.identityId, address);
    release?.();
    release = reserved;
    input.admit();
  };
  const ops = new WsOps(session, admit, { ...options, delivered: metrics.delivered });
  const input = new WsInput({
    session,
    handle: (frame, bytes) => ops.handle(frame, bytes),
    log,
    now: delivery.now,
  });
  webSocket.on("message", (data, isBinary) => input.take(bytesOf(data), isBinary));
  webSocket.on("close", () => session.closed());
  // Broken framing or a frame too large: the library has sent the close that RFC 6455 has for it.
  webSocket.on("error", () => session.closed());
  if (connections.isDraining) {
    session.end("going_away");
    return;
  }
  if (release === undefined) {
    session.end(
      "too_many_connections",
      undefined,
      "Too many connections wait to be authenticated.",
    );
    session.socket.destroy();
    return;
  }
  session.send(helloFrame(heartbeatMs, delivery.now()));
  // Only what says who is there is kept of the request, and that no longer than it is needed.
  const { headers, url } = request;
  void input.first(() => ops.signIn(() => access.authenticate({ headers, url })));
}

function bytesOf(data: WebSocket.RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/** Connections of which nobody knows whose they are: few at a time, of one address and of all. */
class Strangers {
  readonly #perAddress = new Map<string, number>();
  count = 0;

  /** Takes a place; gives the function that returns it, or undefined when there is none. */
  enter(address: string): (() => void) | undefined {
    const ofAddress = this.#perAddress.get(address) ?? 0;
    if (ofAddress >= limits.strangersPerAddressMax || this.count >= limits.strangersMax) {
      return undefined;
    }
    this.#perAddress.set(address, ofAddress + 1);
    this.count++;
    return () => {
      this.count--;
      const rest = (this.#perAddress.get(address) ?? 1) - 1;
      if (rest === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, rest);
    };
  }
}
