import { NovacoreError, type Selection } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { Feed } from "./feed.ts";
import { type Opening, type Reset, toReset } from "./outlet.ts";
import { oldestOf, orgIdsOf, type PastParts, passArchive } from "./past.ts";
import { type Start, startOf } from "./selection.ts";
import { coveredFrom, type SiteFeed } from "./site-feed.ts";
import type { StreamReader } from "./stream-reader.ts";

export interface OpeningParts extends PastParts {
  readonly feed: Pick<Feed, "epoch" | "position">;
  readonly reader: Pick<StreamReader, "read" | "readLast" | "sequenceAt">;
  readonly now: () => number;
}

export interface OpeningWish {
  readonly party: string;
  readonly feeds: readonly SiteFeed[];
  readonly selection: Selection;
  readonly lastEventId?: string | undefined;
}

/** Where a stream starts, and what is to be told of that. */
interface Place {
  readonly position: number;
  readonly reason: Reset["reason"] | undefined;
}

/** Throws `cursor_invalid`, `validation_failed`, or `unavailable` when it cannot be found out now. */
export async function findOpening(wish: OpeningWish, parts: OpeningParts): Promise<Opening> {
  const { feeds, selection, lastEventId } = wish;
  const resumed = lastEventId !== undefined && lastEventId !== "";
  const start = resumed ? startOfHeader(lastEventId) : startOf(selection);
  // A client that resumes has what it needs; the snapshot was for its first connection.
  const snapshot = selection.snapshot === true && !resumed;
  const { position, reason } = await placeOf(start, wish, parts);
  const reset = reason && (await resetOf(reason, feeds, parts));
  return { position, reset, isPast: start?.kind !== "live", snapshot };
}

async function placeOf(
  start: Start | undefined,
  wish: OpeningWish,
  parts: OpeningParts,
): Promise<Place> {
  const here = Math.max(parts.feed.position, coveredFrom(wish.feeds));
  if (start === undefined) return { position: here, reason: "cursor_invalid" };
  switch (start.kind) {
    case "live":
      return { position: here, reason: undefined };
    case "time":
      return placeAtTime(start.timeMs, wish, parts);
    case "cursor":
      return placeAtCursor(start, wish, parts, here);
  }
}

async function placeAtTime(
  timeMs: number,
  { feeds, party }: OpeningWish,
  parts: OpeningParts,
): Promise<Place> {
  const aheadMs = timeMs - parts.now();
  // A client's clock may run ahead a little: what it calls now is live.
  if (aheadMs > limits.clockAheadMs) {
    const message = `it is ${Math.round(aheadMs / 1_000)} s ahead of the hub's clock`;
    throw new NovacoreError("validation_failed", `since: ${message}.`, {
      details: [{ path: "/since", message }],
    });
  }
  const bounds = await parts.bounds();
  const sequence = await parts.reader.sequenceAt(timeMs, bounds);
  // The oldest message answers for every earlier time, and what came before it is gone.
  if (sequence > bounds.oldest || sequence <= 1) {
    return { position: sequence - 1, reason: undefined };
  }
  const orgIds = orgIdsOf(feeds.map(({ site }) => site));
  const archived = await passArchive(parts, { party, signal: undefined }, (archive) =>
    archive.positionAt(orgIds, bounds.epoch, timeMs),
  );
  const position = Math.min(archived?.position ?? sequence - 1, sequence - 1);
  const isExpired = archived?.isExpired ?? true;
  return { position, reason: isExpired ? "cursor_expired" : undefined };
}

async function placeAtCursor(
  { epoch, sequence }: Extract<Start, { kind: "cursor" }>,
  { feeds }: OpeningWish,
  parts: OpeningParts,
  here: number,
): Promise<Place> {
  const { feed } = parts;
  if (epoch !== feed.epoch) return { position: here, reason: "cursor_epoch_changed" };
  if (sequence >= coveredFrom(feeds) && sequence <= feed.position) {
    return { position: sequence, reason: undefined };
  }
  const bounds = await parts.bounds();
  if (sequence > bounds.newest) return { position: here, reason: "cursor_in_future" };
  if (sequence + 1 >= bounds.oldest) return { position: sequence, reason: undefined };
  const sites = feeds.map(({ site }) => site);
  const oldest = await oldestOf(parts, sites, bounds);
  if (sequence + 1 >= oldest) return { position: sequence, reason: undefined };
  return { position: oldest - 1, reason: "cursor_expired" };
}

async function resetOf(
  reason: Reset["reason"],
  feeds: readonly SiteFeed[],
  parts: OpeningParts,
): Promise<Reset> {
  const bounds = await parts.bounds();
  const sites = feeds.map(({ site }) => site);
  return toReset(reason, { ...bounds, oldest: await oldestOf(parts, sites, bounds) });
}

/**
 * A Last-Event-ID that is not ours gets a reset and not a 400: browsers send it again by
 * themselves, and any 4xx would stop their EventSource for good.
 */
function startOfHeader(lastEventId: string): Start | undefined {
  try {
    return startOf({ cursor: lastEventId });
  } catch (error) {
    if (error instanceof NovacoreError && error.code === "cursor_invalid") return undefined;
    throw error;
  }
}
