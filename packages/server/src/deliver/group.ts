import { EventBatch } from "./batch.ts";
import type { DeliveredEvent } from "./event.ts";
import type { SiteFeed, SiteListener } from "./site-feed.ts";

/** One listener of a group. */
export interface Member {
  deliver(batch: EventBatch): void;
}

/**
 * Listeners that want the same: what arrives within a millisecond is filtered once, joined once, and
 * handed to each of them as the same bytes.
 */
export class Group implements SiteListener {
  readonly members = new Set<Member>();
  readonly feeds: readonly SiteFeed[];
  readonly #matches: ((event: DeliveredEvent) => boolean) | undefined;
  readonly #onDue: (group: Group) => void;
  #pending: DeliveredEvent[] = [];

  constructor(
    feeds: readonly SiteFeed[],
    matches: ((event: DeliveredEvent) => boolean) | undefined,
    onDue: (group: Group) => void,
  ) {
    this.feeds = feeds;
    this.#matches = matches;
    this.#onDue = onDue;
    for (const feed of feeds) feed.listeners.add(this);
  }

  take(event: DeliveredEvent): void {
    if (this.#matches !== undefined && !this.#matches(event)) return;
    if (this.#pending.push(event) === 1) this.#onDue(this);
  }

  /** Hands out what has arrived; gives it back for metrics. */
  flush(): EventBatch | undefined {
    if (this.#pending.length === 0) return undefined;
    const batch = new EventBatch(this.#pending);
    this.#pending = [];
    for (const member of this.members) member.deliver(batch);
    return batch;
  }

  close(): void {
    for (const feed of this.feeds) feed.listeners.delete(this);
    this.#pending = [];
  }
}

/** The groups of a hub, by what they want. */
export class Groups {
  readonly #groups = new Map<string, Group>();
  readonly #onDelivered: (batch: EventBatch, members: number) => void;
  #due: Group[] = [];

  constructor(onDelivered: (batch: EventBatch, members: number) => void) {
    this.#onDelivered = onDelivered;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Adds a member; what had arrived before goes to the older members only. Gives the leave. */
  join(
    key: string,
    feeds: readonly SiteFeed[],
    matches: ((event: DeliveredEvent) => boolean) | undefined,
    member: Member,
  ): () => void {
    // The feeds themselves are part of the key: a site that was given up and taken again has a new
    // one, and the old group hears nothing any more.
    const known = this.#groups.get(key);
    const isSame = known?.feeds.every((feed, i) => feed === feeds[i]) ?? false;
    const group = known !== undefined && isSame ? known : this.#create(key, feeds, matches);
    this.#flush(group);
    group.members.add(member);
    return () => {
      this.#flush(group);
      group.members.delete(member);
      if (group.members.size > 0) return;
      group.close();
      if (this.#groups.get(key) === group) this.#groups.delete(key);
    };
  }

  #create(
    key: string,
    feeds: readonly SiteFeed[],
    matches: ((event: DeliveredEvent) => boolean) | undefined,
  ): Group {
    const group = new Group(feeds, matches, (due) => {
      // Readings that were stored together come within a moment, but seldom in one read of the
      // socket; waiting for them costs a millisecond, and saves two thirds of the writes.
      if (this.#due.push(due) === 1) setTimeout(() => this.flushAll(), gatherMs);
    });
    this.#groups.set(key, group);
    return group;
  }

  /** Hands out everything that has arrived, now. */
  flushAll(): void {
    const due = this.#due;
    this.#due = [];
    for (const group of due) this.#flush(group);
  }

  #flush(group: Group): void {
    const batch = group.flush();
    if (batch !== undefined) this.#onDelivered(batch, group.members.size);
  }
}

const gatherMs = 1;
