import { NovacoreError, type Selection } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Archive, ArchiveWish } from "./archive.ts";
import { type StreamSite, subjectFilters } from "./filters.ts";
import type { StoredMessage } from "./message.ts";
import { type Replay, replayAll } from "./replay.ts";
import type { StreamBounds, StreamReader } from "./stream-reader.ts";
import type { Turnstile } from "./turnstile.ts";

export interface PastParts {
  readonly reader: Pick<StreamReader, "read" | "readLast">;
  /** What the stream holds by the time that it is asked, or later. */
  readonly bounds: () => Promise<StreamBounds>;
  readonly turnstile: Turnstile;
  /** Undefined: what the stream does not hold any more is gone. */
  readonly archive: Archive | undefined;
  /** Fewer than of the stream: people's own queries wait for the same threads. */
  readonly archiveTurnstile: Turnstile;
}

/** Whose past is read, and what of it. */
export interface PastWish {
  readonly epoch: number;
  readonly selection: Selection;
  /** Whose turn it is when many read back. */
  readonly party: string;
  readonly signal: AbortSignal;
}

/** How far to read. */
export interface Stretch {
  readonly sites: readonly StreamSite[];
  readonly after: number;
  /** A position that is known to be stored. */
  readonly upTo: number;
  readonly countMax: number;
}

/** Undefined: the position is the message's own. */
export type PastMessage = StoredMessage & { readonly position?: number };

export type Portion =
  /** All of what was asked for, up to `position`. */
  | {
      readonly kind: "read";
      readonly messages: readonly PastMessage[];
      readonly position: number;
    }
  /** What comes next is gone; `bounds` begin with the first that is not. */
  | { readonly kind: "expired"; readonly bounds: StreamBounds };

/** Reads on from where it was, until it is told to forget what it read ahead. */
export interface Walk {
  next(stretch: Stretch): Promise<Portion>;
  forget(): void;
}

/**
 * Every reading between two positions, portion by portion: from the stream, and what it does not hold
 * any more from the archive. JetStream moves a read that begins too early forward in silence, so each
 * portion counts only when afterwards the stream still begins before it.
 */
export class Past implements Walk {
  readonly #parts: PastParts;
  readonly #wish: PastWish;
  #replay: Replay | undefined;
  /** The stream begins there, or later by now. */
  #oldest = 0;

  constructor(parts: PastParts, wish: PastWish) {
    this.#parts = parts;
    this.#wish = wish;
  }

  forget(): void {
    this.#replay = undefined;
  }

  async next(stretch: Stretch): Promise<Portion> {
    const { sites, after, upTo } = stretch;
    if (sites.length === 0) return { kind: "read", messages: [], position: upTo };
    if (after + 1 < this.#oldest) return this.#nextArchived(stretch);
    const portion = await this.#nextInStream(stretch);
    const { oldest } = await boundsOf(this.#parts, this.#wish);
    this.#oldest = oldest;
    if (oldest <= after + 1) return portion;
    this.forget();
    return this.#nextArchived(stretch);
  }

  async #nextInStream({ sites, after, upTo, countMax }: Stretch): Promise<Portion> {
    const { reader, turnstile } = this.#parts;
    const { selection, party } = this.#wish;
    this.#replay ??= replayAll(reader, subjectFilters(sites, selection), after);
    const replay = this.#replay;
    const most = Math.min(limits.replayBatchReadings, countMax);
    const messages = await turnstile.pass(() => replay.next(upTo, most), party);
    return { kind: "read", messages, position: replay.position };
  }

  async #nextArchived({ sites, after, upTo, countMax }: Stretch): Promise<Portion> {
    const wish = { ...this.#wish, sites, after, upTo };
    const most = Math.min(limits.archiveBatchReadings, countMax);
    const found = await passArchive(this.#parts, wish, (archive) => archive.read(wish, most));
    if (found === undefined || found.position <= after) return expired(this.#parts, wish);
    return { kind: "read", ...found };
  }
}

/** Asks the archive in turn with others; undefined: there is none. */
export async function passArchive<T>(
  { archive, archiveTurnstile }: PastParts,
  { party, signal }: { readonly party: string; readonly signal: AbortSignal | undefined },
  ask: (archive: Archive) => Promise<T>,
): Promise<T | undefined> {
  if (archive === undefined) return undefined;
  return archiveTurnstile.pass(() => {
    signal?.throwIfAborted();
    return ask(archive);
  }, party);
}

/** Throws `unavailable` when the stream has become another one, which the live feed will tell. */
export async function boundsOf(
  { bounds }: PastParts,
  { epoch }: Pick<PastWish, "epoch">,
): Promise<StreamBounds> {
  const found = await bounds();
  if (found.epoch !== epoch) throw new NovacoreError("unavailable", "The stream was made anew.");
  return found;
}

/** Neither the stream nor the archive has what comes after a position. */
export async function expired(
  parts: PastParts,
  { epoch, sites, after }: Pick<ArchiveWish, "epoch" | "sites" | "after">,
): Promise<Portion> {
  const bounds = await boundsOf(parts, { epoch });
  const oldest = await oldestOf(parts, sites, bounds);
  // The archive has got there meanwhile: the next try will find it.
  if (oldest <= after + 1) return { kind: "read", messages: [], position: after };
  return { kind: "expired", bounds: { ...bounds, oldest } };
}

/** The first position from which on nothing is missing, in the archive or else in the stream. */
export async function oldestOf(
  { archive }: Pick<PastParts, "archive">,
  sites: readonly StreamSite[],
  { epoch, oldest }: StreamBounds,
): Promise<number> {
  const range = await archive?.range(orgIdsOf(sites), epoch);
  if (range === undefined || range.upTo < oldest - 1) return oldest;
  return Math.min(oldest, range.after + 1);
}

export function orgIdsOf(sites: readonly StreamSite[]): readonly string[] {
  return [...new Set(sites.map(({ orgId }) => orgId))];
}
