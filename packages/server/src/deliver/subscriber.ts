import { encodeCursor } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { EventBatch } from "./batch.ts";
import { DeliveredEvent } from "./event.ts";
import type { Feed, FeedReset } from "./feed.ts";
import { type StreamSite, siteFilters, subjectFilters } from "./filters.ts";
import type { Groups, Member } from "./group.ts";
import { Latest } from "./latest.ts";
import { readAddress, type StoredMessage } from "./message.ts";
import { type Opening, type Outlet, toReset } from "./outlet.ts";
import { Replay } from "./replay.ts";
import { createMatcher, filterKey, type Selection } from "./selection.ts";
import { coveredFrom, type SiteFeed } from "./site-feed.ts";
import type { StreamBounds, StreamReader } from "./stream-reader.ts";
import type { Turnstile } from "./turnstile.ts";
import type { Wheel } from "./wheel.ts";

/** What every subscriber of a hub uses. */
export interface SubscriberParts {
  readonly feed: Feed;
  readonly reader: StreamReader;
  readonly groups: Groups;
  readonly turnstile: Turnstile;
  readonly wheel: Wheel;
  readonly now: () => number;
  readonly onConflated: (readings: number) => void;
}

type State =
  | { readonly kind: "catching-up" }
  | { readonly kind: "live"; readonly leave: () => void }
  | { readonly kind: "closed" };

/**
 * One listener's stream: the past at the listener's own pace, then live. While it catches up, the
 * live part is kept as a position and not as a queue: it reads the stream until it reaches what the
 * rings hold, then the rings until nothing is left, and joins its group in that same turn.
 */
export class Subscriber implements Member {
  /** What was handed to the outlet, or passed over, up to here. */
  position = 0;
  readonly #parts: SubscriberParts;
  readonly #outlet: Outlet;
  readonly #selection: Selection;
  readonly #matches: ((event: DeliveredEvent) => boolean) | undefined;
  readonly #latest: Latest | undefined;
  #feeds: readonly SiteFeed[];
  #siteIds: ReadonlySet<string>;
  #state: State = { kind: "catching-up" };
  /** What the group brings up to here was sent before. */
  #floor = 0;

  constructor(
    parts: SubscriberParts,
    selection: Selection,
    feeds: readonly SiteFeed[],
    outlet: Outlet,
  ) {
    this.#parts = parts;
    this.#selection = selection;
    this.#feeds = feeds;
    this.#siteIds = new Set(feeds.map(({ site }) => site.siteId));
    this.#outlet = outlet;
    this.#matches = createMatcher(selection);
    const isLatest = selection.mode === "latest" || selection.min_interval_ms !== undefined;
    this.#latest = isLatest ? this.#createLatest(selection.min_interval_ms ?? 0) : undefined;
  }

