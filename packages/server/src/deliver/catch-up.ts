import type { Selection } from "@novacore/protocol";
import { EventBatch } from "./batch.ts";
import { DeliveredEvent } from "./event.ts";
import type { Feed } from "./feed.ts";
import { type StreamSite, subjectFilters } from "./filters.ts";
import type { Latest } from "./latest.ts";
import { readAddress } from "./message.ts";
import { type Outlet, toReset } from "./outlet.ts";
import {
  Past,
  type PastMessage,
  type PastParts,
  type PastWish,
  type Portion,
  type Walk,
} from "./past.ts";
import { PastNewest } from "./past-newest.ts";
import { replayAll } from "./replay.ts";
import { ringPortion } from "./ring-portion.ts";
import { coveredFrom, type SiteFeed } from "./site-feed.ts";
import type { StreamBounds } from "./stream-reader.ts";

export interface CatchUpParts extends PastParts {
  readonly feed: Pick<Feed, "epoch" | "position">;
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
  /** Set where only the newest of each DER counts: knows which of some readings are. */
  readonly latest: Pick<Latest, "newestOf"> | undefined;
  /** Whose turn it is when many read back: every identity gets as much as any other. */
  readonly party: string;
}

/**
 * Brings a listener from where it is to the live feed, at its own pace. What is live meanwhile is
 * kept as a position and not as a queue: archive and stream are read until the position is inside the
 * rings, then the rings until nothing is left, and the listener goes live in that same turn.
 */
export class CatchUp {
  readonly #parts: CatchUpParts;
  readonly #listener: CatchingUp;
  readonly #outlet: Outlet;
  readonly #selection: Selection;
  readonly #matches: CatchUpOptions["matches"];
  readonly #latest: CatchUpOptions["latest"];
  readonly #party: string;
  /** Of what is being read, if anything is. */
  #stopped: AbortController | undefined;

  constructor({ parts, listener, outlet, selection, matches, latest, party }: CatchUpOptions) {
    this.#parts = parts;
    this.#listener = listener;
    this.#outlet = outlet;
    this.#selection = selection;
    this.#matches = matches;
    this.#latest = latest;
    this.#party = party;
  }

  /** Resolves once the listener is live or closed. Throws `unavailable`. */
  async run(): Promise<void> {
    const { feed } = this.#parts;
    const listener = this.#listener;
    let { epoch } = feed;
    let { feeds } = listener;
    let past = this.#past();
    while (!listener.isClosed) {
      while (this.#mustWait) {
        // Whoever waits holds nothing but a position: what it read ahead is read again.
        past.forget();
        await this.#outlet.drained();
      }
      if (epoch !== feed.epoch || feeds !== listener.feeds) {
        past = this.#past();
        epoch = feed.epoch;
        feeds = listener.feeds;
      }
      const covered = coveredFrom(feeds);
      if (listener.isClosed) return;
      if (listener.position >= covered) {
        if (this.#sendFromRings()) {
          this.#stopped = undefined;
          return listener.goLive();
        }
      } else if (this.#latest !== undefined) {
        await this.#sendNewest(listener.position + 1, covered);
      } else {
        const { position, lost } = await this.#sendNext(past, listener.position, covered);
        listener.position = Math.max(listener.position, position);
        if (lost !== undefined) this.#tellExpired(lost);
      }
    }
  }

  /**
   * The last reading of each DER up to a position, in the order in which each sent last, as far back as
   * the stream goes; of a position that lies before the stream, as far back from there.
   */
  async sendSnapshot(upTo: number): Promise<void> {
    const { bounds, archive } = this.#parts;
    const stream = archive && (await bounds());
    if (stream === undefined || upTo >= stream.oldest) {
      await this.#sendLast(1, upTo, false);
    } else {
      const from = Math.max(1, upTo - (stream.newest - stream.oldest));
      await this.#sendLast(from, upTo, true);
    }
  }

  /** Nobody waits for what is under way any more. */
  stop(): void {
    this.#stopped?.abort();
  }

