import { quarterMs } from "./cells.ts";

/** A stretch of time in which the clocks on the wall are not changed. */
export interface ZoneSpan {
  readonly startMs: number;
  readonly endMs: number;
  /** What the clocks are ahead of UTC. */
  readonly offsetMs: number;
}

/** A time zone by its IANA name. */
export interface Zone {
  offsetMs(timeMs: number): number;
  /** From `fromMs` to `toMs`, one after the other. Clocks are changed at a quarter of an hour. */
  spans(fromMs: number, toMs: number): ZoneSpan[];
  /** As `2026-10-25T00:00:00+02:00`; milliseconds where there are any. */
  format(timeMs: number): string;
  /** Start of a day, which is not midnight everywhere; undefined where the text is no date. */
  startOfDay(date: string): number | undefined;
}

const dayMs = 86_400_000;

/** Throws a RangeError on a name that is none. */
export function createZone(timezone: string): Zone {
  const offsetMs = createOffset(timezone);
  const format = (timeMs: number) => {
    const offset = offsetMs(timeMs);
    const local = new Date(timeMs + offset).toISOString().replace(/(\.000)?Z$/, "");
    return `${local}${formatOffset(offset)}`;
  };
  return {
    offsetMs,
    format,
    spans(fromMs, toMs) {
      const spans: ZoneSpan[] = [];
      let startMs = fromMs;
      let offset = offsetMs(fromMs);
      // No zone changes its clocks twice in a day.
      for (let ms = fromMs; ms < toMs; ms += dayMs) {
        const nextMs = Math.min(ms + dayMs, toMs);
        const next = offsetMs(nextMs);
        if (next === offset) continue;
        const changeMs = changeBetween(ms, nextMs, (timeMs) => offsetMs(timeMs) === offset);
        spans.push({ startMs, endMs: changeMs, offsetMs: offset });
        startMs = changeMs;
        offset = next;
      }
      return startMs < toMs ? [...spans, { startMs, endMs: toMs, offsetMs: offset }] : spans;
    },
    startOfDay(date) {
      const midnightMs = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00Z`) : Number.NaN;
      // Date.parse takes February 30 for a day of March.
      if (Number.isNaN(midnightMs) || !new Date(midnightMs).toISOString().startsWith(date)) {
        return undefined;
      }
      // Clocks are at most 14 hours off UTC; one quarter before the day is another date.
      const isBefore = (timeMs: number) => format(timeMs).slice(0, 10) < date;
      return changeBetween(midnightMs - dayMs, midnightMs + dayMs, isBefore);
    },
  };
}

/** The quarter at which what holds at `fromMs`, and not at `toMs`, ends to hold. */
function changeBetween(fromMs: number, toMs: number, holds: (timeMs: number) => boolean): number {
  let low = Math.floor(fromMs / quarterMs);
  let high = Math.ceil(toMs / quarterMs);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle * quarterMs)) low = middle;
    else high = middle;
  }
  return high * quarterMs;
}

function createOffset(timezone: string): (timeMs: number) => number {
  if (timezone === "UTC") return () => 0;
  const clock = new Intl.DateTimeFormat("en", {
    timeZone: timezone,
    hourCycle: "h23",
    ...{ year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric", second: "numeric" },
  });
  return (timeMs) => {
    const at = new Map(clock.formatToParts(timeMs).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => at.get(type) ?? 0;
    const [year, month, day] = [part("year"), part("month"), part("day")];
    const localMs = Date.UTC(year, month - 1, day, part("hour"), part("minute"), part("second"));
    return localMs - Math.floor(timeMs / 1000) * 1000;
  };
}

function formatOffset(offsetMs: number): string {
  if (offsetMs === 0) return "Z";
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  const two = (value: number) => String(value).padStart(2, "0");
  return `${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
