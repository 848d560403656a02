import type { Selection } from "@novacore/protocol";
import { limits } from "../limits.ts";
import { EventBatch } from "./batch.ts";
import { DeliveredEvent } from "./event.ts";
import type { Feed } from "./feed.ts";
import { type StreamSite, siteFilters, subjectFilters } from "./filters.ts";
import { readAddress, type StoredMessage } from "./message.ts";
import { type Outlet, toReset } from "./outlet.ts";
import { type Replay, replayAll, replayLast } from "./replay.ts";
import { coveredFrom, type SiteFeed } from "./site-feed.ts";
import type { StreamReader } from "./stream-reader.ts";
import type { Turnstile } from "./turnstile.ts";

export interface CatchUpParts {
  readonly feed: Pick<Feed, "epoch" | "position">;
  readonly reader: Pick<StreamReader, "read" | "readLast" | "bounds">;
  readonly turnstile: Turnstile;
}

/** The listener that is behind; what it may see can change while it catches up. */
export interface CatchingUp {
  /** What was handed to the outlet, or passed over, up to here. */
  position: number;
  readonly isClosed: boolean;
  readonly feeds: readonly SiteFeed[];
  hasSite(siteId: string): boolean;
  /** Takes readings out of order, under a position that was reached before. */
  pass(batch: EventBatch): void;
  /** Nothing more is behind; called in the very turn in which that was found. */
  goLive(): void;
}

/** A site that came in, and the position after which its readings were not sent yet. */
export interface MissedSite {
  readonly site: StreamSite;
  readonly after: number;
}

export interface CatchUpOptions {
  readonly parts: CatchUpParts;
  readonly listener: CatchingUp;
  readonly outlet: Outlet;
  readonly selection: Selection;
  readonly matches: (event: DeliveredEvent) => boolean;
  /** Only the newest of each DER counts. */
  readonly isLatest: boolean;
  /** Whose turn it is when many read back: every identity gets as much as any other. */
  readonly party: string;
}

/**
 * Brings a listener from where it is to the live feed, at its own pace. What is live meanwhile is
 * kept as a position and not as a queue: the stream is read until the position is inside the rings,
 * then the rings until nothing is left, and the listener goes live in that same turn.
 */
export class CatchUp {
  readonly #parts: CatchUpParts;
  readonly #listener: CatchingUp;
  readonly #outlet: Outlet;
  readonly #selection: Selection;
  readonly #matches: CatchUpOptions["matches"];
  readonly #isLatest: boolean;
  readonly #party: string;

  constructor({ parts, listener, outlet, selection, matches, isLatest, party }: CatchUpOptions) {
    this.#parts = parts;
    this.#listener = listener;
    this.#outlet = outlet;
    this.#selection = selection;
    this.#matches = matches;
    this.#isLatest = isLatest;
    this.#party = party;
  }

