import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectTcp, type NetConnectOpts, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type Msg, type NatsConnection, wsconnect } from "@nats-io/transport-node";
import type { NatsServer } from "../../src/nats/server.ts";
import {
  createRealtimePort,
  type RealtimePort,
  type RealtimePortOptions,
} from "../../src/realtime/realtime-port.ts";
import type { Upstream } from "../../src/realtime/tunnel.ts";
import { silent } from "../nats/running-nats.ts";

/** A realtime port on a free port, closed after the test. */
export async function openPort(
  t: TestContext,
  options: Partial<RealtimePortOptions> = {},
): Promise<RealtimePort> {
  const port = await createRealtimePort({
    config: { host: "127.0.0.1", realtimePort: 0, trustProxy: [] },
    upstream: () => undefined,
    accept: (_request, socket) => socket.destroy(),
    log: silent,
    ...options,
  });
  t.after(() => port.close());
  return port;
}

export function upstreamOf(nats: NatsServer): Upstream {
  return { host: "127.0.0.1", port: nats.ports.websocket, tls: false };
}

/** A user who may do everything in account HUB, over WebSocket; closed after the test. */
export async function connectHubUser(
  t: TestContext,
  nats: NatsServer,
  url: string,
): Promise<NatsConnection> {
  const { publicKey, sign } = nats.keys.users.HUB;
  const connection = await wsconnect({
    servers: url,
    reconnect: false,
    authenticator: (nonce?: string) => ({
      nkey: publicKey,
      sig: sign(nonce ?? "").toString("base64url"),
    }),
  });
  t.after(() => connection.close());
  return connection;
}

/** For a subscription that answers every request with what it got. */
export function answerBack(_error: Error | null, message: Msg): void {
  message.respond(message.data);
}

/** A TCP connection that speaks for itself, byte for byte. */
export interface RawClient {
  readonly socket: Socket;
  /** Everything received so far. */
  text(): string;
  /** Resolves once the text matches. */
  until(pattern: RegExp): Promise<void>;
  /** Resolves with everything received when the connection is over. */
  readonly over: Promise<string>;
}

export function rawClient(t: TestContext, port: number, options: Partial<NetConnectOpts> = {}) {
  return hear(t, connectTcp({ ...options, port, host: "127.0.0.1" }));
}

export function hear(t: TestContext, socket: Socket): RawClient {
  t.after(() => socket.destroy());
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  const over = once(socket, "close").then(() => text);
  return {
    socket,
    text: () => text,
    async until(pattern) {
      while (!pattern.test(text)) {
        if (socket.closed) throw new Error(`closed before ${pattern}: ${text}`);
        const more = once(socket, "data", { signal: AbortSignal.timeout(untilMs) });
        await Promise.race([more, over]);
      }
    },
    over,
  };
}

/** A handshake with more header lines, as a browser would send it. */
export function handshake(lines: readonly string[] = [], version = 13): string {
  return [
    "GET / HTTP/1.1",
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    `Sec-WebSocket-Version: ${version}`,
    ...lines,
    "",
    "",
  ].join("\r\n");
}

/** What a WebSocket client sends in one frame; a mask of zeros leaves the text readable. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > 125) throw new Error("a short frame only");
  return Buffer.concat([Buffer.from([0x82, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** Looks again and again, where no event tells that something has happened. */
export async function until(what: string, found: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + untilMs;
  while (!(await found())) {
    if (performance.now() > endMs) throw new Error(`${what}: did not happen`);
    await setTimeout(10);
  }
}

const untilMs = 60_000;

export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
