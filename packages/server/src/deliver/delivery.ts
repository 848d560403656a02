import type { NatsConnection } from "@nats-io/transport-node";
import { NovacoreError, type Selection } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Archive } from "./archive.ts";
import type { EventBatch } from "./batch.ts";
import { Feed, type FeedLog } from "./feed.ts";
import type { StreamSite } from "./filters.ts";
import { Groups, momentMs } from "./group.ts";
import { findOpening, type OpeningParts } from "./opening.ts";
import type { Opening, Outlet } from "./outlet.ts";
import { SharedAnswer } from "./shared-answer.ts";
import { coveredFrom, type SiteFeed } from "./site-feed.ts";
import { type StreamBounds, StreamReader } from "./stream-reader.ts";
import { Subscriber, type SubscriberParts, type SubscriberWish } from "./subscriber.ts";
import { Turnstile } from "./turnstile.ts";
import { WatchedSites } from "./watched-sites.ts";
import { type Timed, Wheel } from "./wheel.ts";

export interface DeliveryMetrics {
  readonly conflated: { inc(count: number): void };
  readonly gapsRepaired: { inc(count: number): void };
  readonly replays: { set(count: number): void };
  /** Seconds from a reading's arrival at the hub until it was handed to sockets. */
  readonly latency: { observe(seconds: number): void };
}

export interface DeliveryOptions {
  /** Account HUB: brings live readings. */
  readonly connection: NatsConnection;
  /** Account HUB, for reading back. The server scans inline, so it is best a connection of its own. */
  readonly readConnection: NatsConnection;
  readonly log: FeedLog;
  readonly metrics: DeliveryMetrics;
  /** Readings that the stream does not hold any more; undefined: they are gone. */
  readonly archive?: Archive | undefined;
  /** Default: the clock. */
  readonly now?: () => number;
}

/** What a transport needs to open a stream. */
export interface StreamRequest {
  /** Whose stream it is: an identity, which takes turns with others when many read back. */
  readonly party: string;
  readonly sites: readonly StreamSite[];
  readonly selection: Selection;
  /** The position that a reconnecting client says by itself; wins over the selection's own. */
  readonly lastEventId?: string | undefined;
  /** How long readings are gathered into one batch; default: a moment. */
  readonly gatherMs?: number | undefined;
}

/** A stream whose start is known: errors are over, the answer may begin. */
export interface PreparedStream {
  /** Starts sending; resolves once live or closed. Throws `unavailable` when the stream cannot be read. */
  start(): Promise<void>;
  readonly subscriber: Subscriber;
}

/** Everything between the stream of stored readings and the transports that listeners use. */
export class Delivery {
  readonly wheel: Wheel;
  readonly now: () => number;
  readonly feed: Feed;
  readonly watchedSites: WatchedSites;
  readonly #parts: SubscriberParts & OpeningParts;
  readonly #subscribers = new Set<Subscriber>();
  readonly #metrics: DeliveryMetrics;
  #catchingUp = 0;

  constructor(bounds: StreamBounds, reader: StreamReader, options: DeliveryOptions) {
    const { connection, log, metrics, archive, now = Date.now } = options;
    this.now = now;
    this.wheel = new Wheel(now);
    this.#metrics = metrics;
    this.feed = new Feed(bounds, {
      connection,
      reader,
      now,
      log,
      onRepaired: (readings) => metrics.gapsRepaired.inc(readings),
    });
    // Waiting that a listener asked for is no latency.
    const groups = new Groups((batch, { gatherMs }) => {
      if (gatherMs <= momentMs) this.#observe(batch);
    });
    const turnstile = new Turnstile(limits.replaysMax);
    const shared = new SharedAnswer(() => reader.bounds());
    const { feed, wheel } = this;
    this.watchedSites = new WatchedSites({ feed, reader, turnstile, wheel, log, now });
    this.#parts = {
      ...{ feed, reader, groups, turnstile, wheel, log, now, watchedSites: this.watchedSites },
      ...{ archive, archiveTurnstile: new Turnstile(limits.archiveReplaysMax) },
      bounds: () => shared.ask(),
      onConflated: (readings) => metrics.conflated.inc(readings),
    };
    this.feed.onReset((reason, newBounds) => {
      groups.flushAll();
      for (const subscriber of this.#subscribers) subscriber.reset(reason, newBounds);
    });
    const sweep: Timed = {
      onTime: (nowMs) => {
        this.feed.sweep(nowMs);
        this.wheel.at(nowMs + sweepMs, sweep);
      },
    };
    this.wheel.at(now() + sweepMs, sweep);
  }

