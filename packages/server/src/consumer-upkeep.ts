import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { keptFilters } from "./consumer-filters.ts";
import { limits } from "./limits.ts";
import type { Registry } from "./registry/database.ts";
import type { ConsumerRecord } from "./store/consumer-record.ts";
import type { BackEndConsumers } from "./store/consumers.ts";

export interface ConsumerUpkeepOptions {
  readonly consumers: BackEndConsumers;
  readonly registry: Registry;
  readonly log: Pick<Logger, "info" | "warn">;
}

/**
 * Keeps the consumers of back ends at what the registry says: DERs and sites that come and go, sites
 * that an integration may or may not see any more, integrations that were revoked. It looks at all
 * of them, once at start and then after changes, and changes those that differ; so it mends as well
 * what an earlier hub left undone, and a look that fails is repeated. In between it looks how far
 * they are, since those that replay share a pace.
 */
export class ConsumerUpkeep {
  readonly #options: ConsumerUpkeepOptions;
  readonly #unsubscribe: () => void;
  readonly #done: Promise<void>;
  #wake: () => void = () => undefined;
  #isStopped = false;
  /** Of the earliest change that no look has seen; at first, what an earlier hub may have missed. */
  #changedAtMs: number | undefined = Date.now() - limits.consumerCatchUpMs;

  constructor(options: ConsumerUpkeepOptions) {
    this.#options = options;
    // The hub that makes a change sees to it; if it dies before, it does so at its next start.
    this.#unsubscribe = options.registry.changes.subscribe(({ origin }) => {
      if (origin === "here") this.plan();
    });
    this.#done = this.#run();
  }

  /** Resolves when no look is under way. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#unsubscribe();
    this.#wake();
    return this.#done;
  }

  /**
   * Has a look taken soon. Whoever has made a consumer asks for one too, since the registry may have
   * changed while it was made; what changes during a look is seen by the next.
   */
  plan(): void {
    this.#changedAtMs ??= Date.now() - limits.consumerMarginMs;
    this.#wake();
  }

  async #run(): Promise<void> {
    let isFailing = false;
    while (!this.#isStopped) {
      const lookedAtMs = performance.now();
      const sinceMs = this.#changedAtMs;
      this.#changedAtMs = undefined;
      try {
        await this.#look(sinceMs);
        isFailing = false;
      } catch (error) {
        if (!isFailing) {
          this.#options.log.warn({ err: error }, "consumers cannot be brought up to date yet");
        }
        isFailing = true;
        this.#changedAtMs = sinceMs ?? this.#changedAtMs;
      }
      await this.#until(lookedAtMs + limits.consumerUpkeepMs, () => this.#isStopped);
      const isDue = () => this.#isStopped || this.#changedAtMs !== undefined;
      await this.#until(lookedAtMs + limits.consumerPaceMs, isDue);
    }
  }

  /** Waits for a time, or for what comes first. */
  async #until(timeMs: number, isDue: () => boolean): Promise<void> {
    while (!isDue() && performance.now() < timeMs) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, timeMs - performance.now()));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** `sinceMs` is when the registry changed; undefined: it did not. */
  async #look(sinceMs: number | undefined): Promise<void> {
    const { consumers } = this.#options;
    const failures: unknown[] = [];
    // One that cannot be changed must not keep the others from it.
    const attempt = (work: Promise<void>) =>
      work.catch((error: unknown) => {
        failures.push(error);
      });
    let records = await consumers.all();
    const standIns = records.filter(({ isStandIn }) => isStandIn);
    for (const standIn of standIns) await attempt(this.#finish(standIn));
    if (standIns.length > 0) records = await consumers.all();
    for (const record of records) {
      if (sinceMs === undefined || this.#isStopped) break;
      await attempt(this.#lookAt(record, sinceMs));
    }
    await consumers.pace(records);
    if (failures.length > 0) throw failures[0];
  }

  /** Some hub began to make a consumer anew, and may have died since. */
  async #finish(standIn: ConsumerRecord): Promise<void> {
    const { consumers, log } = this.#options;
    if (!(await consumers.finish(standIn))) return;
    const { name: consumer, identityId } = standIn;
    log.info({ event: "consumer_remade", consumer, identityId }, "a consumer was made anew");
  }

  async #lookAt(record: ConsumerRecord, sinceMs: number): Promise<void> {
    const { consumers, registry, log } = this.#options;
    const { name, identityId, place } = record;
    const integration = await registry.integrations.get(identityId);
    if (integration === undefined || integration.revokedAt !== null) {
      await consumers.remove(place);
      log.info({ event: "consumer_removed", consumer: name, identityId }, "its owner is gone");
      return;
    }
    const filters = await keptFilters(registry, record, integration.siteIds);
    if (isDeepStrictEqual(filters, record.filters) && record.goesBackTo === undefined) return;
    const filtersNow = async () => {
      const now = await registry.integrations.get(identityId);
      return keptFilters(registry, record, now === undefined ? [] : now.siteIds);
    };
    const kept = await consumers.setFilters(place, filtersNow, sinceMs);
    if (kept === undefined) return;
    const { length: subjects } = kept.subjects;
    const fields = { consumer: name, identityId, subjects, widened: kept.isWidened };
    log.info({ event: "consumer_filters", ...fields }, "a consumer reads other subjects now");
  }
}
