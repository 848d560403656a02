import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Buckets of whole-path latency in seconds: the target is p50 ≤ 10 ms and p99 ≤ 50 ms. */
const latencyBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300];

/**
 * Buckets of lateness in seconds, few since each gateway has them: beyond 300 a reading is marked
 * backfilled (limits.backfilledAfterMs), beyond a week it is for the archive alone.
 */
const latenessBuckets = [1, 10, 60, 300, 3_600, 86_400, 604_800];

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Every metric of the hub, made in one place so that their names and labels can be read together.
 * Labels have few values by construction: codes, transports and stream names, and no ids but those
 * of the few gateways that have a lateness of their own (limits.latenessGatewaysMax).
 */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `novacore_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `novacore_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly L[] = [],
  ) => new Histogram({ name: `novacore_${name}`, help, buckets, labelNames, registers });

  return {
    registry,
    readingsReceived: counter("readings_received_total", "Readings that reached the pipeline", [
      "transport",
    ]),
    readingsStored: counter("readings_stored_total", "Readings that the stream acknowledged"),
    readingsArchiveOnly: counter(
      "readings_archive_only_total",
      "Readings too old for the stream that were stored for the archive",
    ),
    readingsDuplicate: counter("readings_duplicate_total", "Readings that were stored before"),
    readingsRejected: counter("readings_rejected_total", "Readings refused, by code", ["code"]),
    rejectionsLost: counter("rejections_lost_total", "Rejections that could not be recorded"),
    publishBatch: histogram(
      "publish_batch_readings",
      "Readings per batch",
      [1, 2, 5, 10, 20, 50, 100],
    ),
    publishAck: histogram("publish_ack_seconds", "From batch sent to stored", latencyBuckets),
    publishQueue: gauge("publish_queue_readings", "Readings waiting to be published"),
    streamLag: gauge("stream_lag_messages", "Raw messages not yet ingested", ["stream"]),
    streamBytes: gauge("stream_bytes", "Bytes in a stream", ["stream"]),
    streamBytesMax: gauge("stream_bytes_max", "Bytes a stream may hold", ["stream"]),
    gatewayLateness: gauge(
      "gateway_lateness_seconds",
      "From the reading's own timestamp to its arrival at the hub, of the last readings",
      ["gateway", "stat"],
    ),
    readingLateness: histogram(
      "reading_lateness_seconds",
      "From a taken reading's own timestamp to its arrival at the hub",
      latenessBuckets,
      ["gateway"],
    ),
    listeners: gauge("listeners", "Open streams", ["transport"]),
    delivered: counter("events_delivered_total", "Events handed to listeners", ["transport"]),
    conflated: counter("events_conflated_total", "Readings replaced by a newer one before sending"),
    slowClosed: counter("slow_consumers_closed_total", "Listeners closed because they read slowly"),
    replays: gauge("replays_running", "Replays from the stream under way"),
    gapsRepaired: counter("feed_gaps_repaired_total", "Readings fetched that the live feed missed"),
    latency: histogram(
      "gateway_to_delivered_seconds",
      "From the reading's arrival at the hub to the listeners' sockets",
      latencyBuckets,
    ),
    logins: counter("logins_total", "Logins of gateways and devices", ["result"]),
    archivedReadings: counter("archive_readings_total", "Readings written into the archive", [
      "kind",
    ]),
    archiveUnreadable: counter("archive_unreadable_total", "Messages left out as no readings"),
    archiveLost: counter("archive_lost_total", "Readings that left the stream unarchived"),
    archiveLag: gauge("archive_lag_readings", "Readings not archived yet", ["stream"]),
    archiveLagSeconds: gauge(
      "archive_lag_seconds",
      "How long the oldest reading that is not archived has been in its stream",
      ["stream"],
    ),
    archiveFiles: gauge("archive_files", "Files in the archive"),
    archiveBytes: gauge("archive_bytes", "Bytes in the archive"),
    archiveCompactions: counter("archive_compactions_total", "Merges of the archive's files"),
    archiveFailures: counter("archive_failures_total", "Failures of the archive, by part", [
      "part",
    ]),
    archiveDamaged: counter(
      "archive_damaged_total",
      "Queries that met a file of the archive that cannot be read",
    ),
    historyQueries: counter("history_queries_total", "Queries of the past that ended", ["result"]),
    historySeconds: histogram(
      "history_query_seconds",
      "Queries of the past, from their turn to their end",
      latencyBuckets,
    ),
    natsRestarts: counter("nats_restarts_total", "Restarts of the embedded nats-server"),
  };
}
