import type { Socket } from "node:net";
import { NovacoreError } from "@novacore/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { limits } from "../limits.ts";
import type { PreparedStream } from "./delivery.ts";
import type { FeedLog } from "./feed.ts";
import { parseSelectionQuery } from "./selection.ts";
import type { SseOptions } from "./sse.ts";
import * as sse from "./sse-format.ts";
import { sseText } from "./sse-outlet.ts";
import { SseStream } from "./sse-stream.ts";
import { listenerOf, resolveScope, type StreamCaller, type StreamScope } from "./stream-access.ts";

export interface SseOpening {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly scope: StreamScope;
  readonly options: SseOptions;
}

/** No cache, no proxy's buffer: an event that waits for more is late. */
export const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
} as const;

/**
 * Answers a request with a stream, or throws what is answered as JSON: whatever can go wrong with
 * the request goes wrong before the first byte, since EventSource stops for good at a 4xx.
 */
export async function openSseStream(opening: SseOpening): Promise<void> {
  const { request, reply, scope, options } = opening;
  const { delivery, access, connections } = options;
  const { changes } = connections;
  const caller = await listenerOf(access, request);
  const selection = parseSelectionQuery(queryOf(request));
  const release = connections.reserve(caller.identityId, request.ip);
  try {
    const sites = await resolveScope(access, caller, scope);
    const lastEventId = lastEventIdOf(request);
    const prepared = await delivery.prepare({
      ...{ party: caller.identityId, sites, selection, lastEventId },
    });
    if (request.raw.socket.destroyed) {
      prepared.abandon();
      throw new NovacoreError("going_away", "The client left before its stream began.");
    }
    const socket = takeSocket(request, reply);
    if (socket === undefined) {
      prepared.abandon();
      throw new NovacoreError("malformed_request", "A stream cannot follow a pipelined request.");
    }
    const stream = createStream(opening, caller, socket, release);
    begin(stream, prepared.open(stream.outlet), options.log);
    // What was taken away while the stream was prepared, it has not heard of.
    if (connections.changes !== changes) await checkAgain(opening, stream);
  } catch (error) {
    release();
    if (error instanceof NovacoreError && (error.status === 503 || error.status === 429)) {
      reply.header("retry-after", String(1 + Math.floor(Math.random() * 5)));
    }
    throw error;
  }
}

async function checkAgain({ request, options }: SseOpening, stream: SseStream): Promise<void> {
  const { access, connections } = options;
  try {
    await listenerOf(access, request);
    await connections.recheck();
  } catch (error) {
    stream.end(error instanceof NovacoreError ? error.code : "internal");
  }
}

function createStream(
  { request, scope, options }: SseOpening,
  caller: StreamCaller,
  socket: Socket,
  release: () => void,
): SseStream {
  const { delivery, metrics, connections } = options;
  const stream = new SseStream({
    delivery,
    socket,
    isChunked: isChunked(request),
    hasNamedEvents: queryOf(request).events === "all",
    caller,
    scope,
    delivered: metrics.delivered,
    heartbeatMs: options.heartbeatMs ?? limits.heartbeatMs,
    onClose: (closed, code) => {
      release();
      connections.remove(closed);
      metrics.listeners.dec();
      if (code === "slow_consumer") metrics.slowClosed.inc();
    },
  });
  metrics.listeners.inc();
  connections.add(stream);
  return stream;
}

function begin(stream: SseStream, prepared: PreparedStream, log: FeedLog): void {
  stream.subscriber = prepared.subscriber;
  // Clients that lose their connection together come back apart.
  stream.outlet.writeShared(sseText(sse.retry(1_000 + Math.random() * 2_000)));
  void start(stream, prepared, log);
}

async function start(stream: SseStream, prepared: PreparedStream, log: FeedLog): Promise<void> {
  try {
    await prepared.start();
  } catch (error) {
    const code = error instanceof NovacoreError ? error.code : "internal";
    if (code === "internal") log.error({ err: error }, "a stream failed");
    stream.end(code);
  }
}

/**
 * Sends the head and takes the connection out of Node's HTTP layer: request, response and Fastify's
 * objects can be freed while the stream goes on. Whatever the client still sends is thrown away; the
 * connection carries nothing after this stream. Undefined when an earlier response still has it.
 */
function takeSocket(request: FastifyRequest, reply: FastifyReply): Socket | undefined {
  const response = reply.raw;
  const { socket } = response;
  if (socket === null) return undefined;
  reply.hijack();
  // One packet for the head and the first lines.
  socket.cork();
  process.nextTick(() => socket.uncork());
  const headers = {
    ...reply.getHeaders(),
    ...streamHeaders,
    "x-request-id": request.id,
    connection: "close",
  };
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(200);
  response.flushHeaders();
  response.detachSocket(socket);
  // Ours first, then theirs away: taking the only one away would turn the socket's table of
  // listeners into a dictionary, half a kilobyte larger.
  const theirs = socket.listeners("data");
  socket.on("data", ignore);
  for (const listener of theirs) {
    if (isListener(listener)) socket.removeListener("data", listener);
  }
  // Its parser may have stopped reading for a response that now never ends.
  if (!request.raw.complete) request.raw.resume();
  socket.resume();
  return socket;
}

function ignore(): void {
  // Bytes after the request: nothing is expected, and nothing is done with them.
}

function isListener(listener: unknown): listener is () => void {
  return typeof listener === "function";
}

function isChunked(request: FastifyRequest): boolean {
  return request.raw.httpVersionMajor > 1 || request.raw.httpVersionMinor >= 1;
}

function queryOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const { query } = request;
  return typeof query === "object" && query !== null ? { ...query } : {};
}

function lastEventIdOf(request: FastifyRequest): string | undefined {
  const header = request.headers["last-event-id"];
  return Array.isArray(header) ? header[0] : header;
}
