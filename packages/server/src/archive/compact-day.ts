import type { Connection } from "../duck/database.ts";
import type { ArchiveDay, ArchiveFile, Manifest } from "../registry/manifest.ts";
import type { Announce, Announcements } from "./announcements.ts";
import { type Compaction, planDay, settledFromMs } from "./compaction-plan.ts";
import type { ArchiveFolder } from "./folder.ts";
import { mergeFiles, writeCells } from "./merge.ts";
import type { Report } from "./report.ts";
import type { OnStep } from "./steps.ts";

export interface CompactionOptions {
  readonly manifest: Manifest;
  readonly announcements: Announcements;
  readonly folder: ArchiveFolder;
  readonly duck: Connection;
  readonly report: Report;
  /** What is made of a day's readings once it is over; undefined: nothing. */
  readonly cellsSelect: ((source: string) => string) | undefined;
  readonly onStep: OnStep;
}

/** Does what there is to do with a day now; resolves to when there may be more, epoch ms. */
export async function compactDay(
  day: ArchiveDay,
  options: CompactionOptions,
  now: () => number,
  signal: AbortSignal,
): Promise<number> {
  const { manifest, announcements, report, cellsSelect, duck } = options;
  const interrupt = () => duck.interrupt();
  signal.addEventListener("abort", interrupt);
  try {
    for (;;) {
      signal.throwIfAborted();
      const files = await manifest.day(day);
      const plan = planDay(day.day, files, now());
      if (plan === undefined || (plan.task === "cells" && cellsSelect === undefined)) {
        const settledMs = settledFromMs(day.day, files);
        return settledMs > now() ? settledMs : Number.POSITIVE_INFINITY;
      }
      await announcements.during((announce) => carryOut(plan, day, options, announce));
      report({ kind: "compacted" });
    }
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

async function carryOut(
  plan: Compaction,
  { orgId, day }: ArchiveDay,
  { duck, folder, manifest, cellsSelect, onStep }: CompactionOptions,
  announce: Announce,
): Promise<void> {
  const options = { duck, folder, announce };
  const paths = plan.inputs.map(({ path }) => path);
  let added: readonly ArchiveFile[];
  if (plan.task === "merge") {
    added = await mergeFiles(plan, options);
  } else {
    const cells = cellsSelect && (await writeCells(plan.inputs, cellsSelect, options));
    added = cells === undefined ? [] : [cells];
  }
  onStep("written");
  await manifest.commit({
    ...{ added, positions: [], announced: added.map(({ path }) => path) },
    removed: plan.task === "merge" ? paths : [],
    // Readings that have come meanwhile would not be in the cells.
    ...(plan.task === "cells" && { basis: { orgId, day, paths } }),
  });
  onStep("committed");
}
