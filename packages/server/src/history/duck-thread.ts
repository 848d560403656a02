import { Worker } from "node:worker_threads";
import { NovacoreError } from "@novacore/protocol";
import type { DuckOptions, Result } from "../duck/database.ts";
import { limits } from "../limits.ts";
import { Damages, damagedError, damageOf } from "./damage.ts";
import type { DuckAnswer, DuckOrder, Job, JobResult, Select } from "./duck-jobs.ts";
import type { EnergyOptions, SiteEnergies } from "./energy.ts";
import type { RangeJob, RangeResult } from "./range-job.ts";

export interface HistoryMetrics {
  readonly historyQueries: { inc(labels: { readonly result: "done" | "failed" }): void };
  readonly historySeconds: { observe(seconds: number): void };
  readonly archiveDamaged: { inc(): void };
}

export interface DuckThreadOptions {
  readonly duck: DuckOptions;
  readonly log: { error(object: object, message: string): void };
  readonly metrics?: HistoryMetrics;
  /** Defaults: limits.historyQueriesMax and so on. */
  readonly queriesMax?: number;
  readonly replaysMax?: number;
  readonly waitingMax?: number;
  readonly queryMs?: number;
  readonly waitMs?: number;
  readonly heapMiB?: number;
}

/** Whom a query is for: each lane has places of its own, and holds up nobody in the other. */
export type Lane = "answers" | "replays";

/**
 * DuckDB in a thread of its own: a few queries at once, others in a queue with an end, none longer
 * than its time. A thread that dies takes its queries with it and is started again by the next one.
 */
export class DuckThread {
  readonly #options: Required<Omit<DuckThreadOptions, "metrics">>;
  readonly #metrics: HistoryMetrics | undefined;
  readonly #damages: Damages;
  readonly #running = new Map<number, Query>();
  #waiting: Query[] = [];
  #worker: Worker | undefined;
  #nextId = 1;
  #isClosed = false;
  /** Resolves when the last query under way has ended after the close. */
  readonly #idle = Promise.withResolvers<void>();

