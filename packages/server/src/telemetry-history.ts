import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { NovacoreError } from "@novacore/protocol";
import type { Logger } from "pino";
import { openFolder } from "./archive/open-folder.ts";
import { isPartOf } from "./archive/partition.ts";
import { archivePlace, type Config } from "./config.ts";
import { StreamReader } from "./deliver/stream-reader.ts";
import type { Result } from "./duck/database.ts";
import { DuckThread, type HistoryMetrics } from "./history/duck-thread.ts";
import type { LatestParts } from "./history/latest.ts";
import { ReadingsSources } from "./history/range-source.ts";
import { SequenceQueries } from "./history/sequence-query.ts";
import { queriedFiles } from "./history-files.ts";
import { type LastKnown, readLastKnown } from "./last-known.ts";
import { limits } from "./limits.ts";
import type { Registry } from "./registry/database.ts";
import { backfillStream, enrichedStream } from "./store/stream-configs.ts";

export interface TelemetryHistoryOptions {
  readonly config: Pick<Config, "archive" | "dataDir">;
  readonly registry: Pick<Registry, "manifest">;
  /** Account HUB, of its own: the server scans while others on it wait. */
  readonly connection: NatsConnection;
  readonly duck: DuckThread;
}

export interface HistoryThreadOptions {
  readonly config: Pick<Config, "archive" | "dataDir">;
  readonly log: Logger;
  readonly metrics: HistoryMetrics;
}

/** The thread that answers queries; starting takes it half a second, so it is best started early. */
export async function startHistoryThread({
  config,
  log,
  metrics,
}: HistoryThreadOptions): Promise<DuckThread> {
  const { root: folder } = archivePlace(config);
  const tempDir = join(resolve(config.dataDir), "history-temp");
  // What a crash left there.
  await rm(tempDir, { recursive: true, force: true });
  const duck = new DuckThread({
    duck: {
      ...{ memoryBytesMax: limits.historyMemoryBytesMax, threads: limits.historyThreads },
      ...{ folders: [folder, tempDir], tempDir, tempBytesMax: limits.historyTempBytesMax },
      keepsFooters: true,
    },
    ...{ log, metrics },
  });
  duck.start();
  return duck;
}

/** The past of every reading: the archive's files, and what of the streams is not in them yet. */
export interface TelemetryHistory {
  readonly sources: ReadingsSources;
  readonly duck: DuckThread;
  readonly latest: LatestParts;
  /** What the stream does not hold any more, in its order; undefined: nothing is archived. */
  readonly sequences: SequenceQueries | undefined;
  /** The last readings of DERs that the stream does not hold any more. */
  readonly lastKnown: LastKnown;
}

export function openTelemetryHistory(options: TelemetryHistoryOptions): TelemetryHistory {
  const { config, registry, connection, duck } = options;
  const folder = config.archive && openFolder(archivePlace(config));
  const bucket = folder && queriedFiles(folder);
  const now = Date.now;
  const enriched = new StreamReader(connection, enrichedStream);
  const sources = new ReadingsSources({
    archive:
      folder === undefined || bucket === undefined
        ? undefined
        : {
            ...{ folder: folder.root, bucket },
            snapshot: (query) =>
              registry.manifest.snapshot(query, (part) => isPartOf(part, query.orgId)),
          },
    enriched: { name: enrichedStream, source: enriched },
    backfill: { name: backfillStream, source: new StreamReader(connection, backfillStream) },
    now,
  });
  const latest = { enriched, sources, duck: pastDamage(duck), now };
  const snapshot = (orgId: string, epoch: number, after: number) => {
    const query = { orgId, stream: enrichedStream, epoch, after };
    return registry.manifest.sequences(query, (part) => isPartOf(part, orgId));
  };
  const sequences =
    folder &&
    bucket &&
    new SequenceQueries({ folder: folder.root, fetch: bucket.fetch, snapshot, duck });
  return {
    ...{ sources, duck, latest, sequences },
    lastKnown: (ders, asker) => readLastKnown(latest, ders, asker),
  };
}

/** The newest readings of DERs are told as far as they can be read. */
function pastDamage(duck: DuckThread): LatestParts["duck"] {
  const nothing: Result = { names: [], columns: [], rowCount: 0 };
  return {
    select: (...job) =>
      duck.select(...job).catch((error: unknown) => {
        if (error instanceof NovacoreError && error.code === "archive_damaged") return nothing;
        throw error;
      }),
  };
}
