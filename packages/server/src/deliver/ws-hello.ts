import { type ServerFrame, webSocketProtocol } from "@novacore/protocol";
import { limits } from "../limits.ts";

/** The first frame of every connection: what the client has to know of the hub. */
export function helloFrame(heartbeatMs: number, nowMs: number): ServerFrame<"hello"> {
  return {
    op: "hello",
    protocol: webSocketProtocol,
    server_time: new Date(nowMs).toISOString(),
    heartbeat_ms: heartbeatMs,
    limits: {
      frame_bytes: limits.frameBytesMax,
      subscriptions: limits.subscriptionsPerSocketMax,
      sites_per_subscription: limits.streamSitesMax,
      ids_per_filter: limits.filterIdsMax,
      readings_per_publish: limits.publishReadingsMax,
      credit: limits.creditMax,
      auth_ms: limits.socketAuthMs,
    },
  };
}