  /** Open streams, sites subscribed, reads under way: what a leak would show in. */
  get usage(): Readonly<Record<"subscribers" | "sites" | "groups" | "watched" | "timers", number>> {
    return {
      subscribers: this.#subscribers.size,
      sites: this.feed.siteCount,
      groups: this.#parts.groups.size,
      watched: this.watchedSites.size,
      timers: this.wheel.size,
    };
  }

  /**
   * Finds out where a stream starts. `createOutlet` is called when nothing can go wrong any more.
   * Throws `cursor_invalid`, `validation_failed`, or `unavailable` when the stream cannot be asked
   * or too many wait to catch up.
   */
  async prepare(request: StreamRequest): Promise<{
    /** Makes the stream; the caller closes it with `close`. */
    open(outlet: Outlet): PreparedStream;
    /** Gives up what was prepared and not opened. */
    abandon(): void;
  }> {
    const { party, selection, gatherMs } = request;
    const feeds = await this.acquire(request.sites);
    try {
      const opening = await findOpening({ ...request, feeds }, this.#parts);
      const needsReading = opening.snapshot || opening.position < coveredFrom(feeds);
      const { turnstile, archiveTurnstile } = this.#parts;
      const waiting = turnstile.waitingOf(party) + archiveTurnstile.waitingOf(party);
      if (needsReading && waiting >= limits.replayWaitersMax) {
        const message = `${waiting} of your streams wait for their turn to catch up; come back shortly.`;
        throw new NovacoreError("unavailable", message);
      }
      return {
        open: (outlet) => this.#open({ party, selection, feeds, outlet, gatherMs }, opening),
        abandon: () => this.release(feeds),
      };
    } catch (error) {
      this.release(feeds);
      throw error;
    }
  }

  /** Feeds of sites, live, by site id. Each must be released. Throws `unavailable`. */
  async acquire(sites: readonly StreamSite[]): Promise<readonly SiteFeed[]> {
    const sorted = sites.toSorted((a, b) => (a.siteId < b.siteId ? -1 : 1));
    const feeds = sorted.map((site) => this.feed.acquire(site));
    try {
      await Promise.all(feeds.map((feed) => feed.ready));
      return feeds;
    } catch (error) {
      this.release(feeds);
      throw error instanceof NovacoreError
        ? error
        : new NovacoreError("unavailable", undefined, { cause: error });
    }
  }

  release(feeds: readonly SiteFeed[]): void {
    for (const feed of feeds) this.feed.release(feed);
  }

  /** Ends a subscriber; its sites are given up once nobody else listens. */
  close(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    this.release(subscriber.close());
  }

  stop(): void {
    for (const subscriber of this.#subscribers) this.close(subscriber);
    this.feed.stop();
    this.wheel.stop();
  }

  #open(wish: Omit<SubscriberWish, "position">, opening: Opening): PreparedStream {
    const subscriber = new Subscriber(this.#parts, { ...wish, position: opening.position });
    this.#subscribers.add(subscriber);
    const start = async (): Promise<void> => {
      this.#catchingUp++;
      this.#metrics.replays.set(this.#catchingUp);
      try {
        await subscriber.start(opening);
      } finally {
        this.#catchingUp--;
        this.#metrics.replays.set(this.#catchingUp);
      }
    };
    return { start, subscriber };
  }

  #observe(batch: EventBatch): void {
    const nowMs = this.now();
    for (const { receivedAtMs } of batch.events) {
      if (receivedAtMs > 0)
        this.#metrics.latency.observe(Math.max(0, nowMs - receivedAtMs) / 1_000);
    }
  }
}

/** Asks the stream where it stands, and starts delivering. Throws `unavailable`. */
export async function createDelivery(options: DeliveryOptions): Promise<Delivery> {
  const reader = new StreamReader(options.readConnection);
  return new Delivery(await reader.bounds(), reader, options);
}

const sweepMs = 5_000;
