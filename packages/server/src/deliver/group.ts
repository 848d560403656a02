import { limits } from "../limits.ts";
import { EventBatch } from "./batch.ts";
import type { DeliveredEvent } from "./event.ts";
import type { SiteFeed, SiteListener } from "./site-feed.ts";

/** One listener of a group. */
export interface Member {
  deliver(batch: EventBatch): void;
}

/** What the members of a group have in common. */
export interface GroupTerms {
  readonly feeds: readonly SiteFeed[];
  readonly matches: ((event: DeliveredEvent) => boolean) | undefined;
  /** How long readings are gathered into one batch; 0: for the moment that those stored together take. */
  readonly gatherMs: number;
}

/**
 * Listeners that want the same: what arrives within a millisecond (or as long as they asked for) is
 * filtered once, joined once, and handed to each of them as the same bytes.
 */
export class Group implements SiteListener {
  readonly members = new Set<Member>();
  readonly feeds: readonly SiteFeed[];
  readonly gatherMs: number;
  readonly #matches: ((event: DeliveredEvent) => boolean) | undefined;
  readonly #onDue: (group: Group, isFull: boolean) => void;
  #pending: DeliveredEvent[] = [];
  #pendingBytes = 0;
  #isHandingOut = false;

  /** `onDue` is called at the first reading that waits, and when so many wait that they must go. */
  constructor(
    { feeds, matches, gatherMs }: GroupTerms,
    onDue: (group: Group, isFull: boolean) => void,
  ) {
    this.feeds = feeds;
    this.gatherMs = gatherMs;
    this.#matches = matches;
    this.#onDue = onDue;
    for (const feed of feeds) feed.listeners.add(this);
  }

  /** Whether something has arrived that was not handed out yet, to each of its members. */
  get hasWaiting(): boolean {
    return this.#pending.length > 0 || this.#isHandingOut;
  }

  take(event: DeliveredEvent): void {
    if (this.#matches !== undefined && !this.#matches(event)) return;
    this.#pendingBytes += event.chunk.length;
    const isFirst = this.#pending.push(event) === 1;
    const isFull = this.#pendingBytes > limits.gatheredBytesMax;
    if (isFirst || isFull) this.#onDue(this, isFull);
  }

  /** Hands out what has arrived; gives it back for metrics. */
  flush(): EventBatch | undefined {
    if (this.#pending.length === 0) return undefined;
    const batch = new EventBatch(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#isHandingOut = true;
    try {
      for (const member of this.members) member.deliver(batch);
    } finally {
      this.#isHandingOut = false;
    }
    return batch;
  }

  close(): void {
    for (const feed of this.feeds) feed.listeners.delete(this);
    this.#pending = [];
  }
}

/** A member's place in its group. */
export interface Membership {
  readonly group: Group;
  /** Hands out what waits, and takes the member out. */
  leave(): void;
}

/** The groups of a hub, by what they want. */
export class Groups {
  readonly #groups = new Map<string, Group>();
  readonly #onDelivered: (batch: EventBatch, group: Group) => void;
  /** Those that gather for the usual moment: one timer for all of them. */
  #due: Group[] = [];

  constructor(onDelivered: (batch: EventBatch, group: Group) => void) {
    this.#onDelivered = onDelivered;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Adds a member; what had arrived before goes to the older members only. */
  join(key: string, terms: GroupTerms, member: Member): Membership {
    const { feeds } = terms;
    // First, as a member may leave over what it is handed, and be the group's last.
    const before = this.#groups.get(key);
    if (before !== undefined) this.#flush(before);
    // The feeds themselves are part of the key: a site that was given up and taken again has a new
    // one, and the old group hears nothing any more.
    const known = this.#groups.get(key);
    const isSame = known?.feeds.every((feed, i) => feed === feeds[i]) ?? false;
    const group = known !== undefined && isSame ? known : this.#create(key, terms);
    group.members.add(member);
    const leave = () => {
      this.#flush(group);
      group.members.delete(member);
      if (group.members.size > 0) return;
      group.close();
      if (this.#groups.get(key) === group) this.#groups.delete(key);
    };
    return { group, leave };
  }

  #create(key: string, terms: GroupTerms): Group {
    const group = new Group(terms, (due, isFull) => {
      if (isFull) this.#flush(due);
      else this.#schedule(due);
    });
    this.#groups.set(key, group);
    return group;
  }

  #schedule(group: Group): void {
    if (group.gatherMs > momentMs) {
      // One that fires after its group was flushed for another reason only makes the next one early.
      setTimeout(() => this.#flush(group), group.gatherMs).unref();
      return;
    }
    // Readings that were stored together come within a moment, but seldom in one read of the
    // socket; waiting for them costs a millisecond, and saves two thirds of the writes.
    if (this.#due.push(group) === 1) setTimeout(() => this.#flushDue(), momentMs);
  }

  /** Hands out everything that has arrived, now. */
  flushAll(): void {
    for (const group of this.#groups.values()) this.#flush(group);
  }

  #flushDue(): void {
    const due = this.#due;
    this.#due = [];
    for (const group of due) this.#flush(group);
  }

  #flush(group: Group): void {
    const batch = group.flush();
    if (batch !== undefined) this.#onDelivered(batch, group);
  }
}

/** How long readings that were stored together take to arrive. */
export const momentMs = 1;
