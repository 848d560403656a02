import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Delivery } from "./delivery.ts";
import type { FeedLog } from "./feed.ts";
import type { StreamSite } from "./filters.ts";
import type { SseStream } from "./sse-stream.ts";

export interface OpenStreamsOptions {
  readonly delivery: Delivery;
  readonly log: FeedLog;
  /** The sites that a stream may carry now. Throws a NovacoreError when it may not go on. */
  readonly sitesOf: (stream: SseStream) => Promise<readonly StreamSite[]>;
  readonly drainMs: number;
}

/** The open streams of a hub: how many somebody has, and what ends them from outside. */
export class OpenStreams {
  readonly #options: OpenStreamsOptions;
  readonly #streams = new Set<SseStream>();
  readonly #perIdentity = new Map<string, number>();
  readonly #perAddress = new Map<string, number>();
  #isDraining = false;
  #check: "idle" | "running" | "again" = "idle";

  constructor(options: OpenStreamsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  /**
   * Takes a place for a connection; gives the function that returns it. Throws
   * `too_many_connections` or, while shutting down, `going_away`.
   */
  reserve(identityId: string, address: string): () => void {
    if (this.#isDraining) throw new NovacoreError("going_away");
    take(this.#perIdentity, identityId, limits.streamsPerIdentityMax, "identity");
    try {
      take(this.#perAddress, address, limits.streamsPerAddressMax, "address");
    } catch (error) {
      give(this.#perIdentity, identityId);
      throw error;
    }
    return () => {
      give(this.#perIdentity, identityId);
      give(this.#perAddress, address);
    };
  }

  add(stream: SseStream): void {
    this.#streams.add(stream);
  }

  remove(stream: SseStream): void {
    this.#streams.delete(stream);
  }

  /** Cuts off an identity, at once. */
  revoke(identityId: string): void {
    for (const stream of [...this.#streams]) {
      if (stream.caller.identityId === identityId) stream.end("identity_revoked");
    }
  }

  /** Checks all streams against the grants; changes that come meanwhile cause one more round. */
  async recheck(): Promise<void> {
    if (this.#check !== "idle") {
      this.#check = "again";
      return;
    }
    do {
      this.#check = "running";
      const since = this.#options.delivery.feed.position;
      // Many streams of one caller on one thing are one question.
      const answers = new Map<string, Promise<readonly StreamSite[]>>();
      for (const stream of [...this.#streams]) {
        const { caller, scope } = stream;
        const key = JSON.stringify([caller.identityId, caller.sites, scope]);
        const sites = answers.get(key) ?? this.#options.sitesOf(stream);
        answers.set(key, sites);
        await this.#recheckOne(stream, sites, since);
      }
    } while (this.#wantsAnotherRound());
    this.#check = "idle";
  }

  #wantsAnotherRound(): boolean {
    return this.#check === "again";
  }

  /**
   * Ends all streams, spread over a time so that their clients do not all come back at once; each is
   * told a random moment to return. Resolves when all have ended.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const streams = [...this.#streams];
    const slices = 20;
    for (let slice = 0; slice < slices && streams.length > 0; slice++) {
      const count = Math.ceil(streams.length / (slices - slice));
      for (const stream of streams.splice(0, count)) {
        stream.end("going_away", 500 + Math.random() * 4_500);
      }
      if (streams.length > 0) await sleep(this.#options.drainMs / slices);
    }
  }

  async #recheckOne(
    stream: SseStream,
    sites: Promise<readonly StreamSite[]>,
    since: number,
  ): Promise<void> {
    try {
      await this.#applySites(stream, await sites, since);
    } catch (error) {
      const code: ErrorCode = error instanceof NovacoreError ? error.code : "internal";
      const isFinal = code !== "internal" && code !== "unavailable";
      // A registry that cannot answer must not leave somebody listening who has no right any more.
      if (!isFinal) this.#options.log.error({ err: error }, "grants could not be checked again");
      stream.end(isFinal ? code : "unavailable");
    }
  }

  async #applySites(stream: SseStream, sites: readonly StreamSite[], since: number): Promise<void> {
    const { delivery } = this.#options;
    const { subscriber } = stream;
    if (subscriber === undefined || !stream.isOpen) return;
    const current = new Set(subscriber.sites.map(({ siteId }) => siteId));
    const allowed = new Set(sites.map(({ siteId }) => siteId));
    const removed = new Set([...current].filter((siteId) => !allowed.has(siteId)));
    if (removed.size > 0) delivery.release(subscriber.removeSites(removed));
    const added = sites.filter(({ siteId }) => !current.has(siteId));
    if (added.length === 0) return;
    const feeds = await delivery.acquire(added);
    if (!stream.isOpen) delivery.release(feeds);
    else await subscriber.addSites(feeds, since);
  }
}

function take(counts: Map<string, number>, key: string, max: number, what: string): void {
  const count = counts.get(key) ?? 0;
  if (count >= max) {
    const message = `This ${what} has ${count} streams open, the most allowed; close some first.`;
    throw new NovacoreError("too_many_connections", message);
  }
  counts.set(key, count + 1);
}

function give(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0;
  if (count <= 1) counts.delete(key);
  else counts.set(key, count - 1);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
