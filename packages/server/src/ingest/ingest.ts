import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { limits } from "../limits.ts";
import { startBatchSource } from "./batch-source.ts";
import { GatewayClocks, type LatenessHistogram } from "./gateway-clocks.ts";
import { type NatsSource, startNatsSource } from "./nats-source.ts";
import {
  createPipeline,
  type Pipeline,
  type PipelineMetrics,
  type ReadingStore,
  type RejectionStore,
} from "./pipeline.ts";
import type { GatewayTree } from "./resolve-target.ts";
import type { RegistryChanges } from "./resolver.ts";
import { createUploads, type Uploads } from "./upload.ts";

export interface IngestOptions {
  /** A connection to account DEV. */
  readonly dev: NatsConnection;
  /**
   * Another one, for batches alone: nats-server cuts a connection that is sent more than it reads,
   * and whoever floods batches must not cut off everybody's readings. Default: `dev`.
   */
  readonly batches?: NatsConnection;
  /** The connection that the store writes over. */
  readonly hub: NatsConnection;
  readonly store: {
    readonly enrichedEpoch: number;
    readonly durability: string;
    readonly publisher: ReadingStore;
    /** For readings that only the archive keeps; undefined: there is none. */
    readonly backfill: ReadingStore | undefined;
    readonly rejections: RejectionStore;
    readRecentIds(options: {
      readonly windowMs: number;
      readonly countMax: number;
      readonly onId: (id: string) => void;
      readonly onProgress: (progress: { read: number; total: number }) => void;
    }): Promise<number>;
  };
  readonly registry: {
    readonly gateways: { tree(serial: string): Promise<GatewayTree | undefined> };
    readonly devices: { activate(deviceId: string): Promise<void> };
    readonly changes: RegistryChanges;
  };
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  readonly metrics?: PipelineMetrics & {
    readonly streamLag: { set(labels: { stream: string }, messages: number): void };
    readonly gatewayLateness: LatenessGauge;
    readonly readingLateness: LatenessHistogram;
  };
  /** Told about a gateway that publishes far more than any should: cut it off for a while. */
  readonly onFlood: (serial: string) => void;
  /** Told how far the warm-up is, when it takes long. */
  readonly progress?: (sentence: string) => void;
}

interface LatenessGauge {
  reset(): void;
  set(labels: { gateway: string; stat: "last" | "median" | "max" }, seconds: number): void;
}

export interface Ingest {
  readonly pipeline: Pipeline;
  /** For the HTTP plugin. */
  readonly uploads: Uploads;
  /** How late the readings of each gateway come. */
  readonly clocks: Pick<GatewayClocks, "of">;
  /** Resolves when a connection that ingest lives on is closed for good. */
  readonly failed: Promise<Error>;
  /** Takes no more, and settles what it has. To be called before the store is closed. */
  stop(): Promise<void>;
}

/**
 * Opens every way in. Before the first reading is taken, the deduplication learns what the stream
 * holds of the last minutes: what the hub had under way when it last ended comes again now.
 */
export async function startIngest(options: IngestOptions): Promise<Ingest> {
  const { dev, hub, store, registry, log, metrics } = options;
  const clocks = new GatewayClocks(metrics?.readingLateness);
  const pipeline = createPipeline({
    resolve: (serial) => registry.gateways.tree(serial),
    changes: registry.changes,
    publisher: store.publisher,
    rejections: store.rejections,
    activate: (deviceId) => registry.devices.activate(deviceId),
    clocks,
    log,
    ...(metrics === undefined ? {} : { metrics }),
  });
  await warmUp(pipeline, options);
  const { enrichedEpoch, durability, backfill } = store;
  const uploads = createUploads({ pipeline, backfill, enrichedEpoch, durability });
  const source = await startNatsSource({ dev, pipeline, log, onFlood: options.onFlood });
  const batches = startBatchSource({ dev: options.batches ?? dev, uploads, pipeline, log });
  const gauges = setInterval(() => {
    tellLag(source, metrics);
    tellLateness(clocks, metrics);
  }, gaugesMs).unref();
  return {
    pipeline,
    uploads,
    clocks,
    failed: Promise.race([dev.closed(), hub.closed()]).then((reason) => closedError(reason)),
    async stop() {
      clearInterval(gauges);
      await Promise.all([source.close(), batches.close()]);
      pipeline.close();
    },
  };
}

const gaugesMs = 5_000;

async function warmUp(pipeline: Pipeline, options: IngestOptions): Promise<void> {
  const { store, log, progress } = options;
  const startedMs = performance.now();
  const readings = await store.readRecentIds({
    windowMs: limits.dedupeWindowMs,
    countMax: limits.dedupeWarmUpMax,
    onId: (id) => pipeline.remember(id),
    onProgress: ({ read, total }) =>
      progress?.(`Reading what was stored last: ${read} of ${total} …`),
  });
  const ms = Math.round(performance.now() - startedMs);
  log.info({ event: "dedupe_ready", readings, ms }, "stored readings are remembered");
}

function tellLag(source: NatsSource, metrics: IngestOptions["metrics"]): void {
  for (const [stream, messages] of Object.entries(source.lag())) {
    metrics?.streamLag.set({ stream }, messages);
  }
}

/** Set anew as a whole: a gateway that is forgotten has no lateness. */
function tellLateness(clocks: GatewayClocks, metrics: IngestOptions["metrics"]): void {
  clocks.sweep(Date.now());
  if (metrics === undefined) return;
  metrics.gatewayLateness.reset();
  for (const [gateway, { lastMs, medianMs, maxMs }] of clocks.lateness()) {
    metrics.gatewayLateness.set({ gateway, stat: "last" }, lastMs / 1_000);
    metrics.gatewayLateness.set({ gateway, stat: "median" }, medianMs / 1_000);
    metrics.gatewayLateness.set({ gateway, stat: "max" }, maxMs / 1_000);
  }
}

function closedError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("The connection to nats-server is closed.");
}
