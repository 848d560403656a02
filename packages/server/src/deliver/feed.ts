// layout: one state machine; its states read together
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import { limits } from "../limits.ts";
import { type StreamSite, subjectFilters } from "./filters.ts";
import { readLiveMessage, type StoredMessage } from "./message.ts";
import { repairGap } from "./repair.ts";
import { replayAll } from "./replay.ts";
import type { RingBudget, RingLimits } from "./ring.ts";
import { type Gap, SiteFeed } from "./site-feed.ts";
import type { StreamBounds, StreamReader } from "./stream-reader.ts";

export interface FeedLog {
  warn(object: object, message: string): void;
  error(object: object, message: string): void;
}

export interface FeedOptions {
  /** Live readings come over this one. */
  readonly connection: NatsConnection;
  readonly reader: StreamReader;
  readonly now: () => number;
  readonly log: FeedLog;
  readonly onRepaired: (readings: number) => void;
  readonly ring?: RingLimits;
}

/** Why cursors given out before do not count any more. */
export type FeedReset = "cursor_epoch_changed" | "cursor_in_future" | "cursor_expired";

type State =
  | { readonly kind: "live" }
  /** Live messages are held back until what was missed has been read from the stream. */
  | { readonly kind: "resyncing"; held: Held[]; heldBytes: number; hasOverflowed: boolean }
  | { readonly kind: "stopped" };

interface Held {
  readonly feed: SiteFeed;
  readonly message: StoredMessage;
}

/**
 * The hub's live readings: one core subscription per site that somebody listens to. Stored readings
 * arrive in stream order over one connection, so `position` holds for all live sites at once. After
 * a reconnect the missed part is read from the stream before anything new goes out.
 */
export class Feed {
  /** Creation time of the stream, epoch ms. */
  epoch: number;
  /** All live sites are complete up to here. */
  position: number;
  readonly #options: FeedOptions;
  readonly #sites = new Map<string, { feed: SiteFeed; subscription: Subscription }>();
  readonly #budget: RingBudget = { usedBytes: 0, bytesMax: limits.ringsBytesMax };
  readonly #resetListeners = new Set<(reason: FeedReset, bounds: StreamBounds) => void>();
  #state: State = { kind: "live" };
  /** Counts lost connections: work that spans one must be done again. */
  #generation = 0;
  #starting: SiteFeed[] = [];
  #isStarting = false;

  constructor(bounds: StreamBounds, options: FeedOptions) {
    this.epoch = bounds.epoch;
    this.position = bounds.newest;
    this.#options = options;
    void this.#watchConnection();
  }

  /** Whether readings arrive as they are stored; false while it reads back what it missed. */
  get isLive(): boolean {
    return this.#state.kind === "live";
  }

  /** Sites subscribed, for metrics and leak tests. */
  get siteCount(): number {
    return this.#sites.size;
  }

