import { DeliveredEvent } from "./event.ts";
import type { Feed, FeedLog } from "./feed.ts";
import { siteFilters } from "./filters.ts";
import { type Liveness, type SeenReading, SiteLiveness } from "./liveness.ts";
import { readAddress } from "./message.ts";
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
  watch(
    feeds: readonly SiteFeed[],
    wants: (reading: SeenReading) => boolean,
    tell: (liveness: Liveness) => void,
  ): () => void {
    const stops = feeds.map((feed) => this.#watchOne(feed, { wants, tell }));
    return () => {
      for (const stop of stops) stop();
    };
  }

  #watchOne(feed: SiteFeed, watcher: Parameters<SiteLiveness["watch"]>[0]): () => void {
    const known = this.#sites.get(feed);
    const site = known ?? new WatchedSite(feed, this.#options);
    this.#sites.set(feed, site);
    site.users++;
    let unwatch: (() => void) | undefined;
    let hasLeft = false;
    void site.ready.then(() => {
      if (!hasLeft) unwatch = site.liveness.watch(watcher, this.#options.now());
    });
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

  async #readLast(): Promise<void> {
    const { feed, reader, turnstile, log, now } = this.#options;
    try {
      const filters = siteFilters([this.#feed.site], {});
      // The hub's feed moves with what it hears; of a silent site the fence knows more.
      const newest = Math.max(feed.position, this.#feed.ring.coveredFrom);
      const messages = await turnstile.pass(() => reader.last(filters, 1, newest));
      for (const { subject, sequence, payload } of messages) {
        const address = readAddress(subject);
        if (address === undefined) continue;
        const { type, receivedAtMs } = new DeliveredEvent(feed.epoch, sequence, address, payload);
        this.liveness.remember({ address, type, receivedAtMs });
      }
    } catch (error) {
      // What comes from now on is told all the same.
      log.warn({ err: error, siteId: this.#feed.site.siteId }, "liveness could not look back");
    }
    if (!this.#isClosed) this.onTime(now());
  }
}
