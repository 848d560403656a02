import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { createPublisher, type Publisher, type PublisherMetrics } from "./publisher.ts";
import { createRejections, type Rejections } from "./rejections.ts";
import { storedIdsReader } from "./stored-ids.ts";
import { type EnsuredStreams, ensureStreams } from "./streams.ts";

export interface StoreOptions {
  /** Account HUB. */
  readonly hub: NatsConnection;
  /** Account DEV. */
  readonly dev: NatsConnection;
  /** Asked how durable an acknowledgement is. */
  readonly sys: NatsConnection;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  readonly metrics: PublisherMetrics;
}

/** The streams, and the two ways to write into them. */
export interface Store extends EnsuredStreams {
  /** Readings, in atomic batches. */
  readonly publisher: Publisher;
  readonly rejections: Rejections;
  close(): Promise<void>;
}

export async function openStore({ hub, dev, sys, log, metrics }: StoreOptions): Promise<Store> {
  const streams = await ensureStreams({ hub, dev, sys });
  const publisher = createPublisher({
    connection: hub,
    log,
    metrics,
    lastSequence: streams.enrichedLastSequence,
    readStoredIds: storedIdsReader(hub),
  });
  // The rejections' stream takes no atomic batches, as it is written to disk in its own time.
  const rejecting = createPublisher({ connection: hub, log, atomic: false });
  return {
    ...streams,
    publisher,
    rejections: createRejections({ hub, publisher: rejecting }),
    async close() {
      await Promise.all([publisher.close(), rejecting.close()]);
    },
  };
}
