import { setImmediate } from "node:timers/promises";
import type { DeliveredEvent } from "./event.ts";
import type { Feed, FeedLog } from "./feed.ts";
import { siteFilters } from "./filters.ts";
import { type LastSeen, readLastSeen } from "./last-seen.ts";
import {
  type ExplainSilence,
  type LivenessWatcher,
  type Silence,
  SiteLiveness,
} from "./liveness.ts";
import type { SiteFeed, SiteListener } from "./site-feed.ts";
import type { StreamReader } from "./stream-reader.ts";
import type { Turnstile } from "./turnstile.ts";
import type { Timed, Wheel } from "./wheel.ts";

export interface WatchedSitesOptions {
  readonly feed: Feed;
  readonly reader: StreamReader;
  readonly turnstile: Turnstile;
  readonly wheel: Wheel;
  readonly now: () => number;
  readonly log: FeedLog;
}

/** A watcher that is told no faster than it listens. */
export interface PacedWatcher extends LivenessWatcher {
  unclogged(): Promise<void>;
}

/** Finds out why DERs of a site are silent. */
export type ExplainSiteSilence = (siteId: string, silence: Silence) => ReturnType<ExplainSilence>;

/** The sites whose liveness somebody watches; each is followed once, whoever asks. */
export class WatchedSites {
  readonly #options: WatchedSitesOptions;
  readonly #sites = new Map<SiteFeed, WatchedSite>();
  #explain: ExplainSiteSilence = async () => new Map();

  constructor(options: WatchedSitesOptions) {
    this.#options = options;
  }

  /** From now on watchers are told why a DER is silent, as this finds out. */
  explainBy(explain: ExplainSiteSilence): void {
    this.#explain = explain;
  }

  /** What the stream knows of the DERs under some subjects now. Throws `unavailable`. */
  async lastSeen(party: string, filters: readonly string[]): Promise<readonly LastSeen[]> {
    const { newest } = await this.#options.reader.bounds();
    return readLastSeen({ ...this.#options, party }, filters, newest);
  }

  /** What is known of a DER's arrivals, if somebody watches its site. */
  knownOf(siteId: string, derId: string): ReturnType<SiteLiveness["knownOf"]> | undefined {
    for (const [feed, site] of this.#sites) {
      if (feed.site.siteId === siteId) return site.liveness.knownOf(derId);
    }
    return undefined;
  }

  /** Sites followed, for leak tests. */
  get size(): number {
    return this.#sites.size;
  }

  /** Tells how the DERs of these sites do, now and whenever it changes. Gives the end of it. */
  watch(feeds: readonly SiteFeed[], watcher: PacedWatcher): () => void {
    const stops = feeds.map((feed) => this.#watchOne(feed, watcher));
    return () => {
      for (const stop of stops) stop();
    };
  }

  #watchOne(feed: SiteFeed, watcher: PacedWatcher): () => void {
    const known = this.#sites.get(feed);
    const site = known ?? new WatchedSite(feed, this.#options, this.#explain);
    this.#sites.set(feed, site);
    site.users++;
    let unwatch: (() => void) | undefined;
    let hasLeft = false;
    const begin = async (): Promise<void> => {
      await site.ready;
      if (!hasLeft) unwatch = site.liveness.watch(watcher);
      for (let index: number | undefined = 0; index !== undefined && !hasLeft; ) {
        await watcher.unclogged();
        if (hasLeft) return;
        index = site.liveness.tellKnown(watcher, this.#options.now(), index);
        await setImmediate();
      }
    };
    void begin();
    return () => {
      hasLeft = true;
      unwatch?.();
      site.users--;
      if (site.users > 0) return;
      site.close();
      if (this.#sites.get(feed) === site) this.#sites.delete(feed);
    };
  }
}

class WatchedSite implements SiteListener, Timed {
  readonly liveness: SiteLiveness;
  users = 0;
  /** Resolves when the stream was asked for the last reading of each DER. Never rejects. */
  readonly ready: Promise<void>;
  readonly #feed: SiteFeed;
  readonly #options: WatchedSitesOptions;
  #isClosed = false;

  constructor(feed: SiteFeed, options: WatchedSitesOptions, explain: ExplainSiteSilence) {
    this.#feed = feed;
    this.#options = options;
    const { siteId } = feed.site;
    const explainHere = async (silence: Silence) => {
      try {
        return await explain(siteId, silence);
      } catch (error) {
        options.log.warn({ err: error, siteId }, "nobody knows why some DERs are silent");
        return new Map();
      }
    };
    this.liveness = new SiteLiveness({ explain: explainHere, now: options.now });
    feed.listeners.add(this);
    this.ready = this.#readLast();
  }

  take({ address, type, receivedAtMs }: DeliveredEvent): void {
    this.liveness.take({ address, type, receivedAtMs }, this.#options.now());
  }

  onTime(nowMs: number): void {
    // While the hub itself hears nothing, the silence says nothing of the devices.
    const nextMs = this.#options.feed.isLive ? this.liveness.look(nowMs) : nowMs + 1_000;
    this.#options.wheel.at(nextMs, this);
  }

  close(): void {
    this.#isClosed = true;
    this.#feed.listeners.delete(this);
    this.#options.wheel.cancel(this);
  }

  async #readLast(): Promise<void> {
    const { feed, log, now } = this.#options;
    try {
      const filters = siteFilters([this.#feed.site], {});
      // The hub's feed moves with what it hears; of a silent site the fence knows more.
      const newest = Math.max(feed.position, this.#feed.ring.coveredFrom);
      const parts = { ...this.#options, party: "" };
      for (const { gapsMs, ...reading } of await readLastSeen(parts, filters, newest)) {
        this.liveness.remember(reading, now(), gapsMs);
      }
    } catch (error) {
      // What comes from now on is told all the same.
      log.warn({ err: error, siteId: this.#feed.site.siteId }, "liveness could not look back");
    }
    await this.liveness.explained();
    if (!this.#isClosed) this.onTime(now());
  }
}
