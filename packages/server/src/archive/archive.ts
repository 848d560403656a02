import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { limits } from "../limits.ts";
import type { ArchivePlace } from "./open-folder.ts";
import type { Partition } from "./partition.ts";
import type { ArchiveEvent } from "./report.ts";

/** What the archive's thread needs to know; it goes from one thread to another. */
export interface ArchiveSettings {
  readonly natsUrl: string;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly place: ArchivePlace;
  readonly intervalMs: number;
  readonly partition: Partition;
}

export interface ArchiveMetrics {
  readonly archivedReadings: { inc(labels: { kind: "rows" | "late" }, count: number): void };
  readonly archiveUnreadable: { inc(): void };
  readonly archiveLost: { inc(count: number): void };
  readonly archiveLag: { set(labels: { stream: string }, readings: number): void };
  readonly archiveLagSeconds: { set(labels: { stream: string }, seconds: number): void };
  readonly archiveFiles: { set(files: number): void };
  readonly archiveBytes: { set(bytes: number): void };
  readonly archiveCompactions: { inc(): void };
  readonly archiveFailures: { inc(labels: { part: "writer" | "compactor" }): void };
}

export interface ArchiveOptions {
  /** The thread's program. */
  readonly program: URL;
  readonly settings: ArchiveSettings;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  readonly metrics: ArchiveMetrics;
}

export interface Archive {
  /** Why readings are not archived as they should be; undefined: they are. */
  problem(): string | undefined;
  /** Archives what was gathered, if that takes no longer than archiveStopMs. */
  close(): Promise<void>;
}

/** Archives in a thread of its own, which is started again whenever it fails. */
export function startArchive(options: ArchiveOptions): Archive {
  return new ArchiveThread(options);
}

class ArchiveThread implements Archive {
  readonly #options: ArchiveOptions;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #worker: Worker | undefined;
  #hasFailed = false;
  readonly #lagMs = new Map<string, number>();

  constructor(options: ArchiveOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  problem(): string | undefined {
    // Why holds paths and ids, and who reads this need not be known: that is for the log.
    if (this.#hasFailed) return "it has failed and is started again: the log has why";
    const lagMs = Math.max(0, ...this.#lagMs.values());
    const lagMsMax = this.#options.settings.intervalMs + limits.archiveLagMs;
    return lagMs > lagMsMax ? `it is ${Math.round(lagMs / 1000)} s behind` : undefined;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#worker?.postMessage("stop");
    const timer = setTimeout(() => void this.#worker?.terminate(), limits.archiveStopMs);
    await this.#done;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { min, max } = limits.archiveRestartMs;
    let waitMs: number = min;
    while (!signal.aborted) {
      const startedMs = performance.now();
      const failure = await this.#runOnce();
      if (signal.aborted) return;
      if (performance.now() - startedMs > max) waitMs = min;
      this.#hasFailed = true;
      this.#options.metrics.archiveFailures.inc({ part: "writer" });
      const fields = { err: failure, event: "archive_failed", againInMs: waitMs };
      this.#options.log.error(fields, "archiving has failed and is started again");
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, max);
    }
  }

  /** Resolves to why it ended. */
  async #runOnce(): Promise<unknown> {
    const { program, settings } = this.#options;
    const worker = new Worker(program, { workerData: settings, name: "archive" });
    this.#worker = worker;
    let failure: unknown = new Error("the thread ended");
    worker.on("message", (event: ArchiveEvent) => this.#hear(event));
    worker.on("error", (error) => {
      failure = error;
    });
    await new Promise((resolve) => worker.once("exit", resolve));
    this.#worker = undefined;
    return failure;
  }

  #hear(event: ArchiveEvent): void {
    const { log, metrics } = this.#options;
    switch (event.kind) {
      case "log":
        log[event.level](event.fields, event.sentence);
        break;
      case "written":
        metrics.archivedReadings.inc({ kind: "rows" }, event.readings - event.late);
        metrics.archivedReadings.inc({ kind: "late" }, event.late);
        break;
      case "unreadable":
        metrics.archiveUnreadable.inc();
        break;
      case "lost":
        metrics.archiveLost.inc(event.readings);
        break;
      case "lag":
        this.#hasFailed = false;
        this.#lagMs.set(event.stream, event.ageMs);
        metrics.archiveLag.set({ stream: event.stream }, event.readings);
        metrics.archiveLagSeconds.set({ stream: event.stream }, event.ageMs / 1000);
        break;
      case "compacted":
        metrics.archiveCompactions.inc();
        break;
      case "compaction_failed":
        metrics.archiveFailures.inc({ part: "compactor" });
        break;
      case "totals":
        metrics.archiveFiles.set(event.totals.files);
        metrics.archiveBytes.set(event.totals.bytes);
        break;
    }
  }
}
