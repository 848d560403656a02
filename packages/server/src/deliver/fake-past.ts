import { enrichedSubject, type Selection } from "@novacore/protocol";
import type { Archive, ArchivedRange, ArchiveWish } from "./archive.ts";
import type { EventBatch } from "./batch.ts";
import { CatchUp } from "./catch-up.ts";
import type { Latest } from "./latest.ts";
import { readAddress, type StoredMessage } from "./message.ts";
import type { Outlet, Reset } from "./outlet.ts";
import { createMatcher } from "./selection.ts";
import { SiteFeed } from "./site-feed.ts";
import { Turnstile } from "./turnstile.ts";

const epoch = 1;

/** A reading of a story: where it was measured, and when. */
export interface Told {
  readonly site: string;
  readonly der?: string;
  readonly timestamp?: number;
}

/** A stream that loses its beginning and an archive that has some of it, for tests of catching up. */
export class FakePast {
  readonly messages: readonly StoredMessage[];
  /** First sequence that the stream still has. */
  oldest = 1;
  archived: ArchivedRange | undefined;
  /** Most readings that one look into the archive gives. */
  pageMax = Number.POSITIVE_INFINITY;
  /** Done before each answer of the stream or of the archive. */
  between: (what: "stream" | "archive" | "bounds") => void | Promise<void> = () => undefined;
  /** Of each read from the archive, how many it wanted. */
  readonly asked: number[] = [];

  constructor(readings: readonly Told[], archived?: ArchivedRange) {
    this.archived = archived;
    this.messages = readings.map(({ site: siteId, der, timestamp }, index) => {
      const sequence = index + 1;
      const derId = der ?? `der-${siteId}`;
      const payload = `{"type":"pv","timestamp":${timestamp ?? sequence},"W":${sequence}}`;
      return {
        ...{ sequence, lastSequence: 0, payload: Buffer.from(payload) },
        subject: enrichedSubject({ orgId: "org-1", siteId, deviceId: "d", derId }),
      };
    });
  }

  readonly reader = {
    /** Moves a start that is too early forward in silence, as JetStream does. */
    read: async (filter: string, from: number, countMax = 256) => {
      const first = Math.max(from, this.oldest);
      const matching = this.messages.filter(
        ({ sequence, subject }) => sequence >= first && isMatch(filter, subject),
      );
      await this.between("stream");
      const messages = matching.slice(0, countMax);
      return { messages, isExhausted: messages.length === matching.length };
    },
    readLast: async (filters: readonly string[], from: number, upTo: number, countMax: number) => {
      const last = new Map<string, StoredMessage>();
      for (const message of this.messages) {
        const { sequence, subject } = message;
        const isHeld = sequence >= this.oldest && sequence <= upTo;
        if (isHeld && filters.some((filter) => isMatch(filter, subject)))
          last.set(subject, message);
      }
      const matching = [...last.values()]
        .filter(({ sequence }) => sequence >= from)
        .sort((a, b) => a.sequence - b.sequence);
      await this.between("stream");
      const messages = matching.slice(0, countMax);
      return { messages, isExhausted: messages.length === matching.length };
    },
  };

  readonly bounds = async () => {
    await this.between("bounds");
    return { epoch, oldest: this.oldest, newest: this.messages.length };
  };

  readonly archive: Archive = {
    range: async () => this.archived,
    positionAt: async () => undefined,
    read: async (wish, countMax) => {
      this.asked.push(countMax);
      const { messages, upTo } = this.#between(wish);
      const page = messages.slice(0, Math.min(countMax, this.pageMax));
      await this.between("archive");
      wish.signal?.throwIfAborted();
      const isAll = page.length === messages.length;
      return { messages: page, position: isAll ? upTo : (page.at(-1)?.sequence ?? upTo) };
    },
    newest: async (wish) => {
      const { messages, upTo } = this.#between(wish);
      const page = messages.slice(0, this.pageMax);
      await this.between("archive");
      const isAll = page.length === messages.length;
      return {
        places: page.map(({ sequence, subject, payload }) => ({
          derId: readAddress(subject)?.derId ?? "",
          timestampMs: JSON.parse(payload.toString()).timestamp,
          sequence,
        })),
        position: isAll ? upTo : (page.at(-1)?.sequence ?? upTo),
      };
    },
    readAt: async (_wish, sequences) =>
      this.messages.filter(({ sequence }) => sequences.includes(sequence)),
  };

