import { NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { ArchivedPlace } from "./archive.ts";
import { type StreamSite, siteFilters } from "./filters.ts";
import type { StoredMessage } from "./message.ts";
import { isBackfilled, newestOf, timestampOf } from "./newest.ts";
import {
  boundsOf,
  expired,
  orgIdsOf,
  type PastMessage,
  type PastParts,
  type PastWish,
  type Portion,
  passArchive,
  type Stretch,
  type Walk,
} from "./past.ts";
import { type Replay, replayLast } from "./replay.ts";

export interface PastNewestWish extends PastWish {
  /** From where on a reading counts. */
  readonly fromSequence: number;
  /** Whether what the stream does not hold any more counts as well: asked of the archive. */
  readonly isWhole: boolean;
}

/** The places in the archive of the newest readings up to one, of which some may still be to come. */
interface Found {
  readonly siteIds: string;
  readonly upTo: number;
  readonly places: readonly ArchivedPlace[];
}

/**
 * The newest reading of each DER between two positions, in the order in which each sent last: of the
 * DERs that have sent nothing since the stream began from the archive, then of the others.
 */
export class PastNewest implements Walk {
  readonly #parts: PastParts;
  readonly #wish: PastNewestWish;
  #replay: Replay | undefined;
  #found: Found | undefined;
  /** The stream begins there, or later by now. */
  #oldest = 0;

  constructor(parts: PastParts, wish: PastNewestWish) {
    this.#parts = parts;
    this.#wish = wish;
  }

  /** Where the archive's readings are it remembers: that is little, and takes long to find out. */
  forget(): void {
    this.#replay = undefined;
  }

  async next(stretch: Stretch): Promise<Portion> {
    const { sites, after, upTo } = stretch;
    if (sites.length === 0) return { kind: "read", messages: [], position: upTo };
    const found = this.#found;
    if (found !== undefined && found.siteIds === idsOf(sites) && after < found.upTo) {
      return this.#nextFound(stretch, found);
    }
    if (!this.#wish.isWhole || after + 1 >= this.#oldest) {
      const portion = await this.#nextInStream(stretch);
      if (!this.#wish.isWhole) return portion;
      this.#oldest = (await boundsOf(this.#parts, this.#wish)).oldest;
      if (this.#oldest <= after + 1) return portion;
      this.forget();
    }
    return this.#find(stretch);
  }

  async #nextInStream({ sites, after, upTo, countMax }: Stretch): Promise<Portion> {
    const { reader, turnstile } = this.#parts;
    const { selection, party } = this.#wish;
    this.#replay ??= replayLast(reader, siteFilters(sites, selection), after, upTo);
    const replay = this.#replay;
    const most = Math.min(limits.replayBatchReadings, countMax);
    const messages = await turnstile.pass(() => replay.next(upTo, most), party);
    const newest = await this.#newestOf(messages, this.#wish.fromSequence);
    return { kind: "read", messages: newest, position: replay.position };
  }

  /** Where a reading came late: the newest of its DER, under the position of the one that came last. */
  async #newestOf(
    messages: readonly StoredMessage[],
    fromSequence: number,
  ): Promise<readonly PastMessage[]> {
    const { reader, turnstile } = this.#parts;
    const { party } = this.#wish;
    const late = new Set(
      messages.filter(({ payload }) => isBackfilled(payload)).slice(0, limits.newestSearchesMax),
    );
    const newest: PastMessage[] = [];
    for (const message of messages) {
      const search = () => newestOf(reader, message, fromSequence);
      const found = late.has(message) ? await turnstile.pass(search, party) : message;
      newest.push({ ...found, position: message.sequence });
    }
    return newest;
  }

  /**
   * Looks through the archive for the newest readings, beyond where the stream begins: it goes on
   * losing its beginning meanwhile, and should not get there before this is over.
   */
  async #find({ sites, after, upTo }: Stretch): Promise<Portion> {
    const { fromSequence, epoch } = this.#wish;
    const { oldest, newest } = await boundsOf(this.#parts, this.#wish);
    const range = await this.#parts.archive?.range(orgIdsOf(sites), epoch);
    const ahead = Math.floor((newest - oldest) / partAhead);
    const end = Math.min(upTo, oldest - 1 + ahead, range?.upTo ?? 0);
    const asked = { ...this.#wish, sites, after, upTo: end };
    if (range === undefined || after < range.after || end <= after) {
      return expired(this.#parts, asked);
    }
    const newestOfDer = new Map<string, ArchivedPlace>();
    for (let reached = Math.max(fromSequence - 1, range.after); reached < end; ) {
      const wish = { ...asked, after: reached };
      const part = await passArchive(this.#parts, wish, (archive) => archive.newest(wish));
      if (part === undefined || part.position <= reached) return expired(this.#parts, asked);
      for (const place of part.places) {
        const known = newestOfDer.get(place.derId);
        if (known === undefined || known.timestampMs < place.timestampMs) {
          newestOfDer.set(place.derId, place);
        }
      }
      if (newestOfDer.size > limits.archiveNewestDersMax) throw tooMany();
      reached = part.position;
    }
    const places = [...newestOfDer.values()]
      .filter(({ sequence }) => sequence > after)
      .sort((a, b) => a.sequence - b.sequence);
    this.#found = { siteIds: idsOf(sites), upTo: end, places };
    return { kind: "read", messages: [], position: places.length === 0 ? end : after };
  }

  async #nextFound({ sites, after, upTo, countMax }: Stretch, found: Found): Promise<Portion> {
    const rest = found.places.filter(({ sequence }) => sequence > after);
    const some = rest.slice(0, Math.min(limits.replayBatchReadings, countMax));
    const [first, last] = [some[0], some.at(-1)];
    const position = some.length < rest.length && last ? last.sequence : found.upTo;
    if (first === undefined || last === undefined) return { kind: "read", messages: [], position };
    const wish = { ...this.#wish, sites, after: first.sequence - 1, upTo: last.sequence };
    const sequences = some.map(({ sequence }) => sequence);
    const messages = await passArchive(this.#parts, wish, (archive) =>
      archive.readAt(wish, sequences),
    );
    const newest = await this.#withoutFollowed(messages ?? [], found.upTo, upTo);
    return { kind: "read", messages: newest, position };
  }

  /** Those whose DER has something newer by now come from the stream. */
  async #withoutFollowed(
    messages: readonly StoredMessage[],
    after: number,
    upTo: number,
  ): Promise<readonly StoredMessage[]> {
    if (messages.length === 0) return messages;
    const { reader, turnstile } = this.#parts;
    const subjects = [...new Set(messages.map(({ subject }) => subject))];
    const read = () => reader.readLast(subjects, after + 1, upTo, subjects.length);
    const last = await turnstile.pass(read, this.#wish.party);
    const newest = await this.#newestOf(last?.messages ?? [], after + 1);
    const newestMs = new Map(newest.map((each) => [each.subject, timestampOf(each.payload)]));
    return messages.filter(
      ({ subject, payload }) => (newestMs.get(subject) ?? -1) <= timestampOf(payload),
    );
  }
}

/** An eighth of what the stream keeps: a day. */
const partAhead = 8;

function idsOf(sites: readonly StreamSite[]): string {
  return sites.map(({ siteId }) => siteId).join(",");
}

function tooMany(): NovacoreError {
  const message = `There are more than ${limits.archiveNewestDersMax} DERs; name fewer sites.`;
  return new NovacoreError("validation_failed", message);
}
