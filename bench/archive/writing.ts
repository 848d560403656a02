/**
 * The archive's thread in a process of its own, so that its CPU can be told: `node writing.ts NATS_URL
 * DATA_DIR FOLDER`. Told `{kind: "read"}` it reads the stream and parses each reading, and keeps
 * nothing; told `{kind: "archive"}` it archives until nothing is left. It answers CPU seconds and
 * readings, and which part of them was for what.
 */
import { jetstreamManager } from "@nats-io/jetstream";
import { type Archive, startArchive } from "../../packages/server/src/archive/archive.ts";
import { parseReading } from "../../packages/server/src/archive/columns.ts";
import { StreamFollower } from "../../packages/server/src/archive/stream-follower.ts";
import { connectHub } from "../../packages/server/src/nats/connection.ts";
import { loadHubKeys } from "../../packages/server/src/nats/hub-keys.ts";
import { createLog } from "../../packages/server/src/observe/log.ts";
import { createMetrics } from "../../packages/server/src/observe/metrics.ts";
import { openRegistry } from "../../packages/server/src/registry/database.ts";

export interface WritingOrder {
  readonly kind: "read" | "archive";
}

export interface WritingAnswer {
  readonly readings: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** Of the files that were written, by the manifest; 0 for a read. */
  readonly bytes: number;
  readonly residentMib: number;
}

const stream = "ENRICHED_TELEMETRY";
const lookMs = 50;
const [natsUrl = "", dataDir = "", folder = ""] = process.argv.slice(2);
const connection = await connectHub({ natsUrl, keys: loadHubKeys(dataDir) }, "HUB", "bench");
const registry = await openRegistry({ dataDir, databaseUrl: undefined });

process.on("message", ({ kind }: WritingOrder) => {
  void measure(kind === "read" ? read : archive).then((answer) => process.send?.(answer));
});

async function measure(work: () => Promise<number>): Promise<WritingAnswer> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const readings = await work();
  const { user, system } = process.cpuUsage(before);
  const { bytes } = await registry.manifest.totals();
  return {
    ...{ readings, bytes, cpuSeconds: (user + system) / 1e6 },
    seconds: (performance.now() - startedMs) / 1000,
    residentMib: process.memoryUsage.rss() / 1024 ** 2,
  };
}

async function read(): Promise<number> {
  const follower = await StreamFollower.open(connection, stream, 1);
  let readings = 0;
  let pending = 1;
  while (pending > 0) {
    pending = await follower.read(({ payload }) => {
      parseReading(payload);
      readings++;
    });
  }
  follower.close();
  return readings;
}

async function archive(): Promise<number> {
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info(stream);
  const running: Archive = startArchive({
    program: new URL("../../packages/server/src/archive-thread.ts", import.meta.url),
    settings: {
      ...{ natsUrl, dataDir, databaseUrl: undefined },
      place: { root: folder, bucket: undefined },
      ...{ intervalMs: 60_000, partition: { index: 0, count: 1 } },
    },
    log: createLog("warn"),
    metrics: createMetrics(),
  });
  const isDone = async () => {
    const [position] = await registry.manifest.positionsOf(stream);
    // What is left is not enough for a file before its time is over.
    return (position?.sequence ?? 0) > state.last_seq - 200_000;
  };
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, lookMs));
  await running.close();
  return state.messages;
}