  constructor({ metrics, ...options }: DuckThreadOptions) {
    this.#metrics = metrics;
    const { log } = options;
    this.#damages = new Damages({ log, count: () => metrics?.archiveDamaged.inc(), now: Date.now });
    this.#options = {
      queriesMax: limits.historyQueriesMax,
      replaysMax: limits.archiveReplaysMax,
      waitingMax: limits.historyWaitingMax,
      queryMs: limits.historyQueryMs,
      waitMs: limits.historyWaitMs,
      heapMiB: limits.historyHeapMiB,
      ...options,
    };
  }

  /** Does now what the first query would wait for. */
  start(): void {
    this.#worker ??= this.#startWorker();
  }

  /** Why some of the archive cannot be read; undefined: no query has met that lately. */
  problem(): string | undefined {
    return this.#damages.problem();
  }

  /** Queries under way and waiting, for metrics and leak tests. */
  get usage(): { readonly running: number; readonly waiting: number } {
    return { running: this.#running.size, waiting: this.#waiting.length };
  }

  /**
   * Throws `unavailable` when too many wait, `query_timeout`, `validation_failed` for what would be
   * too large an answer, `archive_damaged` where a file cannot be read, and the signal's own reason
   * when it is aborted: then nothing runs any more as soon as DuckDB has noticed.
   */
  async range(job: RangeJob, signal?: AbortSignal): Promise<RangeResult> {
    const result = await this.#run({ kind: "range", range: job }, signal);
    if (result.kind !== "range") throw new Error("another query's answer came");
    return result;
  }

  /** Rows of one statement. Throws as `range` does. */
  async select(job: Select, signal?: AbortSignal, lane: Lane = "answers"): Promise<Result> {
    const answer = await this.#run({ kind: "select", ...job }, signal, lane);
    if (answer.kind !== "select") throw new Error("another query's answer came");
    return answer.result;
  }

  /** The energy that a site's cells make, put together where it holds up nobody. Throws as `range` does. */
  async energy(cells: Select, energy: EnergyOptions, signal?: AbortSignal): Promise<SiteEnergies> {
    const answer = await this.#run({ kind: "energy", cells, energy }, signal);
    if (answer.kind !== "energy") throw new Error("another query's answer came");
    return answer.energy;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const query of waiting) query.fail(stopping());
    for (const query of this.#running.values()) {
      query.fail(stopping());
      this.#end(query);
    }
    // A thread in which DuckDB is at work ends when that does.
    if (this.#running.size > 0) await this.#idle.promise;
    await this.#worker?.terminate();
  }

  #run(job: Job, signal: AbortSignal | undefined, lane: Lane = "answers"): Promise<JobResult> {
    if (this.#isClosed) throw stopping();
    signal?.throwIfAborted();
    const { waitingMax, waitMs } = this.#options;
    if (!this.#hasPlace(lane) && this.#waiting.length >= waitingMax) {
      throw new NovacoreError("unavailable", `${waitingMax} queries wait already; come back soon.`);
    }
    return new Promise((resolve, reject) => {
      const query = new Query(this.#nextId++, job, lane, { resolve, reject });
      const abort = () => {
        query.fail(signal?.reason);
        this.#end(query);
      };
      signal?.addEventListener("abort", abort, { once: true });
      query.onSettled(() => signal?.removeEventListener("abort", abort));
      query.startTimer(waitMs, () => {
        query.fail(new NovacoreError("unavailable", "The hub is busy with other queries."));
        this.#end(query);
      });
      this.#waiting.push(query);
      this.#startNext();
    });
  }

  #startNext(): void {
    for (;;) {
      const index = this.#waiting.findIndex(({ lane }) => this.#hasPlace(lane));
      const [query] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (query === undefined) return;
      this.#running.set(query.id, query);
      query.startTimer(this.#options.queryMs, () => {
        query.fail(new NovacoreError("query_timeout"));
        this.#end(query);
      });
      this.#order({ kind: "run", id: query.id, job: query.job });
    }
  }

  #hasPlace(lane: Lane): boolean {
    const { queriesMax, replaysMax } = this.#options;
    const running = [...this.#running.values()].filter((query) => query.lane === lane).length;
    return running < (lane === "answers" ? queriesMax : replaysMax);
  }

  /** Its place stays taken until DuckDB has let go of it. */
  #end(query: Query): void {
    this.#waiting = this.#waiting.filter((each) => each !== query);
    if (this.#running.has(query.id)) this.#order({ kind: "interrupt", id: query.id });
  }

  #order(order: DuckOrder): void {
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage(order);
  }

  #startWorker(): Worker {
    const { duck, log, heapMiB } = this.#options;
    const worker = new Worker(new URL(import.meta.resolve("#duck-worker")), {
      workerData: duck,
      name: "history",
      resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    });
    worker.on("message", (answer: DuckAnswer) => this.#onAnswer(answer));
    worker.on("error", (error) => {
      log.error({ err: error }, "the thread of history queries failed");
    });
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
      const lost = [...this.#running.values()];
      this.#running.clear();
      for (const query of lost) query.fail(new NovacoreError("unavailable"));
      this.#idle.resolve();
      if (!this.#isClosed) this.#startNext();
    });
    return worker;
  }

  #onAnswer(answer: DuckAnswer): void {
    const query = this.#running.get(answer.id);
    this.#running.delete(answer.id);
    this.#metrics?.historyQueries.inc({ result: answer.kind });
    if (query !== undefined) this.#metrics?.historySeconds.observe(query.runningSeconds);
    if (answer.kind === "done") query?.succeed(answer.result);
    else query?.fail(this.#toError(answer));
    if (this.#isClosed && this.#running.size === 0) this.#idle.resolve();
    this.#startNext();
  }

  #toError({ code, message, details }: Extract<DuckAnswer, { kind: "failed" }>): Error {
    if (code !== undefined) return new NovacoreError(code, message, { details });
    if (message.includes("Out of Memory")) return new NovacoreError("unavailable", needsMemory);
    const error = new Error(`DuckDB: ${message}`);
    const damage = damageOf(message);
    if (damage === undefined) return error;
    this.#damages.note(damage, error);
    return damagedError(damage, error);
  }
}

class Query {
  readonly id: number;
  readonly job: Job;
  readonly lane: Lane;
  readonly #resolve: (result: JobResult) => void;
  readonly #reject: (reason: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #startedMs = 0;
  #settled: () => void = () => undefined;

  constructor(
    id: number,
    job: Job,
    lane: Lane,
    promise: {
      readonly resolve: (result: JobResult) => void;
      readonly reject: (reason: unknown) => void;
    },
  ) {
    this.id = id;
    this.job = job;
    this.lane = lane;
    this.#resolve = promise.resolve;
    this.#reject = promise.reject;
  }

  /** Since the last timer was started: the one for its run. */
  get runningSeconds(): number {
    return (performance.now() - this.#startedMs) / 1_000;
  }

  startTimer(afterMs: number, onTime: () => void): void {
    clearTimeout(this.#timer);
    this.#startedMs = performance.now();
    this.#timer = setTimeout(onTime, afterMs);
  }

  onSettled(callback: () => void): void {
    this.#settled = callback;
  }

  succeed(result: JobResult): void {
    this.#settle();
    this.#resolve(result);
  }

  /** After the first time nothing happens any more. */
  fail(reason: unknown): void {
    this.#settle();
    this.#reject(reason);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#settled();
  }
}

const needsMemory =
  "The query needs more memory than there is for it; ask for less time or fewer fields.";

function stopping(): NovacoreError {
  return new NovacoreError("going_away");
}
