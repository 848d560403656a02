import { setImmediate } from "node:timers/promises";
import { DeliveredEvent } from "./event.ts";
import type { Feed, FeedLog } from "./feed.ts";
import { siteFilters } from "./filters.ts";
import { type LivenessWatcher, SiteLiveness } from "./liveness.ts";
import { readAddress, type StoredMessage } from "./message.ts";
import { replayLast } from "./replay.ts";
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

/** The sites whose liveness somebody watches; each is followed once, whoever asks. */
export class WatchedSites {
  readonly #options: WatchedSitesOptions;
  readonly #sites = new Map<SiteFeed, WatchedSite>();

  constructor(options: WatchedSitesOptions) {
    this.#options = options;
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
    const site = known ?? new WatchedSite(feed, this.#options);
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
  readonly liveness = new SiteLiveness();
  users = 0;
  /** Resolves when the stream was asked for the last reading of each DER. Never rejects. */
  readonly ready: Promise<void>;
  readonly #feed: SiteFeed;
  readonly #options: WatchedSitesOptions;
  #isClosed = false;

  constructor(feed: SiteFeed, options: WatchedSitesOptions) {
    this.#feed = feed;
    this.#options = options;
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

  #remember({ subject, sequence, payload }: StoredMessage): void {
    const address = readAddress(subject);
    if (address === undefined) return;
    const { epoch } = this.#options.feed;
    const { type, receivedAtMs } = new DeliveredEvent(epoch, sequence, address, payload);
    this.liveness.remember({ address, type, receivedAtMs });
  }

  async #readLast(): Promise<void> {
    const { feed, reader, turnstile, log, now } = this.#options;
    try {
      const filters = siteFilters([this.#feed.site], {});
      // The hub's feed moves with what it hears; of a silent site the fence knows more.
      const newest = Math.max(feed.position, this.#feed.ring.coveredFrom);
      const replay = replayLast(reader, filters, 0, newest);
      while (replay.position < newest && !this.#isClosed) {
        for (const message of await turnstile.pass(() => replay.next(newest))) {
          this.#remember(message);
        }
      }
    } catch (error) {
      // What comes from now on is told all the same.
      log.warn({ err: error, siteId: this.#feed.site.siteId }, "liveness could not look back");
    }
    if (!this.#isClosed) this.onTime(now());
  }
}
