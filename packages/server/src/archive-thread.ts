/** The thread of the archive: opens what it needs for itself, and archives until it is told to stop. */
import { parentPort, workerData } from "node:worker_threads";
import { jetstreamManager } from "@nats-io/jetstream";
import { parseBackfillSubject, parseEnrichedSubject } from "@novacore/protocol";
import type { ArchiveSettings } from "./archive/archive.ts";
import type { ArchivedStream } from "./archive/archived-stream.ts";
import { runArchive } from "./archive/run-archive.ts";
import { cellsSql } from "./history/cells.ts";
import { connectHub } from "./nats/connection.ts";
import { loadHubKeys } from "./nats/hub-keys.ts";
import { openRegistry } from "./registry/database.ts";
import { backfillStream, enrichedStream } from "./store/stream-configs.ts";

const streams: readonly ArchivedStream[] = [
  { name: enrichedStream, parseSubject: parseEnrichedSubject, isMain: true },
  { name: backfillStream, parseSubject: parseBackfillSubject, isMain: false },
];

if (parentPort === null) throw new Error("archive-thread.ts is a thread of the hub");
const port = parentPort;
const stopping = new AbortController();
port.once("message", () => stopping.abort());

const settings: ArchiveSettings = workerData;
const { dataDir, databaseUrl, natsUrl, place, intervalMs, partition } = settings;
await using opened = new AsyncDisposableStack();
// The port alone keeps a thread alive.
opened.defer(() => port.close());
const registry = await openRegistry({ dataDir, databaseUrl });
opened.defer(() => registry.close());
const connection = await connectHub({ natsUrl, keys: loadHubKeys(dataDir) }, "HUB", "archive");
opened.defer(() => connection.close());
const manager = await jetstreamManager(connection, { checkAPI: false });

await runArchive(
  {
    ...{ streams, place, intervalMs, partition, connection },
    manifest: registry.manifest,
    home: registry.archiveHome,
    report: (event) => port.postMessage(event),
    async purge(stream, upToSequence) {
      await manager.streams.purge(stream, { seq: upToSequence + 1 });
    },
    upkeep: { cellsSelect: cellsSql, retentions: () => registry.organizations.retentions() },
  },
  stopping.signal,
);