  get cursor(): string {
    return encodeCursor({ epoch: this.#parts.feed.epoch, sequence: this.position });
  }

  get isClosed(): boolean {
    return this.#state.kind === "closed";
  }

  /** Sends what the opening asks for, then goes live. Resolves once live or closed. */
  async start(opening: Opening): Promise<void> {
    this.position = opening.position;
    if (opening.reset !== undefined) this.#outlet.tellReset(opening.reset);
    if (opening.snapshot) await this.#sendLast(1, opening.position);
    if (this.isClosed) return;
    this.#outlet.tellPosition(this.cursor);
    await this.#catchUp();
    const hasPast = opening.isPast || opening.snapshot;
    if (hasPast && !this.isClosed) this.#outlet.tellCaughtUp(this.cursor);
  }

  deliver(batch: EventBatch): void {
    if (this.#state.kind !== "live") return;
    if (batch.firstPosition <= this.#floor) {
      const rest = batch.after(this.#floor);
      if (rest.events.length > 0) this.#pass(rest);
      return;
    }
    this.#pass(batch);
  }

  /** Where the stream's readings come from, after somebody's grants changed. */
  get sites(): readonly StreamSite[] {
    return this.#feeds.map(({ site }) => site);
  }

  /**
   * Sites were taken away: nothing of them goes out any more, as of now.
   * Gives the feeds to be released.
   */
  removeSites(removed: ReadonlySet<string>): readonly SiteFeed[] {
    const gone = this.#feeds.filter(({ site }) => removed.has(site.siteId));
    this.#setFeeds(this.#feeds.filter(({ site }) => !removed.has(site.siteId)));
    return gone;
  }

  /** Sites came in, live by now: what was stored in them after `since` is sent, late. */
  async addSites(feeds: readonly SiteFeed[], since: number): Promise<void> {
    const wasLive = this.#state.kind === "live";
    this.#setFeeds([...this.#feeds, ...feeds].sort(bySiteId));
    // Catching up goes on with the new sites from where it is.
    if (!wasLive) return;
    // What came before this turn, the group did not get for us.
    const fence = Math.max(coveredFrom(feeds), this.#parts.feed.position);
    const filters = subjectFilters(feeds.map(({ site }) => site));
    const replay = new Replay(this.#parts.reader, filters, since);
    const added = new Set(feeds.map(({ site }) => site.siteId));
    while (replay.position < fence && !this.isClosed) {
      const messages = await this.#parts.turnstile.pass(() => replay.next(fence));
      const missed = messages.filter(({ sequence }) => sequence <= fence);
      const events = missed.flatMap((message) => this.#toEvent(message, this.position));
      const wanted = events.filter(({ address }) => added.has(address.siteId));
      if (wanted.length > 0 && !this.isClosed) this.#pass(new EventBatch(wanted));
      await this.#outlet.drained();
    }
  }

  /** The stream has become another one. */
  reset(reason: FeedReset, bounds: StreamBounds): void {
    if (this.isClosed) return;
    this.position = bounds.newest;
    this.#floor = 0;
    this.#latest?.clear();
    this.#outlet.tellReset(toReset(reason, bounds));
    this.#outlet.tellPosition(this.cursor);
  }

  /** Takes nothing more; gives the feeds to be released. */
  close(): readonly SiteFeed[] {
    if (this.#state.kind === "live") this.#state.leave();
    this.#state = { kind: "closed" };
    this.#latest?.close();
    const feeds = this.#feeds;
    this.#feeds = [];
    return feeds;
  }

  #setFeeds(feeds: readonly SiteFeed[]): void {
    if (this.isClosed) return;
    this.#feeds = feeds;
    this.#siteIds = new Set(feeds.map(({ site }) => site.siteId));
    if (this.#state.kind !== "live") return;
    this.#state.leave();
    this.#goLive();
  }

  async #catchUp(): Promise<void> {
    const { feed } = this.#parts;
    let { epoch } = feed;
    let feeds = this.#feeds;
    let replay: Replay | undefined;
    while (!this.isClosed) {
      await this.#outlet.drained();
      if (epoch !== feed.epoch || feeds !== this.#feeds) {
        replay = undefined;
        epoch = feed.epoch;
        feeds = this.#feeds;
      }
      const covered = coveredFrom(this.#feeds);
      if (this.isClosed) return;
      if (this.position >= covered) {
        if (this.#sendFromRings()) return this.#goLive();
      } else if (this.#latest !== undefined) {
        await this.#sendLast(this.position + 1, covered);
        this.position = Math.max(this.position, covered);
      } else {
        replay ??= new Replay(
          this.#parts.reader,
          subjectFilters(this.sites, this.#selection),
          this.position,
        );
        await this.#sendFromStream(replay, covered);
      }
    }
  }

  /** One batch of the stream. */
  async #sendFromStream(replay: Replay, covered: number): Promise<void> {
    const { epoch } = this.#parts.feed;
    const messages = await this.#parts.turnstile.pass(() => replay.next(covered));
    if (this.isClosed || epoch !== this.#parts.feed.epoch) return;
    this.#sendAll(messages.flatMap((message) => this.#toEvent(message)));
    this.position = Math.max(this.position, replay.position);
  }

  /** One portion of the rings; true when there is nothing more in them. */
  #sendFromRings(): boolean {
    const bytesMax = ringPortionBytes / Math.max(1, this.#feeds.length);
    const portions = this.#feeds.map(({ ring }) => ring.after(this.position, bytesMax));
    const ends = portions
      .filter((events) => bytesOf(events) >= bytesMax)
      .map((events) => events.at(-1)?.position ?? 0);
    // Beyond the end of a portion that was cut off, its ring has more.
    const horizon = Math.min(Number.POSITIVE_INFINITY, ...ends);
    const events = portions
      .flat()
      .filter(({ position }) => position <= horizon)
      .sort((a, b) => a.position - b.position);
    const last = events.at(-1);
    if (last === undefined) return true;
    this.#sendAll(events.filter((event) => this.#matches?.(event) ?? true));
    this.position = last.position;
    return ends.length === 0 && !this.#outlet.isBacklogged;
  }

  /** The last reading of each DER among some sequences. */
  async #sendLast(fromSequence: number, upToSequence: number): Promise<void> {
    const filters = siteFilters(this.sites, this.#selection);
    if (filters.length === 0) return;
    const messages = await this.#parts.turnstile.pass(() =>
      this.#parts.reader.last(filters, fromSequence, upToSequence),
    );
    const events = messages.flatMap((message) => this.#toEvent(message));
    for (let i = 0; i < events.length && !this.isClosed; i += limits.replayBatchReadings) {
      this.#sendAll(events.slice(i, i + limits.replayBatchReadings));
      await this.#outlet.drained();
    }
  }

  #toEvent({ subject, sequence, payload }: StoredMessage, position = sequence): DeliveredEvent[] {
    const address = readAddress(subject);
    if (address === undefined || !this.#siteIds.has(address.siteId)) return [];
    const event = new DeliveredEvent(this.#parts.feed.epoch, sequence, address, payload, position);
    return (this.#matches?.(event) ?? true) ? [event] : [];
  }

  #sendAll(events: readonly DeliveredEvent[]): void {
    if (events.length > 0 && !this.isClosed) this.#outlet.send(new EventBatch(events));
  }

  #goLive(): void {
    this.#floor = this.position;
    const sites = this.#feeds.map(({ site }) => site.siteId).join(",");
    const key = `${sites};${filterKey(this.#selection)}`;
    const leave = this.#parts.groups.join(key, this.#feeds, this.#matches, this);
    this.#state = { kind: "live", leave };
  }

  /** Live readings: into the conflating map, or out. */
  #pass(batch: EventBatch): void {
    if (this.#latest === undefined) this.#send(batch);
    else this.#latest.take(batch);
  }

  #send(batch: EventBatch): void {
    if (this.#outlet.queuedBytes + batch.bytes > limits.subscriberQueueBytesMax) {
      this.#outlet.end("slow_consumer", this.cursor);
      return;
    }
    this.position = batch.lastPosition;
    this.#outlet.send(batch);
  }

  #createLatest(minIntervalMs: number): Latest {
    const outlet = this.#outlet;
    return new Latest({
      minIntervalMs,
      bytesMax: limits.subscriberQueueBytesMax,
      wheel: this.#parts.wheel,
      now: this.#parts.now,
      isIdle: () => !outlet.isBacklogged,
      whenIdle: (callback) => void outlet.drained().then(callback),
      send: (batch) => this.#send(batch),
      onConflated: this.#parts.onConflated,
      onOverflow: () => outlet.end("slow_consumer", this.cursor),
    });
  }
}

/** From all rings at once: far below a listener's queue. */
const ringPortionBytes = 256 * 1024;

function bySiteId(a: SiteFeed, b: SiteFeed): number {
  return a.site.siteId < b.site.siteId ? -1 : 1;
}

function bytesOf(events: readonly DeliveredEvent[]): number {
  return events.reduce((bytes, event) => bytes + event.chunk.length, 0);
}
