import { type LiveSourceParts, openLiveSource } from "./live-source.ts";
import { NatsStream } from "./nats-stream.ts";
import type { Transport } from "./transport.ts";
import { createWebSocketTransport } from "./websocket-transport.ts";

/**
 * Live readings over NATS, one connection a stream. What lies before them comes over the hub's
 * WebSocket: the past that was asked for, what was missed, and what a slow consumer let pass by, with
 * the same cursors, from the archive too. So nothing is kept at the hub for a stream that goes away.
 */
export function createNatsTransport(parts: LiveSourceParts): Transport {
  const past = createWebSocketTransport(parts);
  const openSource = openLiveSource.bind(undefined, parts);
  return { open: (opening) => new NatsStream(opening, { openSource, past }) };
}