  /** Where only the newest counts, that is all there is to send up to there. */
  async #sendNewest(fromSequence: number, upTo: number): Promise<void> {
    const listener = this.#listener;
    const { feed } = this.#parts;
    const { epoch } = feed;
    const lost = await this.#sendLast(fromSequence, upTo, true);
    if (listener.isClosed || epoch !== feed.epoch) return;
    if (lost === undefined) listener.position = Math.max(listener.position, upTo);
    else this.#tellExpired(lost);
  }

  /** Tells what is gone, if something is. */
  async #sendLast(
    fromSequence: number,
    upTo: number,
    isWhole: boolean,
  ): Promise<StreamBounds | undefined> {
    const { feed } = this.#parts;
    const listener = this.#listener;
    const { epoch } = feed;
    let { feeds } = listener;
    const wish = { ...this.#wish(), fromSequence, isWhole };
    const past = new PastNewest(this.#parts, wish);
    let position = fromSequence - 1;
    while (position < upTo && !listener.isClosed && epoch === feed.epoch) {
      while (this.#mustWait) {
        past.forget();
        await this.#outlet.drained();
      }
      if (feeds !== listener.feeds) past.forget();
      feeds = listener.feeds;
      if (feeds.length === 0) return undefined;
      const reached = await this.#sendNext(past, position, upTo);
      if (reached.lost !== undefined) return reached.lost;
      position = Math.max(position, reached.position);
    }
    return undefined;
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

  /** What comes next is gone: said, never skipped. */
  #tellExpired(bounds: StreamBounds): void {
    this.#listener.position = Math.max(this.#listener.position, bounds.oldest - 1);
    this.#outlet.tellReset(toReset("cursor_expired", bounds));
  }

  /** One portion of what is past; gives up to where all of it was sent, or what there is instead. */
  async #sendNext(past: Walk, after: number, upTo: number): Promise<Sent> {
    const { feed } = this.#parts;
    const listener = this.#listener;
    const { epoch } = feed;
    const { feeds } = listener;
    const stretch = { sites: sitesOf(feeds), after, upTo, countMax: this.#outlet.room };
    const read = await past.next(stretch).catch((error: unknown) => {
      // Nobody is left to be told, or what was asked about is another stream by now.
      if (listener.isClosed || epoch !== feed.epoch) return nothing;
      throw error;
    });
    // What was read is not all that was wanted when sites came in, and too much when some went.
    const isOfUse = !listener.isClosed && epoch === feed.epoch && feeds === listener.feeds;
    if (!isOfUse) return { position: 0, lost: undefined };
    if (read.kind === "expired") return { position: 0, lost: read.bounds };
    // Others on the same connection may have taken some of the room meanwhile.
    const portion = read.messages.slice(0, Math.max(0, this.#outlet.room));
    const isWhole = portion.length === read.messages.length;
    if (!isWhole) past.forget();
    this.#send(portion.flatMap((message) => this.#toEvent(message)));
    return { position: isWhole ? read.position : positionOf(portion.at(-1)), lost: undefined };
  }

  /** One portion of the rings; true when there is nothing more in them. */
  #sendFromRings(): boolean {
    const { feeds, position } = this.#listener;
    const portion = ringPortion(feeds, position, this.#matches, this.#outlet.room);
    this.#send(portion.events);
    this.#listener.position = portion.position;
    return portion.isEnd && !this.#outlet.isBacklogged;
  }

  /**
   * Looked at again after each wait, right where the room is used: others on the same connection may
   * have taken it, and would in the turn that a function of its own for the waiting costs.
   */
  get #mustWait(): boolean {
    return !this.#listener.isClosed && (this.#outlet.isBacklogged || this.#outlet.room < 1);
  }

  #past(): Past {
    return new Past(this.#parts, this.#wish());
  }

  #wish(): PastWish {
    const { epoch } = this.#parts.feed;
    this.#stopped ??= new AbortController();
    const { signal } = this.#stopped;
    return { epoch, selection: this.#selection, party: this.#party, signal };
  }

  #toEvent(message: PastMessage, position = positionOf(message)): DeliveredEvent[] {
    const { subject, sequence, payload } = message;
    const address = readAddress(subject);
    if (address === undefined || !this.#listener.hasSite(address.siteId)) return [];
    const event = new DeliveredEvent(this.#parts.feed.epoch, sequence, address, payload, position);
    return this.#matches(event) ? [event] : [];
  }

  #send(events: readonly DeliveredEvent[]): void {
    if (this.#listener.isClosed) return;
    const wanted = this.#latest?.newestOf(events) ?? events;
    if (wanted.length > 0) this.#outlet.send(new EventBatch(wanted));
  }
}

interface Sent {
  readonly position: number;
  /** Set when what comes next is gone: what there is. */
  readonly lost: StreamBounds | undefined;
}

const nothing: Portion = { kind: "read", messages: [], position: 0 };

function positionOf(message: PastMessage | undefined): number {
  return message?.position ?? message?.sequence ?? 0;
}

function sitesOf(feeds: readonly SiteFeed[]): readonly StreamSite[] {
  return feeds.map(({ site }) => site);
}
