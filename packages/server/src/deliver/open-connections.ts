import { setImmediate } from "node:timers/promises";
import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Delivery } from "./delivery.ts";
import type { FeedLog } from "./feed.ts";
import type { StreamSite } from "./filters.ts";
import { Places } from "./places.ts";
import {
  type GrantsChange,
  resolveScope,
  type StreamAccess,
  type StreamCaller,
  type StreamScope,
} from "./stream-access.ts";
import type { Subscriber } from "./subscriber.ts";

/** One stream of readings of a caller: all of an SSE connection, or one WebSocket subscription. */
export interface OpenStream {
  readonly caller: StreamCaller;
  readonly scope: StreamScope;
  readonly isOpen: boolean;
  readonly subscriber: Subscriber | undefined;
  end(code: ErrorCode): void;
}

/** A client's connection, with the streams on it. */
export interface OpenConnection {
  /** Undefined as long as nobody has said who is there. */
  readonly caller: StreamCaller | undefined;
  readonly streams: Iterable<OpenStream>;
  /** Ends the connection; `retryMs` is when the client should come back. */
  end(code: ErrorCode, retryMs?: number): void;
}

export interface OpenConnectionsOptions {
  readonly delivery: Delivery;
  readonly access: StreamAccess;
  readonly log: FeedLog;
  /** Default `limits.drainMs`. */
  readonly drainMs?: number;
}

/** One look at the grants of some streams. */
interface Check {
  /** What was stored before this, a site that comes in need not send. */
  readonly since: number;
  /** False once the answers may be out of date and somebody else looks again. */
  readonly isCurrent: () => boolean;
  /** Changes that were known when the first of them was asked about. */
  readonly changes: number;
  /** Many streams of one caller on one thing are one question. */
  readonly answers: Map<string, Promise<readonly StreamSite[]>>;
}

/** The open connections of a hub: how many somebody has, and what ends them from outside. */
export class OpenConnections {
  readonly #options: OpenConnectionsOptions;
  readonly #connections = new Set<OpenConnection>();
  /** When each was opened, epoch ms. */
  readonly #openedMs = new WeakMap<OpenConnection, number>();
  readonly #unsubscribe: readonly (() => void)[];
  readonly #places = new Places();
  #isDraining = false;
  #changes = 0;
  #rounds: Promise<void> | undefined;
  /** Changes that nobody has looked at yet. */
  #news: GrantsChange[] = [];
  /** Where the feed was at the first of them. */
  #changedAt = 0;
  /** Sites on their way into streams. */
  readonly #additions = new Set<Promise<void>>();

  constructor(options: OpenConnectionsOptions) {
    this.#options = options;
    const { access } = options;
    this.#unsubscribe = [
      access.onRevoked((identityId, why) => {
        this.#changes++;
        this.revoke(identityId, why);
      }),
      access.onGrantsChanged((change) => {
        this.#changes++;
        void this.recheck(change);
      }),
    ];
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Counts changes of grants: what was authorised before one must be checked again after it. */
  get changes(): number {
    return this.#changes;
  }

