import { encodeCursor, NovacoreError, type Selection } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { EventBatch } from "./batch.ts";
import { type CatchingUp, CatchUp, type CatchUpParts } from "./catch-up.ts";
import type { FeedLog, FeedReset } from "./feed.ts";
import type { StreamSite } from "./filters.ts";
import { type Groups, type Member, type Membership, momentMs } from "./group.ts";
import { Latest } from "./latest.ts";
import { type Opening, type Outlet, toReset } from "./outlet.ts";
import { createMatcher, filterKey } from "./selection.ts";
import { coveredFrom, type SiteFeed } from "./site-feed.ts";
import type { StreamBounds } from "./stream-reader.ts";
import type { WatchedSites } from "./watched-sites.ts";
import type { Wheel } from "./wheel.ts";

/** What every subscriber of a hub uses. */
export interface SubscriberParts extends CatchUpParts {
  readonly groups: Groups;
  readonly watchedSites: WatchedSites;
  readonly wheel: Wheel;
  readonly log: FeedLog;
  readonly now: () => number;
  readonly onConflated: (readings: number) => void;
}

/** What one subscriber asks for. */
export interface SubscriberWish {
  /** Whose it is: an identity. */
  readonly party: string;
  readonly selection: Selection;
  readonly feeds: readonly SiteFeed[];
  readonly outlet: Outlet;
  /** Where it starts. */
  readonly position: number;
  /** How long readings are gathered into one batch; default: a moment. */
  readonly gatherMs: number | undefined;
}

type State =
  | { readonly kind: "catching-up" }
  | { readonly kind: "live"; readonly membership: Membership }
  | { readonly kind: "closed" };

/**
 * One listener's stream: the past at the listener's own pace, then live, and back to the past when
 * the listener allows no more for a while. What it may see can change at any time.
 */
export class Subscriber implements Member, CatchingUp {
  /** What was handed to the outlet, or passed over, up to here. */
  position: number;
  readonly #parts: SubscriberParts;
  readonly #outlet: Outlet;
  readonly #selection: Selection;
  readonly #matches: ReturnType<typeof createMatcher>;
  readonly #latest: Latest | undefined;
  #feeds: readonly SiteFeed[];
  #siteIds: ReadonlySet<string>;
  readonly #catchUp: CatchUp;
  readonly #gatherMs: number;
  #state: State = { kind: "catching-up" };
  /** What the group brings up to here was sent before. */
  #floor = 0;
  /** While it leaves its group, what waited there comes for sites that may be gone. */
  #isRegrouping = false;
  #unwatch: (() => void) | undefined;
  /** Where it began: nothing from before it comes, whatever is granted later. */
  #start: number;
  /** Site that was taken away → the position up to which it was sent; it may come back. */
  readonly #passed = new Map<string, number>();

