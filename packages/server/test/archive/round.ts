import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { parseBackfillSubject, parseEnrichedSubject } from "@novacore/protocol";
import { Announcements } from "../../src/archive/announcements.ts";
import type { ArchivedStream } from "../../src/archive/archived-stream.ts";
import { type ArchivePlace, openFolder } from "../../src/archive/open-folder.ts";
import type { Partition } from "../../src/archive/partition.ts";
import type { ArchiveEvent } from "../../src/archive/report.ts";
import type { OnStep } from "../../src/archive/steps.ts";
import { Upkeep } from "../../src/archive/upkeep.ts";
import { writeStream } from "../../src/archive/writer.ts";
import type { Connection } from "../../src/duck/database.ts";
import { cellsSql } from "../../src/history/cells.ts";
import type { Registry } from "../../src/registry/database.ts";

export interface Round {
  readonly connection: NatsConnection;
  readonly registry: Registry;
  readonly duck: Connection;
  readonly place: ArchivePlace;
  readonly partition: Partition;
  /** How far ahead its clock is when it looks after files: days that are over later are over now. */
  readonly aheadMs: number;
  readonly onStep: OnStep;
  readonly report: (event: ArchiveEvent) => void;
}

const streams: readonly ArchivedStream[] = [
  { name: "ENRICHED_TELEMETRY", parseSubject: parseEnrichedSubject, isMain: true },
  { name: "BACKFILL_TELEMETRY", parseSubject: parseBackfillSubject, isMain: false },
];

/** Archives everything in the streams, then looks after the files once. */
export async function runRound(round: Round): Promise<void> {
  const { connection, registry, duck, partition, onStep } = round;
  const { manifest } = registry;
  const manager = await jetstreamManager(connection);
  const folder = openFolder(round.place, onStep);
  const announcements = new Announcements(manifest, onStep);
  const shared = { connection, manifest, announcements, folder, duck, partition, onStep };
  for (const stream of streams) {
    const idle = new AbortController();
    const report = (event: ArchiveEvent) => {
      if (event.kind === "lag" && event.readings === 0) idle.abort();
      round.report(event);
    };
    const purge = async (name: string, upToSequence: number) => {
      await manager.streams.purge(name, { seq: upToSequence + 1 });
    };
    const onDays = () => undefined;
    const writing = { ...shared, stream, intervalMs: 1, report, purge, onDays };
    await writeStream(writing, idle.signal);
  }
  const upkeep = new Upkeep({
    ...{ ...shared, report: round.report, cellsSelect: cellsSql },
    retentions: () => registry.organizations.retentions(),
    now: () => Date.now() + round.aheadMs,
  });
  await upkeep.look(new AbortController().signal);
}
