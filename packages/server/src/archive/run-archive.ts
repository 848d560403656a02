import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Connection, Duck } from "../duck/database.ts";
import { limits } from "../limits.ts";
import type { ArchiveHome } from "../registry/archive-home.ts";
import { Announcements } from "./announcements.ts";
import type { ArchivedStream } from "./archived-stream.ts";
import { type ArchivePlace, nameOf, openFolder } from "./open-folder.ts";
import { assertOwnFolder } from "./own-folder.ts";
import { pause } from "./pause.ts";
import type { OnStep } from "./steps.ts";
import { Upkeep, type UpkeepOptions } from "./upkeep.ts";
import { type WriterOptions, writeStream } from "./writer.ts";

type Shared = Pick<WriterOptions, "connection" | "manifest" | "partition" | "report" | "purge">;

export interface ArchiveParts extends Shared {
  readonly streams: readonly ArchivedStream[];
  readonly home: ArchiveHome;
  readonly place: ArchivePlace;
  readonly intervalMs: number;
  readonly upkeep: Pick<UpkeepOptions, "cellsSelect" | "retentions" | "garbageMs" | "surveyMs"> & {
    readonly everyMs?: number;
  };
  readonly onStep?: OnStep;
}

/**
 * Archives until `signal` ends it and what was gathered is in the archive. The first failure ends all
 * of it and is thrown: whoever started it starts it again.
 */
export async function runArchive(parts: ArchiveParts, signal: AbortSignal): Promise<void> {
  const { streams, place, partition, intervalMs, onStep = () => undefined } = parts;
  const { connection, manifest, report, purge } = parts;
  const folder = openFolder(place, onStep);
  const { root } = folder;
  await assertOwnFolder(folder, nameOf(place), parts.home);
  const announcements = new Announcements(manifest, onStep);
  // Hubs that share the folder have one each.
  const tempDir = join(root, "temp", `archive-${partition.index}-of-${partition.count}`);
  // What a crash left there.
  rmSync(tempDir, { recursive: true, force: true });
  using opened = new DisposableStack();
  const open = async (name: string, memoryBytesMax: number) => {
    // One thread: it has a minute's time for its work, which others want the cores for.
    const threads = 1;
    const tempBytesMax = limits.archiveMergeDiskBytesMax;
    const options = { memoryBytesMax, threads, tempBytesMax, folders: [root] };
    return opened.use(await Duck.open({ ...options, tempDir: join(tempDir, name) }));
  };
  const writing = await open("write", limits.archiveWriteBytesMax);
  const merging = await open("merge", limits.archiveMergeBytesMax);
  const connect = async (duck: Duck): Promise<Connection> => opened.use(await duck.connect());

  const shared = { connection, manifest, announcements, folder, partition, report, purge, onStep };
  const upkeep = new Upkeep({ ...shared, ...parts.upkeep, duck: await connect(merging) });
  const onDays: WriterOptions["onDays"] = (days) => upkeep.noteDays(days);
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const work: Promise<void>[] = [];
  for (const stream of streams) {
    const duck = await connect(writing);
    work.push(writeStream({ ...shared, stream, duck, intervalMs, onDays }, until));
  }
  work.push(look(upkeep, parts.upkeep.everyMs ?? limits.archiveUpkeepMs, until));
  for (const each of work) each.catch(() => ended.abort());
  // All have to be at rest before what they use is closed.
  await Promise.allSettled(work);
  await Promise.all(work);
}

async function look(upkeep: Upkeep, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await upkeep.look(signal);
    await pause(everyMs, signal);
  }
}
