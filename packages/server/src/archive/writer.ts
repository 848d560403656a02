import type { NatsConnection } from "@nats-io/transport-node";
import type { Connection } from "../duck/database.ts";
import { limits } from "../limits.ts";
import type { ArchiveDay, ArchiveFile, Manifest, StreamPlace } from "../registry/manifest.ts";
import type { Announce, Announcements } from "./announcements.ts";
import type { ArchivedStream } from "./archived-stream.ts";
import type { ArchiveFolder } from "./folder.ts";
import { Intake } from "./intake.ts";
import { NewestTimestamps } from "./newest.ts";
import { type Partition, partOf } from "./partition.ts";
import { pause } from "./pause.ts";
import type { Report } from "./report.ts";
import { findStartingPlace } from "./starting-place.ts";
import type { OnStep } from "./steps.ts";
import { StreamFollower } from "./stream-follower.ts";
import { writeFiles } from "./write-files.ts";

export interface WriterOptions {
  readonly stream: ArchivedStream;
  /** Account HUB. */
  readonly connection: NatsConnection;
  readonly manifest: Manifest;
  readonly announcements: Announcements;
  readonly folder: ArchiveFolder;
  readonly duck: Connection;
  readonly partition: Partition;
  readonly intervalMs: number;
  readonly report: Report;
  /** Told the days that files came to. */
  readonly onDays: (days: readonly ArchiveDay[]) => void;
  /** Removes from its stream what every partition has archived. */
  readonly purge: (stream: string, upToSequence: number) => Promise<void>;
  readonly onStep: OnStep;
}

/**
 * Writes one stream into the archive, in its order, until `signal` ends it and what was gathered is
 * committed. A commit holds files and the position up to which they hold the stream: that stands for
 * acknowledgements, so that nothing is lost and nothing written twice, wherever it ends. Whatever
 * fails is thrown; whoever starts it again goes on from the manifest.
 */
export async function writeStream(options: WriterOptions, signal: AbortSignal): Promise<void> {
  const { stream, connection, manifest, partition, report } = options;
  const place = await findStartingPlace(options);
  const newest = new NewestTimestamps(await manifest.newestTimestamps());
  const { sequence, reachAfter } = place;
  const intake = new Intake({ stream, partition, newest, report, sequence, reachAfter });
  const commits = new Commits(options, intake, place.epoch, place.committed);
  const follower = await StreamFollower.open(connection, stream.name, sequence + 1);
  while (!signal.aborted) {
    const pending = await follower.read((message) => intake.take(message));
    report({
      kind: "lag",
      stream: stream.name,
      readings: intake.messages + pending,
      ageMs: intake.ageMs,
    });
    const leftMs = (intake.sinceMs ?? Date.now()) + options.intervalMs - Date.now();
    if (intake.isFull || leftMs <= 0) await commits.commit();
    else if (pending === 0) await pause(Math.min(limits.archiveLookMs, leftMs), signal);
  }
  await commits.commit();
  follower.close();
}

class Commits {
  readonly #options: WriterOptions;
  readonly #intake: Intake;
  readonly #epoch: number;
  /** Where the manifest has it; null: nowhere yet. */
  #committed: StreamPlace | null;

  constructor(
    options: WriterOptions,
    intake: Intake,
    epoch: number,
    committed: StreamPlace | null,
  ) {
    this.#options = options;
    this.#intake = intake;
    this.#epoch = epoch;
    this.#committed = committed;
  }

  /** Makes files of what is gathered, and moves the position. */
  async commit(): Promise<void> {
    const { stream, announcements, onDays } = this.#options;
    if (this.#intake.messages === 0) return;
    onDays(await announcements.during((announce) => this.#write(announce)));
    if (!stream.isMain) await this.#purge();
  }

  async #write(announce: Announce): Promise<readonly ArchiveFile[]> {
    const { stream, manifest, folder, duck, partition, report, onStep } = this.#options;
    const intake = this.#intake;
    const place = { epoch: this.#epoch, sequence: intake.sequence };
    const files = await writeFiles(intake.gathering.files, {
      ...{ duck, folder, announce, epoch: this.#epoch, keepsPlace: stream.isMain },
    });
    onStep("written");
    const from = this.#committed;
    const which = { stream: stream.name, part: partOf(partition) };
    const { reachAfter: after } = intake;
    await manifest.commit({
      ...{ added: files, removed: [], announced: files.map(({ path }) => path) },
      positions: [{ ...which, ...place, from }],
      reach: after === undefined ? undefined : { ...which, epoch: this.#epoch, after },
      bringsReadings: true,
    });
    onStep("committed");
    this.#committed = place;
    intake.empty();
    const late = files.filter(({ kind }) => kind === "late");
    report({ kind: "written", readings: countRows(files), late: countRows(late) });
    return files;
  }

  /** A crash before it is harmless: the position decides what is read. */
  async #purge(): Promise<void> {
    const { stream, manifest, partition, purge, onStep } = this.#options;
    const positions = await manifest.positionsOf(stream.name);
    const current = positions.filter(({ epoch }) => epoch === this.#epoch);
    if (current.length < partition.count) return;
    await purge(stream.name, Math.min(...current.map(({ sequence }) => sequence)));
    onStep("purged");
  }
}

function countRows(files: readonly ArchiveFile[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}
