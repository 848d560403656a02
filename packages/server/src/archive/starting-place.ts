import type { NatsConnection } from "@nats-io/transport-node";
import type { Manifest, StreamPlace } from "../registry/manifest.ts";
import type { ArchivedStream } from "./archived-stream.ts";
import { type Partition, partOf } from "./partition.ts";
import { logLine, type Report } from "./report.ts";
import { readStreamState } from "./stream-follower.ts";

export interface StartingPlaceOptions {
  readonly stream: ArchivedStream;
  readonly connection: NatsConnection;
  readonly manifest: Manifest;
  readonly partition: Partition;
  readonly report: Report;
}

export interface StartingPlace {
  readonly epoch: number;
  /** Where the manifest has it; null: nowhere yet. */
  readonly committed: StreamPlace | null;
  /** Everything up to here needs no archiving any more. */
  readonly sequence: number;
  /** After it nothing of the epoch is missing in the archive; undefined: that is where it was. */
  readonly reachAfter: number | undefined;
}

/** Where a writer goes on. Whatever is not as it was left is said in the log. */
export async function findStartingPlace(options: StartingPlaceOptions): Promise<StartingPlace> {
  const { stream, connection, manifest, partition, report } = options;
  const { name } = stream;
  const { count } = partition;
  const parts = Array.from({ length: count }, (_, index) => partOf({ index, count }));
  await manifest.repartition(name, parts);
  const positions = await manifest.positionsOf(name);
  const found = positions.find(({ part }) => part === partOf(partition));
  const { epoch, oldest, newest } = await readStreamState(connection, name);
  const fromStart = { epoch, sequence: oldest - 1, reachAfter: oldest - 1 };
  if (found === undefined) return { ...fromStart, committed: null };
  const committed = { epoch: found.epoch, sequence: found.sequence };
  if (committed.epoch !== epoch) {
    const fields = { event: "archive_new_epoch", stream: name, was: committed.epoch, is: epoch };
    report(
      logLine(
        "warn",
        fields,
        "the stream was made anew; the archive goes on with its first reading",
      ),
    );
    return { ...fromStart, committed };
  }
  if (committed.sequence > newest) {
    const fields = { stream: name, archivedUpTo: committed.sequence, newest };
    report(
      logLine(
        "warn",
        { event: "archive_stream_restored", ...fields },
        "the stream ends before what is archived of it, as after a restore; it is read anew",
      ),
    );
    // Up to there two readings may have the same place in it.
    return { ...fromStart, committed, reachAfter: committed.sequence };
  }
  const sequence = passGap(stream, committed.sequence, oldest, report);
  const reachAfter = sequence > committed.sequence ? sequence : undefined;
  return { epoch, committed, sequence, reachAfter };
}

/**
 * What is passed when the stream goes on with `found` after `sequence`: JetStream moves a start that
 * is too old forward in silence, so this is where it is noticed and said.
 */
export function passGap(
  { name, isMain }: ArchivedStream,
  sequence: number,
  found: number,
  report: Report,
): number {
  const lost = found - sequence - 1;
  if (lost <= 0) return sequence;
  // From the other kind of stream only what is archived is ever removed.
  if (isMain) {
    report({ kind: "lost", readings: lost });
    report(
      logLine(
        "error",
        { event: "archive_gap", stream: name, archivedUpTo: sequence, oldest: found, lost },
        "the stream has dropped readings that were not archived yet; the archive lacks them",
      ),
    );
  }
  return found - 1;
}
