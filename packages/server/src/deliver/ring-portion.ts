import type { DeliveredEvent } from "./event.ts";
import type { SiteFeed } from "./site-feed.ts";

export interface RingPortion {
  readonly events: readonly DeliveredEvent[];
  /** Everything up to here is in it, or not wanted. */
  readonly position: number;
  /** Whether the rings hold nothing more. */
  readonly isEnd: boolean;
}

/** What some rings hold after a position, as much as there is room for. */
export function ringPortion(
  feeds: readonly SiteFeed[],
  after: number,
  matches: (event: DeliveredEvent) => boolean,
  room: number,
): RingPortion {
  const bytesMax = portionBytes / Math.max(1, feeds.length);
  const portions = feeds.map(({ ring }) => ring.after(after, bytesMax));
  const ends = portions
    .filter((events) => bytesOf(events) >= bytesMax)
    .map((events) => events.at(-1)?.position ?? 0);
  // Beyond the end of a portion that was cut off, its ring has more.
  const horizon = Math.min(Number.POSITIVE_INFINITY, ...ends);
  const all = portions
    .flat()
    .filter(({ position }) => position <= horizon)
    .sort((a, b) => a.position - b.position);
  const wanted = all.filter(matches);
  const events = firstWhole(wanted, room);
  const isCut = events.length < wanted.length;
  const last = isCut ? events.at(-1) : all.at(-1);
  return {
    events,
    position: last?.position ?? after,
    isEnd: last === undefined || (ends.length === 0 && !isCut),
  };
}

/** From all rings at once: far below a listener's queue. */
const portionBytes = 256 * 1024;

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
