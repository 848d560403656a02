import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { createPublisher, type Publisher, type PublisherMetrics } from "./publisher.ts";
import { createRejections, type Rejections } from "./rejections.ts";
import { type RecentIdsOptions, readRecentIds, storedIdsReader } from "./stored-ids.ts";
import { type StreamGauges, startStreamGauges } from "./stream-gauges.ts";
import { type EnsuredStreams, ensureStreams } from "./streams.ts";

export interface StoreOptions {
  /** Account HUB. */
  readonly hub: NatsConnection;
  /** Account DEV. */
  readonly dev: NatsConnection;
  /** Asked how durable an acknowledgement is. */
  readonly sys?: NatsConnection;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  readonly metrics?: PublisherMetrics & StreamGauges;
}

/** The streams, and the ways to write into them. */
export interface Store extends EnsuredStreams {
  /** Readings, in atomic batches. */
  readonly publisher: Publisher;
  /** Readings for the archive alone; refused as `archive_behind` while their stream is full. */
  readonly backfill: Publisher;
  readonly rejections: Rejections;
  readRecentIds(options: RecentIdsOptions): Promise<number>;
  /** Waits until what is under way is stored. Close what writes into it first. */
  close(): Promise<void>;
}

/** Makes the streams and opens their publishers. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { hub, dev, log, metrics } = options;
  const streams = await ensureStreams(options);
  const publisher = createPublisher({
    connection: hub,
    log,
    lastSequence: streams.enrichedLastSequence,
    readStoredIds: storedIdsReader(hub),
    ...(metrics === undefined ? {} : { metrics }),
  });
  // What is stored twice for a lost answer, the archive drops: nobody has to search for it.
  const backfill = createPublisher({ connection: hub, log, fullCode: "archive_behind" });
  // The rejections' stream takes no atomic batches, as it is written to disk in its own time.
  const rejecting = createPublisher({ connection: hub, log, atomic: false });
  const gauges = metrics === undefined ? undefined : startStreamGauges({ hub, dev, metrics, log });
  return {
    ...streams,
    publisher,
    backfill,
    rejections: createRejections({ hub, publisher: rejecting }),
    readRecentIds: (recent) => readRecentIds(hub, recent),
    async close() {
      gauges?.stop();
      await Promise.all([publisher.close(), backfill.close(), rejecting.close()]);
    },
  };
}