  /** Shutting down: nobody new is let in. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /**
   * Takes a place for a connection; gives the function that returns it. Throws
   * `too_many_connections` or, while shutting down, `going_away`.
   */
  reserve(identityId: string, address: string): () => void {
    if (this.#isDraining) throw new NovacoreError("going_away");
    return this.#places.take(identityId, address);
  }

  add(connection: OpenConnection): void {
    this.#connections.add(connection);
    this.#openedMs.set(connection, this.#options.delivery.now());
  }

  /** When the oldest of an identity's connections was opened, epoch ms. */
  openSince(identityId: string): number | undefined {
    const opened = [...this.#connections]
      .filter(({ caller }) => caller?.identityId === identityId)
      .map((connection) => this.#openedMs.get(connection) ?? 0);
    return opened.length === 0 ? undefined : Math.min(...opened);
  }

  remove(connection: OpenConnection): void {
    this.#connections.delete(connection);
  }

  /** Cuts off an identity, at once. */
  revoke(identityId: string, why: ErrorCode): void {
    for (const connection of [...this.#connections]) {
      if (connection.caller?.identityId === identityId) connection.end(why);
    }
  }

  /**
   * Checks the streams that a change may concern, in one round more where more changes meanwhile.
   * Resolves when nothing is left to be looked at. Never rejects.
   */
  async recheck(change: GrantsChange = { kind: "unknown" }): Promise<void> {
    if (this.#news.length === 0) this.#changedAt = this.#options.delivery.feed.position;
    this.#news.push(change);
    this.#rounds ??= this.#recheckAll().finally(() => {
      this.#rounds = undefined;
    });
    await this.#rounds;
    await Promise.all(this.#additions);
  }

  async #recheckAll(): Promise<void> {
    while (this.#news.length > 0) {
      const news = this.#news;
      const since = this.#changedAt;
      this.#news = [];
      const streams = [...this.#connections]
        .flatMap((connection) => [...connection.streams])
        .filter((stream) => news.some((change) => concerns(change, stream)));
      await this.#recheckStreams(streams, since, () => true);
    }
  }

  /** The same for the streams of one connection, whose caller has changed. */
  async recheckOne({ streams }: OpenConnection): Promise<void> {
    const since = this.#options.delivery.feed.position;
    let changes: number;
    do {
      changes = this.#changes;
      await this.#recheckStreams([...streams], since, () => changes === this.#changes);
    } while (changes !== this.#changes);
  }

  async #recheckStreams(
    streams: readonly OpenStream[],
    since: number,
    isCurrent: () => boolean,
  ): Promise<void> {
    const check: Check = { since, isCurrent, changes: this.#changes, answers: new Map() };
    for (const [index, stream] of streams.entries()) {
      // The database answers without a pause.
      if (index % limits.questionsPerTurn === limits.questionsPerTurn - 1) await setImmediate();
      if (stream.isOpen) await this.#recheckStream(stream, check);
    }
  }

  /**
   * Ends all connections, spread over a time so that their clients do not all come back at once;
   * each is told a random moment to return. Resolves when all have ended.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    for (const stop of this.#unsubscribe) stop();
    const drainMs = this.#options.drainMs ?? limits.drainMs;
    const connections = [...this.#connections];
    const slices = 20;
    for (let slice = 0; slice < slices && connections.length > 0; slice++) {
      const count = Math.ceil(connections.length / (slices - slice));
      for (const connection of connections.splice(0, count)) {
        connection.end("going_away", 500 + Math.random() * 4_500);
      }
      if (connections.length > 0) await sleep(drainMs / slices);
    }
  }

  async #recheckStream(stream: OpenStream, check: Check): Promise<void> {
    const { caller, scope } = stream;
    const key = JSON.stringify([caller.identityId, caller.sites, scope]);
    const answer = check.answers.get(key) ?? this.#remainingOf(caller, scope);
    check.answers.set(key, answer);
    // Who has become another caller meanwhile is looked at for that.
    const isMeant = () => stream.isOpen && stream.caller === caller;
    try {
      const sites = await answer;
      if (isMeant()) this.#applySites(stream, sites, check);
    } catch (error) {
      if (isMeant()) this.#endFor(stream, error);
    }
  }

  #remainingOf(caller: StreamCaller, scope: StreamScope): Promise<readonly StreamSite[]> {
    return resolveScope(this.#options.access, caller, scope, "remaining");
  }

  /** What is taken away goes at once; what comes in must not hold up what others lose. */
  #applySites(stream: OpenStream, sites: readonly StreamSite[], check: Check): void {
    const { delivery } = this.#options;
    const { subscriber } = stream;
    if (subscriber === undefined) return;
    const allowed = new Set(sites.map(({ siteId }) => siteId));
    const current = subscriber.sites.map(({ siteId }) => siteId);
    const removed = new Set(current.filter((siteId) => !allowed.has(siteId)));
    if (removed.size > 0) delivery.release(subscriber.removeSites(removed));
    const added = sites.filter(({ siteId }) => !subscriber.hasSite(siteId));
    if (added.length === 0) return;
    const addition = this.#addSites(stream, subscriber, added, check)
      .catch((error: unknown) => this.#endFor(stream, error))
      .finally(() => this.#additions.delete(addition));
    this.#additions.add(addition);
  }

  async #addSites(
    stream: OpenStream,
    subscriber: Subscriber,
    answered: readonly StreamSite[],
    { since, isCurrent, changes: asked }: Check,
  ): Promise<void> {
    const { delivery } = this.#options;
    const { caller, scope } = stream;
    let added = answered;
    let feeds = await delivery.acquire(added);
    // What changed since they were asked about may have been their own removal.
    for (let changes = asked; changes !== this.#changes && stream.isOpen; ) {
      delivery.release(feeds);
      changes = this.#changes;
      const sites = await this.#remainingOf(caller, scope);
      const allowed = new Set(sites.map(({ siteId }) => siteId));
      added = added.filter(({ siteId }) => allowed.has(siteId));
      feeds = await delivery.acquire(added);
    }
    const mayAdd = stream.isOpen && stream.caller === caller && isCurrent();
    // Another look may have let them in by now.
    const wanted = feeds.filter(({ site }) => mayAdd && !subscriber.hasSite(site.siteId));
    delivery.release(feeds.filter((feed) => !wanted.includes(feed)));
    if (wanted.length === 0) return;
    // At the listener's own pace: whoever takes nothing must not hold up the others' grants.
    subscriber.addSites(wanted, since).catch((error: unknown) => this.#endFor(stream, error));
  }

  #endFor(stream: OpenStream, error: unknown): void {
    const code: ErrorCode = error instanceof NovacoreError ? error.code : "internal";
    const isFinal = code !== "internal" && code !== "unavailable";
    // A registry that cannot answer must not leave somebody listening who has no right any more.
    if (!isFinal) this.#options.log.error({ err: error }, "grants could not be checked again");
    stream.end(isFinal ? code : "unavailable");
  }
}

/** Whether a change may be one of what a stream may carry. */
function concerns(change: GrantsChange, { caller, scope, subscriber }: OpenStream): boolean {
  switch (change.kind) {
    case "member":
      return caller.identityId === change.identityId;
    case "site": {
      const { siteId, orgId } = change;
      const isOfOrg = scope.kind === "org" && (orgId === undefined || scope.orgId === orgId);
      return isOfOrg || (subscriber?.hasSite(siteId) ?? true);
    }
    case "devices":
      return scope.kind === "devices" || scope.kind === "ders";
    case "unknown":
      return true;
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
