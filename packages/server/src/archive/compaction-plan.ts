import { limits } from "../limits.ts";
import type { ArchiveFile, DatedFile } from "../registry/manifest.ts";
import { dayMs } from "../registry/utc-day.ts";

/** What is to be done with a day next. */
export type Compaction =
  | {
      readonly task: "merge";
      readonly inputs: readonly ArchiveFile[];
      /** Of what comes out. */
      readonly kind: "rows" | "late";
      readonly level: number;
    }
  /** Make cells of these: all readings of the day. */
  | { readonly task: "cells"; readonly inputs: readonly ArchiveFile[] };

/**
 * A day that goes on has its files merged by levels: eight of one make one of the next, so that a
 * reading is written again a few times at most. A finished day, once nothing comes to it any more, is
 * merged whole, late readings included, and then gets its cells. Undefined: nothing to do, yet.
 */
export function planDay(
  day: string,
  files: readonly DatedFile[],
  nowMs: number,
): Compaction | undefined {
  const rows = files.filter(({ kind }) => kind === "rows");
  const late = files.filter(({ kind }) => kind === "late");
  const byLevel = mergeOfLevel(rows, "rows") ?? mergeOfLevel(late, "late");
  if (byLevel !== undefined || nowMs < settledFromMs(day, files)) return byLevel;
  const inputs = [...rows, ...late];
  if (late.length > 0 || depthOf(rows) > 1) {
    const level = 1 + Math.max(...inputs.map((file) => file.level));
    return { task: "merge", inputs, kind: "rows", level };
  }
  const hasCells = files.some(({ kind }) => kind === "cells");
  return hasCells || rows.length === 0 ? undefined : { task: "cells", inputs: rows };
}

/**
 * When the day is over and nothing comes to it any more, so that there may be more to do, epoch ms. A
 * day with no readings has no such time.
 */
export function settledFromMs(day: string, files: readonly DatedFile[]): number {
  const readings = files.filter(({ kind }) => kind !== "cells");
  if (readings.length === 0) return Number.POSITIVE_INFINITY;
  const newestMs = Math.max(...readings.map(({ createdAtMs }) => createdAtMs));
  const endMs = Date.parse(day) + dayMs + limits.archiveDayEndMs;
  return Math.max(endMs, newestMs + limits.archiveQuietMs);
}

function mergeOfLevel(
  files: readonly ArchiveFile[],
  kind: "rows" | "late",
): Compaction | undefined {
  const levels = new Set(files.map(({ level }) => level));
  for (const level of [...levels].sort((a, b) => a - b)) {
    const peers = files.filter((file) => file.level === level);
    const small = peers.filter((file) => file.rows < limits.archiveFileRowsMax / 2);
    const isDue = (some: readonly ArchiveFile[], count: number) =>
      some.length > 1 && count >= limits.archiveMergeFiles;
    // Full ones are cut between DERs: as long as they lie side by side, a query reads one of them.
    const due = isDue(small, small.length) ? small : isDue(peers, depthOf(peers)) ? peers : [];
    if (due.length === 0) continue;
    const inputs = due.slice(0, limits.archiveMergeInputsMax);
    return { task: "merge", inputs, kind, level: level + 1 };
  }
  return undefined;
}

/** How many files lie over one another at most, by their DERs: what a query of one DER has to read. */
function depthOf(files: readonly ArchiveFile[]): number {
  const sorted = files.toSorted((a, b) => (a.derFirst < b.derFirst ? -1 : 1));
  let open: ArchiveFile[] = [];
  let depth = 0;
  for (const file of sorted) {
    open = open.filter(({ derLast }) => derLast >= file.derFirst);
    open.push(file);
    depth = Math.max(depth, open.length);
  }
  return depth;
}