  constructor(
    parts: SubscriberParts,
    { party, selection, feeds, outlet, position, gatherMs }: SubscriberWish,
  ) {
    this.position = position;
    this.#start = position;
    this.#parts = parts;
    this.#gatherMs = gatherMs ?? momentMs;
    this.#selection = selection;
    this.#feeds = feeds;
    this.#siteIds = new Set(feeds.map(({ site }) => site.siteId));
    this.#outlet = outlet;
    this.#matches = createMatcher(selection);
    const isLatest = selection.mode === "latest" || selection.min_interval_ms !== undefined;
    this.#latest = isLatest ? this.#createLatest(selection.min_interval_ms ?? 0) : undefined;
    this.#catchUp = new CatchUp({
      ...{ parts, selection, outlet, party },
      ...{ listener: this, latest: this.#latest },
      matches: this.#matches ?? (() => true),
    });
  }

  /**
   * Where to resume, to be told. Live with nothing waiting, that is as far as the hub has heard, and
   * counts as reached from now on: no cursor told later lies before one told earlier.
   */
  takeCursor(): string {
    const { epoch, position } = this.#parts.feed;
    const isUpToDate =
      this.#state.kind === "live" &&
      !this.#state.membership.group.hasWaiting &&
      this.#latest?.hasWaiting !== true;
    if (isUpToDate) this.position = Math.max(this.position, position);
    return encodeCursor({ epoch, sequence: this.position });
  }

  get isClosed(): boolean {
    return this.#state.kind === "closed";
  }

  /** Sends what the opening asks for, then goes live. Resolves once live or closed. */
  async start(opening: Opening): Promise<void> {
    if (opening.reset !== undefined) this.#outlet.tellReset(opening.reset);
    this.#watchLiveness();
    if (opening.snapshot) await this.#catchUp.sendSnapshot(opening.position);
    if (this.isClosed) return;
    this.#outlet.tellPosition(this.takeCursor());
    await this.#catchUp.run();
    const hasPast = opening.isPast || opening.snapshot;
    if (hasPast && !this.isClosed) this.#outlet.tellCaughtUp(this.takeCursor());
  }

  deliver(batch: EventBatch): void {
    if (this.#state.kind !== "live") return;
    const isKnown = batch.firstPosition <= this.#floor;
    const rest = isKnown ? batch.after(this.#floor) : batch;
    const wanted = this.#isRegrouping ? rest.ofSites(this.#siteIds) : rest;
    if (wanted.events.length > 0) this.pass(wanted);
  }

  get feeds(): readonly SiteFeed[] {
    return this.#feeds;
  }

  hasSite(siteId: string): boolean {
    return this.#siteIds.has(siteId);
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
    this.#latest?.dropSites(removed);
    for (const siteId of removed) this.#passed.set(siteId, this.position);
    this.#setFeeds(this.#feeds.filter(({ site }) => !removed.has(site.siteId)));
    return gone;
  }

  /**
   * Sites came in, live by now: what was stored in them after `since` is sent. That is late, and
   * without a cursor of its own, only where the stream is beyond it already.
   */
  async addSites(feeds: readonly SiteFeed[], since: number): Promise<void> {
    const hasLeft = this.#latest === undefined && this.#leaveLive(since);
    const isLive = this.#state.kind === "live";
    this.#setFeeds([...this.#feeds, ...feeds].sort(bySiteId));
    // Catching up brings the new sites from where it is; what came before this turn, the group did
    // not get for us.
    const fence = isLive ? Math.max(coveredFrom(feeds), this.#parts.feed.position) : this.position;
    const missed = feeds.map(({ site }) => {
      const after = Math.max(since, this.#passed.get(site.siteId) ?? this.#start);
      this.#passed.delete(site.siteId);
      return { site, after };
    });
    await this.#catchUp.sendMissed(missed, fence);
    if (hasLeft) await this.#catchUp.run();
  }

  /** Out of the group, with nothing of it missed up to `since`; false when it was not live. */
  #leaveLive(since: number): boolean {
    if (this.#state.kind !== "live") return false;
    this.#state.membership.leave();
    // What it just handed out may have been more than there was room for.
    if (this.#state.kind !== "live") return false;
    this.#state = { kind: "catching-up" };
    this.position = Math.max(this.position, since);
    return true;
  }

  /** The stream has become another one. */
  reset(reason: FeedReset, bounds: StreamBounds): void {
    if (this.isClosed) return;
    this.position = bounds.newest;
    this.#start = bounds.newest;
    this.#floor = 0;
    this.#passed.clear();
    this.#latest?.clear();
    this.#outlet.tellReset(toReset(reason, bounds));
    this.#outlet.tellPosition(this.takeCursor());
  }

  /** Takes nothing more; gives the feeds to be released. */
  close(): readonly SiteFeed[] {
    if (this.#state.kind === "live") this.#state.membership.leave();
    this.#state = { kind: "closed" };
    this.#latest?.close();
    this.#catchUp.stop();
    this.#unwatch?.();
    const feeds = this.#feeds;
    this.#feeds = [];
    return feeds;
  }

  #setFeeds(feeds: readonly SiteFeed[]): void {
    if (this.isClosed) return;
    this.#feeds = feeds;
    this.#siteIds = new Set(feeds.map(({ site }) => site.siteId));
    this.#watchLiveness();
    if (this.#state.kind !== "live") return;
    this.#isRegrouping = true;
    this.#state.membership.leave();
    this.#isRegrouping = false;
    // What it just handed out may have been more than there was room for.
    if (this.#state.kind === "live") this.goLive();
  }

  #watchLiveness(): void {
    if (this.#selection.liveness !== true || this.isClosed) return;
    this.#unwatch?.();
    const wants = this.#matches ?? (() => true);
    const outlet = this.#outlet;
    this.#unwatch = this.#parts.watchedSites.watch(this.#feeds, {
      wants,
      tell: (liveness) => outlet.tellLiveness(liveness),
      unclogged: () => outlet.unclogged(),
    });
  }

  /** The client allows no more for now: out of the group, and on from here once it does. */
  #fallBack(): void {
    if (this.#state.kind !== "live") return;
    const { membership } = this.#state;
    this.#state = { kind: "catching-up" };
    membership.leave();
    this.#catchUp.run().catch((error: unknown) => {
      const code = error instanceof NovacoreError ? error.code : "internal";
      if (code === "internal") this.#parts.log.error({ err: error }, "a subscriber failed");
      this.#outlet.end(code, this.takeCursor());
    });
  }

  /** Nothing more is behind: from here on the group brings what comes. */
  goLive(): void {
    this.#floor = this.position;
    const sites = this.#feeds.map(({ site }) => site.siteId).join(",");
    const key = `${sites};${filterKey(this.#selection)};${this.#gatherMs}`;
    const terms = { feeds: this.#feeds, matches: this.#matches, gatherMs: this.#gatherMs };
    const membership = this.#parts.groups.join(key, terms, this);
    this.#state = { kind: "live", membership };
  }

  /** Late ones too: into the conflating map, or out. */
  pass(batch: EventBatch): void {
    if (this.#latest === undefined) this.#send(batch);
    else this.#latest.take(batch);
  }

  #send(batch: EventBatch): void {
    if (this.#outlet.queuedBytes + batch.bytes > limits.subscriberQueueBytesMax) {
      this.#outlet.end("slow_consumer", this.takeCursor());
      return;
    }
    if (batch.events.length > this.#outlet.room) {
      // Nothing that was wanted lies before what it cannot take.
      this.position = Math.max(this.position, batch.firstPosition - 1);
      this.#fallBack();
      return;
    }
    this.position = Math.max(this.position, batch.lastPosition);
    this.#outlet.send(batch);
  }

  #createLatest(minIntervalMs: number): Latest {
    const outlet = this.#outlet;
    return new Latest({
      minIntervalMs,
      bytesMax: limits.subscriberQueueBytesMax,
      wheel: this.#parts.wheel,
      now: this.#parts.now,
      room: () => (outlet.isBacklogged ? 0 : outlet.room),
      whenIdle: (callback) => void outlet.drained().then(callback),
      send: (batch) => this.#send(batch),
      onConflated: this.#parts.onConflated,
      onOverflow: () => outlet.end("slow_consumer", this.takeCursor()),
    });
  }
}

function bySiteId(a: SiteFeed, b: SiteFeed): number {
  return a.site.siteId < b.site.siteId ? -1 : 1;
}
