import type { IncomingMessage } from "node:http";
import { connect as connectTcp, isIP, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { limits } from "../limits.ts";

/** Where nats-server listens for WebSockets. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export interface TunnelOptions {
  readonly request: IncomingMessage;
  readonly client: Duplex;
  /** What the client sent right behind its handshake. */
  readonly head: Buffer;
  readonly clientAddress: string;
  readonly upstream: Upstream;
}

/** A client's handshake on its way to nats-server, and every byte after it. */
export interface Tunnel {
  /** Resolves when nats-server has answered; rejects when it did not, with the client untouched. */
  readonly answered: Promise<void>;
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  /** Bytes that wait for one of the sides: two reads for each direction at most. */
  bufferedBytes(): number;
  destroy(): void;
}

/**
 * Carries a WebSocket to nats-server byte for byte: nothing is parsed, so nothing can be altered, and
 * whatever nats-server speaks (compression, MQTT at /mqtt) works here as it does there. An end or a
 * failure of one side ends the other, which may take what was sent to it for `tunnelLingerMs`.
 */
export function openTunnel(options: TunnelOptions): Tunnel {
  const { client, head, request } = options;
  const upstream = connectUpstream(options.upstream);
  quicken(client);
  quicken(upstream);
  // Errors are followed by "close", which is what ends the other side.
  client.on("error", () => undefined);
  upstream.on("error", () => undefined);

  upstream.write(requestHead(request, options.clientAddress), "latin1");
  const answered = readResponseHead(upstream).then((response) => {
    client.write(response.bytes);
    pump(upstream, client);
    if (response.switched) {
      if (head.length > 0) upstream.write(head);
      pump(client, upstream);
      cutWhenStalled(client);
    } else {
      // The connection still speaks HTTP: a second request behind the refused one would be the
      // client's own words, with whatever address it likes to be seen with.
      upstream.end();
    }
    endTogether(client, upstream);
  });
  answered.catch(() => upstream.destroy());
  return {
    answered,
    closed: Promise.all([closeOf(client), closeOf(upstream)]).then(() => undefined),
    bufferedBytes: () =>
      [client, upstream].reduce((sum, side) => sum + side.writableLength + side.readableLength, 0),
    destroy: () => {
      client.destroy();
      upstream.destroy();
    },
  };
}

function connectUpstream({ host, port, tls }: Upstream): Socket {
  if (!tls) return connectTcp({ host, port, allowHalfOpen: true });
  // An address has no name to ask for.
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, minVersion: "TLSv1.2", ...name });
}

/** Messages are small and late ones are of no use; a peer that is gone must be noticed. */
function quicken(side: Duplex): void {
  if (!(side instanceof Socket)) return;
  side.setNoDelay(true);
  side.setKeepAlive(true, limits.tunnelKeepAliveMs);
}

/**
 * The client's own head, in its order and case, but for X-Forwarded-For: nats-server shows the first
 * one as the client's address, so only the hub may say it.
 */
function requestHead(request: IncomingMessage, clientAddress: string): string {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.toLowerCase() !== forwardedFor.toLowerCase()) {
      lines.push(`${name}: ${rawHeaders[index + 1]}`);
    }
  }
  lines.push(`${forwardedFor}: ${clientAddress}`, "", "");
  return lines.join("\r\n");
}

const forwardedFor = "X-Forwarded-For";

interface ResponseHead {
  /** Everything that was read, which may be more than the head. */
  readonly bytes: Buffer;
  /** Whether the connection is a WebSocket from here on. */
  readonly switched: boolean;
}

/** Leaves the socket paused, so that nothing is missed until somebody pumps it. */
function readResponseHead(upstream: Socket): Promise<ResponseHead> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let failure: Error | undefined;
    const timer = setTimeout(
      () => done(new Error("it did not answer the handshake in time")),
      limits.tunnelHandshakeMs,
    );
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (bytes.includes("\r\n\r\n")) {
        done({ bytes, switched: bytes.toString("latin1", 0, 13) === "HTTP/1.1 101 " });
      } else if (bytes.length > limits.realtimeHeaderBytesMax) {
        done(new Error("its answer to the handshake is too long"));
      }
    };
    const onError = (error: Error) => {
      failure = error;
    };
    const onClose = () => done(failure ?? new Error("it closed the connection"));
    const done = (outcome: ResponseHead | Error) => {
      clearTimeout(timer);
      upstream.pause();
      upstream.off("data", onData).off("error", onError).off("close", onClose).off("end", onClose);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    upstream.on("data", onData).on("error", onError).on("close", onClose).on("end", onClose);
  });
}

/**
 * Pauses the source only when bytes really wait. `write` also returns false for a large chunk that
 * the kernel took at once, and stopping for those costs two system calls a read.
 */
function pump(from: Duplex, to: Duplex): void {
  from.on("data", (chunk: Buffer) => {
    if (!to.write(chunk) && to.writableLength > 0) from.pause();
  });
  to.on("drain", () => from.resume());
  from.resume();
}

/**
 * A client that takes nothing keeps its source paused, and a paused source does not see that
 * nats-server has cut the client as slow: somebody has to notice. The timer of a socket starts
 * again with every byte that moves.
 */
function cutWhenStalled(client: Duplex): void {
  if (!(client instanceof Socket)) return;
  client.setTimeout(limits.tunnelStallMs, () => {
    if (client.writableLength > 0) client.destroy();
  });
}

/**
 * What ends on one side ends on the other. nats-server gets what the client sent before it went; the
 * client gets what nats-server said last, and a while to take it.
 */
function endTogether(client: Duplex, upstream: Duplex): void {
  let lingering: NodeJS.Timeout | undefined;
  const linger = () => {
    lingering ??= setTimeout(() => {
      client.destroy();
      upstream.destroy();
    }, limits.tunnelLingerMs);
  };
  const endClient = () => {
    client.end();
    // Nobody hears the client any more, but its own end has to be read to be noticed.
    client.resume();
    linger();
  };
  client.once("end", () => {
    upstream.end();
    linger();
  });
  upstream.once("end", endClient);
  void closeOf(upstream).then(endClient);
  void closeOf(client).then(() => {
    upstream.end(() => upstream.destroy());
    linger();
  });
  void Promise.all([closeOf(client), closeOf(upstream)]).then(() => clearTimeout(lingering));
}

function closeOf(side: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (side.closed) resolve();
    else side.once("close", () => resolve());
  });
}