  /** The feed of a site; `await feed.ready` before use. Each acquire needs a release. */
  acquire(site: StreamSite): SiteFeed {
    const known = this.#sites.get(site.siteId);
    if (known !== undefined) {
      known.feed.users++;
      return known.feed;
    }
    const ring = this.#options.ring ?? { ageMs: limits.ringMs, bytesMax: limits.ringBytesMax };
    const feed = new SiteFeed(site, ring, this.#budget);
    feed.users = 1;
    const subject = `live.orgs.${site.orgId}.sites.${site.siteId}.>`;
    const subscription = this.#options.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) this.#receive(feed, message);
        else this.#options.log.error({ err: error, subject }, "a live subscription ended");
      },
    });
    this.#sites.set(site.siteId, { feed, subscription });
    this.#starting.push(feed);
    void this.#startSites();
    return feed;
  }

  /** The site lingers, with its ring, for those who come back. */
  release(feed: SiteFeed): void {
    feed.users--;
    feed.idleSinceMs = this.#options.now();
  }

  /** Calls back when the stream has become another one; every cursor starts anew. */
  onReset(listener: (reason: FeedReset, bounds: StreamBounds) => void): () => void {
    this.#resetListeners.add(listener);
    return () => {
      this.#resetListeners.delete(listener);
    };
  }

  /** Trims the rings, and gives up sites that nobody has listened to for as long as a ring lasts. */
  sweep(nowMs: number, lingerMs: number = limits.ringMs): void {
    for (const [siteId, { feed, subscription }] of this.#sites) {
      feed.ring.trim(nowMs);
      if (feed.users > 0 || feed.idleSinceMs + lingerMs > nowMs) continue;
      this.#drop(siteId, feed, subscription);
    }
  }

  stop(): void {
    this.#state = { kind: "stopped" };
    for (const [siteId, { feed, subscription }] of this.#sites) {
      this.#drop(siteId, feed, subscription);
    }
    this.#resetListeners.clear();
  }

  #drop(siteId: string, feed: SiteFeed, subscription: Subscription): void {
    if (!subscription.isClosed()) subscription.unsubscribe();
    feed.ring.clear();
    if (this.#sites.get(siteId)?.feed === feed) this.#sites.delete(siteId);
  }

  /** Makes new sites live behind one fence: subscribed, flushed, then the stream's end asked. */
  async #startSites(): Promise<void> {
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      // Everybody who asks in this turn of the event loop shares one fence.
      await Promise.resolve();
      while (this.#starting.length > 0) {
        const feeds = this.#starting;
        this.#starting = [];
        await this.#fence(feeds);
      }
    } finally {
      this.#isStarting = false;
    }
  }

  async #fence(feeds: readonly SiteFeed[]): Promise<void> {
    const generation = this.#generation;
    try {
      await this.#options.connection.flush();
      const bounds = await this.#options.reader.bounds();
      if (generation !== this.#generation) {
        this.#starting.push(...feeds);
        return;
      }
      if (bounds.epoch !== this.epoch) this.#suspect();
      for (const feed of feeds) feed.goLive(bounds.newest);
    } catch (error) {
      for (const feed of feeds) {
        const entry = this.#sites.get(feed.site.siteId);
        if (entry?.feed === feed) this.#drop(feed.site.siteId, feed, entry.subscription);
        feed.fail(error);
      }
    }
  }

  #receive(feed: SiteFeed, message: Msg): void {
    const stored = readLiveMessage(message);
    if (stored === undefined) return;
    if (this.#state.kind === "live" && stored.sequence <= this.position && feed.isLive) {
      // One connection brings the stream in order: going back means that it is another stream.
      if (feed.ring.coveredFrom < stored.sequence) this.#suspect();
    }
    switch (this.#state.kind) {
      case "live":
        this.#dispatch(feed, stored);
        break;
      case "resyncing":
        this.#hold(this.#state, feed, stored);
        break;
      case "stopped":
        break;
    }
  }

  #dispatch(feed: SiteFeed, message: StoredMessage): void {
    try {
      if (message.sequence > this.position) this.position = message.sequence;
      const gap = feed.accept(message, this.epoch, this.#options.now());
      if (gap !== undefined) void this.#repair(feed, gap);
    } catch (error) {
      const { sequence, subject } = message;
      this.#options.log.error({ err: error, sequence, subject }, "a reading was not delivered");
    }
  }

  #hold(
    state: Extract<State, { kind: "resyncing" }>,
    feed: SiteFeed,
    message: StoredMessage,
  ): void {
    state.heldBytes += message.payload.length;
    if (state.heldBytes > limits.feedHeldBytesMax) {
      // They are in the stream as well: another round reads them there.
      state.hasOverflowed = true;
      state.held = [];
      return;
    }
    state.held.push({ feed, message });
  }

  async #watchConnection(): Promise<void> {
    for await (const { type } of this.#options.connection.status()) {
      if (this.#state.kind === "stopped") return;
      if (type === "disconnect") {
        this.#generation++;
        if (this.#state.kind === "live") this.#state = resyncing();
      } else if (type === "reconnect") {
        void this.#resync();
      }
    }
  }

  /** Something does not fit: look whether the stream is still the one we know. */
  #suspect(): void {
    if (this.#state.kind !== "live") return;
    this.#state = resyncing();
    void this.#resync();
  }

  async #resync(): Promise<void> {
    const generation = this.#generation;
    for (let attempt = 0; this.#isCurrent(generation); attempt++) {
      try {
        if (await this.#catchUp(generation)) return;
      } catch (error) {
        this.#options.log.warn({ err: error, attempt }, "the live feed could not catch up yet");
        const waitMs = Math.min(5_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2);
        await new Promise((resolve) => setTimeout(resolve, waitMs).unref());
      }
    }
  }

  /** Reads what was missed, then what was held back; false if more was missed meanwhile. */
  async #catchUp(generation: number): Promise<boolean> {
    await this.#options.connection.flush();
    const bounds = await this.#options.reader.bounds();
    if (!this.#isCurrent(generation) || this.#state.kind !== "resyncing") return true;
    const reason = this.#resetReason(bounds);
    if (reason === undefined) await this.#readMissed(bounds.newest, generation);
    else this.#restart(reason, bounds);
    if (!this.#isCurrent(generation)) return true;
    const { held, hasOverflowed } = this.#state;
    if (hasOverflowed) {
      this.#state = resyncing();
      return false;
    }
    this.#state = { kind: "live" };
    for (const { feed, message } of held) {
      if (message.sequence > bounds.newest) this.#dispatch(feed, message);
    }
    return true;
  }

  async #readMissed(newest: number, generation: number): Promise<void> {
    const feeds = new Map<string, SiteFeed>();
    for (const { feed } of this.#sites.values()) {
      if (feed.isLive) feeds.set(feed.site.siteId, feed);
    }
    if (feeds.size > 0 && newest > this.position) {
      const filters = subjectFilters([...feeds.values()].map(({ site }) => site));
      const replay = replayAll(this.#options.reader, filters, this.position);
      while (replay.position < newest && this.#isCurrent(generation)) {
        for (const message of await replay.next(newest)) {
          const feed = feeds.get(siteOf(message.subject));
          if (feed !== undefined) this.#dispatch(feed, message);
        }
      }
    }
    if (this.#isCurrent(generation)) this.position = Math.max(this.position, newest);
  }

  #resetReason({ epoch, oldest, newest }: StreamBounds): FeedReset | undefined {
    if (epoch !== this.epoch) return "cursor_epoch_changed";
    if (newest < this.position) return "cursor_in_future";
    return oldest > this.position + 1 ? "cursor_expired" : undefined;
  }

  #restart(reason: FeedReset, bounds: StreamBounds): void {
    this.epoch = bounds.epoch;
    this.position = bounds.newest;
    for (const { feed } of this.#sites.values()) {
      if (feed.isLive) feed.restart(bounds.newest);
    }
    for (const listener of this.#resetListeners) listener(reason, bounds);
  }

  async #repair(feed: SiteFeed, gap: Gap): Promise<void> {
    const { reader, log, now, onRepaired } = this.#options;
    const repaired = await repairGap(reader, log, gap, (message) => {
      if (this.#state.kind === "stopped") return;
      feed.acceptLate(message, this.epoch, this.position, now());
    });
    onRepaired(repaired);
  }

  #isCurrent(generation: number): boolean {
    return this.#generation === generation && this.#state.kind !== "stopped";
  }
}

function resyncing(): State {
  return { kind: "resyncing", held: [], heldBytes: 0, hasOverflowed: false };
}

/** orgs.{org}.sites.{site}.… */
function siteOf(subject: string): string {
  return subject.split(".", 4)[3] ?? "";
}