  #between({ sites, after, upTo }: ArchiveWish) {
    const { archived } = this;
    if (archived === undefined || after < archived.after || after >= archived.upTo) {
      return { messages: [], upTo: after };
    }
    const end = Math.min(upTo, archived.upTo);
    const messages = this.messages.filter(
      ({ sequence, subject }) =>
        sequence > after &&
        sequence <= end &&
        sites.some(({ siteId }) => siteId === readAddress(subject)?.siteId),
    );
    return { messages, upTo: end };
  }
}

export interface FakeListenerOptions {
  readonly sites: readonly string[];
  readonly after: number;
  readonly selection?: Selection;
  readonly latest?: Pick<Latest, "newestOf">;
  readonly hasArchive?: boolean;
}

/** A listener that notes what it gets. Its feeds are live since everything was stored. */
export class FakeListener {
  readonly sent: number[] = [];
  readonly positions: number[] = [];
  readonly resets: { readonly at: number; readonly reset: Reset }[] = [];
  /** Sequences that were sent though their site was not granted at that moment. */
  readonly wrong: number[] = [];
  readonly catchUp: CatchUp;
  position: number;
  isClosed = false;
  isLive = false;
  room = Number.POSITIVE_INFINITY;
  feeds: readonly SiteFeed[];
  readonly #past: FakePast;
  #drained = Promise.withResolvers<void>();

  constructor(past: FakePast, options: FakeListenerOptions) {
    const { sites, after, selection = {}, latest, hasArchive = true } = options;
    this.#past = past;
    this.position = after;
    this.feeds = sites.map((site) => this.#feed(site));
    const parts = {
      ...{ feed: { epoch, position: past.messages.length }, reader: past.reader },
      ...{ bounds: past.bounds, turnstile: new Turnstile(1), archiveTurnstile: new Turnstile(1) },
      archive: hasArchive ? past.archive : undefined,
    };
    this.catchUp = new CatchUp({
      ...{ parts, listener: this, outlet: this.#outlet(), selection, latest, party: "" },
      matches: createMatcher(selection) ?? (() => true),
    });
  }

  hasSite(siteId: string): boolean {
    return this.feeds.some(({ site }) => site.siteId === siteId);
  }

  pass(): void {
    throw new Error("nothing was missed");
  }

  goLive(): void {
    this.isLive = true;
  }

  /** From now on it may see these. */
  see(sites: readonly string[]): void {
    const known = new Map(this.feeds.map((feed) => [feed.site.siteId, feed]));
    this.feeds = sites.map((site) => known.get(site) ?? this.#feed(site));
  }

  allow(readings: number): void {
    this.room += readings;
    this.#drained.resolve();
    this.#drained = Promise.withResolvers();
  }

  close(): void {
    this.isClosed = true;
    this.catchUp.stop();
    this.#drained.resolve();
  }

  #feed(siteId: string): SiteFeed {
    const ring = { ageMs: 1e9, bytesMax: 1e6 };
    const feed = new SiteFeed({ orgId: "org-1", siteId }, ring, { usedBytes: 0, bytesMax: 1e9 });
    feed.goLive(this.#past.messages.length);
    return feed;
  }

  #outlet(): Outlet {
    const listener = this;
    return {
      ...{ queuedBytes: 0, isBacklogged: false },
      get room() {
        return listener.room;
      },
      send: (batch) => this.#take(batch),
      tellPosition: () => undefined,
      tellReset: (reset) => this.resets.push({ at: this.sent.length, reset }),
      tellCaughtUp: () => undefined,
      tellLiveness: () => undefined,
      drained: () => this.#drained.promise,
      unclogged: async () => undefined,
      end: () => undefined,
    };
  }

  #take(batch: EventBatch): void {
    if (batch.events.length > this.room) throw new Error("more came than was allowed");
    this.room -= batch.events.length;
    for (const { sequence, position, address } of batch.events) {
      if (!this.hasSite(address.siteId)) this.wrong.push(sequence);
      this.sent.push(sequence);
      this.positions.push(position);
    }
  }
}

/** As NATS matches: `*` is one part, `>` the rest. */
function isMatch(filter: string, subject: string): boolean {
  const parts = subject.split(".");
  return filter.split(".").every((part, i) => part === ">" || part === "*" || part === parts[i]);
}