  /**
   * Resolves once the listener is live or closed. Throws `unavailable`. With `hasWaited` the position
   * may be older than the stream by now, which is told.
   */
  async run({ hasWaited } = { hasWaited: false }): Promise<void> {
    const { feed, reader } = this.#parts;
    const listener = this.#listener;
    let { epoch } = feed;
    let { feeds } = listener;
    let replay: Replay | undefined;
    let mayHaveExpired = hasWaited;
    while (!listener.isClosed) {
      while (this.#mustWait) {
        // Whoever waits holds nothing but a position: what it read ahead is read again, and may be
        // gone by the time that a client gives more credit.
        replay = undefined;
        mayHaveExpired ||= this.#outlet.room < 1;
        await this.#outlet.drained();
      }
      if (epoch !== feed.epoch || feeds !== listener.feeds) {
        replay = undefined;
        epoch = feed.epoch;
        feeds = listener.feeds;
      }
      const covered = coveredFrom(feeds);
      if (listener.isClosed) return;
      if (listener.position >= covered) {
        if (this.#sendFromRings()) return listener.goLive();
      } else if (mayHaveExpired) {
        mayHaveExpired = false;
        replay = undefined;
        await this.#tellExpired();
      } else if (this.#isLatest) {
        await this.sendLast(listener.position + 1, covered);
        listener.position = Math.max(listener.position, covered);
      } else {
        const filters = () => subjectFilters(sitesOf(feeds), this.#selection);
        replay ??= replayAll(reader, filters(), listener.position);
        const reached = await this.#sendNext(replay, covered);
        if (!reached.isWhole) replay = undefined;
        listener.position = Math.max(listener.position, reached.position);
      }
    }
  }

  /** The last reading of each DER among some sequences. */
  async sendLast(fromSequence: number, upToSequence: number): Promise<void> {
    const { feed, reader } = this.#parts;
    const listener = this.#listener;
    const { epoch } = feed;
    let { feeds } = listener;
    let replay: Replay | undefined;
    let position = fromSequence - 1;
    while (position < upToSequence && !listener.isClosed && epoch === feed.epoch) {
      while (this.#mustWait) {
        replay = undefined;
        await this.#outlet.drained();
      }
      if (feeds !== listener.feeds) replay = undefined;
      feeds = listener.feeds;
      const filters = siteFilters(sitesOf(feeds), this.#selection);
      if (filters.length === 0) return;
      replay ??= replayLast(reader, filters, position, upToSequence);
      const reached = await this.#sendNext(replay, upToSequence);
      if (!reached.isWhole) replay = undefined;
      position = Math.max(position, reached.position);
    }
  }

  /**
   * What was stored in some sites between two positions, out of order and under the position reached
   * by then, so that cursors never run backwards.
   */
  async sendMissed(sites: readonly MissedSite[], fence: number): Promise<void> {
    const { reader, turnstile } = this.#parts;
    const since = new Map(sites.map(({ site, after }) => [site.siteId, after]));
    const filters = subjectFilters(sites.map(({ site }) => site));
    const replay = replayAll(reader, filters, Math.min(...since.values()));
    while (replay.position < fence && !this.#listener.isClosed) {
      const messages = await turnstile.pass(() => replay.next(fence), this.#party);
      const missed = messages.filter(
        ({ sequence, subject }) =>
          sequence <= fence && sequence > (since.get(readAddress(subject)?.siteId ?? "") ?? fence),
      );
      for (let i = 0; i < missed.length && !this.#listener.isClosed; ) {
        while (this.#mustWait) await this.#outlet.drained();
        const portion = missed.slice(i, i + this.#outlet.room);
        i += portion.length;
        const { position } = this.#listener;
        const events = portion.flatMap((message) => this.#toEvent(message, position));
        if (events.length > 0) this.#listener.pass(new EventBatch(events));
      }
    }
  }

  /** The stream may have moved on past a position that waited for long: said, never skipped. */
  async #tellExpired(): Promise<void> {
    const bounds = await this.#parts.reader.bounds();
    const listener = this.#listener;
    if (listener.isClosed || bounds.oldest <= listener.position + 1) return;
    listener.position = bounds.oldest - 1;
    this.#outlet.tellReset(toReset("cursor_expired", bounds));
  }

  /**
   * One batch of a replay: up to where all of it was sent, and whether that is all that was read, so
   * that the replay can go on from what it holds.
   */
  async #sendNext(
    replay: Replay,
    head: number,
  ): Promise<{ readonly position: number; readonly isWhole: boolean }> {
    const { feed, turnstile } = this.#parts;
    const listener = this.#listener;
    const { epoch } = feed;
    const { feeds } = listener;
    const countMax = Math.min(limits.replayBatchReadings, this.#outlet.room);
    const messages = await turnstile.pass(() => replay.next(head, countMax), this.#party);
    // What was read is not all that was wanted when sites came in, and too much when some went.
    const isOfUse = !listener.isClosed && epoch === feed.epoch && feeds === listener.feeds;
    if (!isOfUse) return { position: 0, isWhole: false };
    // Others on the same connection may have taken some of the room meanwhile.
    const portion = messages.slice(0, Math.max(0, this.#outlet.room));
    const isWhole = portion.length === messages.length;
    this.#send(portion.flatMap((message) => this.#toEvent(message)));
    return { position: isWhole ? replay.position : (portion.at(-1)?.sequence ?? 0), isWhole };
  }

  /** One portion of the rings; true when there is nothing more in them. */
  #sendFromRings(): boolean {
    const { feeds, position: after } = this.#listener;
    const bytesMax = ringPortionBytes / Math.max(1, feeds.length);
    const portions = feeds.map(({ ring }) => ring.after(after, bytesMax));
    const ends = portions
      .filter((events) => bytesOf(events) >= bytesMax)
      .map((events) => events.at(-1)?.position ?? 0);
    // Beyond the end of a portion that was cut off, its ring has more.
    const horizon = Math.min(Number.POSITIVE_INFINITY, ...ends);
    const events = portions
      .flat()
      .filter(({ position }) => position <= horizon)
      .sort((a, b) => a.position - b.position);
    const wanted = events.filter(this.#matches);
    const sent = firstWhole(wanted, this.#outlet.room);
    const isCut = sent.length < wanted.length;
    const last = isCut ? sent.at(-1) : events.at(-1);
    if (last === undefined) return true;
    this.#send(sent);
    this.#listener.position = last.position;
    return ends.length === 0 && !isCut && !this.#outlet.isBacklogged;
  }

  /**
   * Looked at again after each wait, right where the room is used: others on the same connection may
   * have taken it, and would in the turn that a function of its own for the waiting costs.
   */
  get #mustWait(): boolean {
    return !this.#listener.isClosed && (this.#outlet.isBacklogged || this.#outlet.room < 1);
  }

  #toEvent({ subject, sequence, payload }: StoredMessage, position = sequence): DeliveredEvent[] {
    const address = readAddress(subject);
    if (address === undefined || !this.#listener.hasSite(address.siteId)) return [];
    const event = new DeliveredEvent(this.#parts.feed.epoch, sequence, address, payload, position);
    return this.#matches(event) ? [event] : [];
  }

  #send(events: readonly DeliveredEvent[]): void {
    if (events.length > 0 && !this.#listener.isClosed) this.#outlet.send(new EventBatch(events));
  }
}

/** From all rings at once: far below a listener's queue. */
const ringPortionBytes = 256 * 1024;

function sitesOf(feeds: readonly SiteFeed[]): readonly StreamSite[] {
  return feeds.map(({ site }) => site);
}

/** The first events for which there is room, never cut between two of one position. */
function firstWhole(events: readonly DeliveredEvent[], room: number): readonly DeliveredEvent[] {
  if (events.length <= room) return events;
  const nextPosition = events[room]?.position;
  const whole = events.slice(0, room).filter(({ position }) => position !== nextPosition);
  // More of one position than there is room for: rare, and to be sent together all the same.
  return whole.length > 0 ? whole : events.filter(({ position }) => position === nextPosition);
}

function bytesOf(events: readonly DeliveredEvent[]): number {
  return events.reduce((bytes, event) => bytes + event.chunk.length, 0);
}
