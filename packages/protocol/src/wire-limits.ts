/**
 * Limits that are part of the wire protocol: its schemas hold them, and `hello` tells them. The
 * hub's other limits stand in its own table, which takes these in.
 */
export const wireLimits = {
  /** Sites in one stream. */
  streamSitesMax: 500,
  /** Ids in one filter of a stream. */
  filterIdsMax: 256,
  /** Shortest and longest pause between two readings of a DER that a listener may ask for. */
  minIntervalMs: 100,
  minIntervalMsMax: 3_600_000,
  /** Longest wait for more readings that a WebSocket subscription may ask for. */
  batchMsMax: 10_000,
  /** Subscriptions of one WebSocket: a wall of homes; more are several sockets' work. */
  subscriptionsPerSocketMax: 256,
  /** One frame from a client: three readings of the largest size; whole days go over HTTP. */
  frameBytesMax: 256 * 1024,
  /** Readings that a client may allow ahead of their arrival. */
  creditMax: 1_000_000,
  /** Readings in one `publish` frame. */
  publishReadingsMax: 1_000,
} as const;
