import type { Selection } from "@novacore/protocol";
import type { StreamSite } from "./filters.ts";
import type { StoredMessage } from "./message.ts";

/** What is asked of the archive: readings of some sites, between two positions of the stream. */
export interface ArchiveWish {
  readonly sites: readonly StreamSite[];
  readonly selection: Pick<Selection, "types" | "devices" | "ders">;
  readonly epoch: number;
  readonly after: number;
  readonly upTo: number;
  /** Whoever asks is gone: the answer is the signal's reason, thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** Behind the first of them, and up to the second, the archive has everything. */
export interface ArchivedRange {
  readonly after: number;
  readonly upTo: number;
}

/** Where a reading stood in the stream. */
export interface ArchivedPlace {
  readonly derId: string;
  readonly timestampMs: number;
  readonly sequence: number;
}

/**
 * Readings that the stream may not hold any more, under the positions that they had in it. `position`
 * in an answer is how far it goes: a part of what was asked for. Where it is not beyond `after`, the
 * archive does not have what comes there. Everything throws `unavailable` when it cannot be read now.
 */
export interface Archive {
  /** What it has of some organizations; undefined: nothing of that epoch. */
  range(orgIds: readonly string[], epoch: number): Promise<ArchivedRange | undefined>;
  /**
   * The position before everything that arrived since a time, and whether the archive may lack some
   * of that; undefined: it has nothing of that epoch.
   */
  positionAt(
    orgIds: readonly string[],
    epoch: number,
    timeMs: number,
  ): Promise<{ readonly position: number; readonly isExpired: boolean } | undefined>;
  /** In order, at most so many. */
  read(
    wish: ArchiveWish,
    countMax: number,
  ): Promise<{ readonly messages: readonly StoredMessage[]; readonly position: number }>;
  /** Where the newest reading of each DER is, by its own clock. */
  newest(
    wish: ArchiveWish,
  ): Promise<{ readonly places: readonly ArchivedPlace[]; readonly position: number }>;
  /** Readings at some places, in order; those that are gone are left out. */
  readAt(wish: ArchiveWish, sequences: readonly number[]): Promise<readonly StoredMessage[]>;
}
