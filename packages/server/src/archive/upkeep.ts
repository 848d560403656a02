import { limits } from "../limits.ts";
import type { ArchiveDay } from "../registry/manifest.ts";
import { dayMs, dayOf } from "../registry/utc-day.ts";
import { type CompactionOptions, compactDay } from "./compact-day.ts";
import { isInPartition, type Partition, parseOrgOfPath } from "./partition.ts";
import { logLine } from "./report.ts";

export interface UpkeepOptions extends CompactionOptions {
  readonly partition: Partition;
  /** Days that each organization keeps its readings, null: for ever. Who is not in it is deleted. */
  readonly retentions: () => Promise<ReadonlyMap<string, number | null>>;
  /** How long a file that was replaced stays. */
  readonly garbageMs?: number;
  /** Longest time between two looks at everything. */
  readonly surveyMs?: number;
  readonly now?: () => number;
}

/** A day that may have something to do, and when to look at it. */
interface DueDay extends ArchiveDay {
  readonly dueMs: number;
}

/**
 * Keeps the files few and small: merges them, makes cells of days that are over, removes days that an
 * organization does not keep, and deletes files that nobody reads any more. It changes files by
 * commits of the manifest only, so that a query sees the ones before or the ones after.
 */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #now: () => number;
  readonly #days = new Map<string, DueDay>();
  #surveyedMs = Number.NEGATIVE_INFINITY;
  #countedMs = Number.NEGATIVE_INFINITY;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Files have come to these days. */
  noteDays(days: readonly ArchiveDay[]): void {
    for (const { orgId, day } of days) {
      if (isInPartition(orgId, this.#options.partition)) {
        this.#days.set(`${orgId} ${day}`, { orgId, day, dueMs: 0 });
      }
    }
  }

  /** One look at what is to be done; `signal` ends it soon. */
  async look(signal: AbortSignal): Promise<void> {
    const { manifest, report, surveyMs = limits.archiveSurveyMs } = this.#options;
    if (this.#now() - this.#surveyedMs >= surveyMs) {
      this.#surveyedMs = this.#now();
      await this.#expire(signal);
      this.noteDays(await manifest.days());
    }
    for (const [key, { dueMs, ...day }] of this.#days) {
      if (signal.aborted) return;
      if (dueMs > this.#now()) continue;
      // Taken out first: files may come to it while it is worked on.
      this.#days.delete(key);
      const nextMs = await this.#compact(day, signal);
      if (Number.isFinite(nextMs) && !this.#days.has(key)) {
        this.#days.set(key, { ...day, dueMs: nextMs });
      }
    }
    await this.#collect(signal);
    if (this.#now() - this.#countedMs >= limits.archiveCountMs) {
      this.#countedMs = this.#now();
      report({ kind: "totals", totals: await manifest.totals() });
    }
  }

  /** When to look at it again. A day that cannot be merged must not keep the others from it. */
  async #compact(day: ArchiveDay, signal: AbortSignal): Promise<number> {
    const { report } = this.#options;
    try {
      return await compactDay(day, this.#options, this.#now, signal);
    } catch (error) {
      if (!signal.aborted) {
        report({ kind: "compaction_failed" });
        const fields = { err: error, event: "compaction_failed", ...day };
        report(logLine("warn", fields, "a day's files cannot be merged yet"));
      }
      return this.#now() + limits.archiveQuietMs;
    }
  }

  /** Whole days alone: a file is never changed. */
  async #expire(signal: AbortSignal): Promise<void> {
    const { manifest, partition, retentions, report, onStep } = this.#options;
    // First, so that an organization that is made in between is in the other.
    const orgIds = await manifest.orgIds();
    const kept = await retentions();
    for (const orgId of orgIds) {
      if (signal.aborted) return;
      const days = kept.get(orgId);
      if (days === null || !isInPartition(orgId, partition)) continue;
      const before = days === undefined ? undefined : dayOf(this.#now() - days * dayMs);
      const removed = await manifest.pathsBefore(orgId, before);
      if (removed.length === 0) continue;
      await manifest.commit({ added: [], removed, positions: [], expired: { orgId, before } });
      onStep("committed");
      report(
        logLine(
          "info",
          { event: "archive_expired", orgId, files: removed.length, before: before ?? "all" },
          before === undefined
            ? "the readings of a deleted organization are removed"
            : "readings older than their organization keeps them are removed",
        ),
      );
    }
  }

  /** Deletes what was replaced, and what a crash left behind. */
  async #collect(signal: AbortSignal): Promise<void> {
    const { manifest, folder, partition, announcements, onStep } = this.#options;
    const { garbageMs = limits.archiveGarbageMs } = this.#options;
    const garbage = await manifest.garbage(new Date(this.#now() - garbageMs));
    for (const path of garbage) {
      if (signal.aborted) return;
      const isOurs = isInPartition(parseOrgOfPath(path) ?? "", partition);
      if (!isOurs || announcements.has(path)) continue;
      await folder.remove(path);
      onStep("removed");
      await manifest.forgetGarbage([path]);
      onStep("forgotten");
    }
  }
}
