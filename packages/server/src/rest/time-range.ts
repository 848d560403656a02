import { type ErrorDetail, NovacoreError } from "@novacore/protocol";
import { Type } from "typebox";
import { secondsFault } from "../epoch-seconds.ts";
import { createZone } from "../history/zone.ts";

const description =
  "Epoch milliseconds, or ISO-8601: with an offset or Z, or a date alone for the start of that day where the site is";

/** How a time can look; `readTime` says more exactly what is wrong with it. */
const looks = {
  "x-rule": {
    pattern:
      "^(\\d{1,15}|\\d{4}-\\d\\d-\\d\\d([Tt]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?([Zz]|[+-]\\d\\d:\\d\\d))?)$",
  },
};

/** Query members of what is asked for a time: from `from` to before `to`. */
export const TimeRangeQuery = Type.Object({
  from: Type.String({ maxLength: 40, description, ...looks, examples: ["2026-01-31"] }),
  to: Type.Optional(untilWhen("now")),
});

/** The query member `to`, with what it is where it is not given. */
export function untilWhen(byDefault: string) {
  return Type.String({
    maxLength: 40,
    description: `${description}. Default: ${byDefault}`,
    ...looks,
    examples: ["2026-02-01T12:00:00Z"],
  });
}

export interface TimeRange {
  readonly fromMs: number;
  /** Not part of it. */
  readonly toMs: number;
}

export interface TimeRangeLimits {
  readonly nowMs: number;
  /** IANA name: where a date alone begins. Default: UTC. */
  readonly timezone?: string;
  /** Longest range. */
  readonly rangeMsMax: number;
}

/**
 * Reads a range; throws `validation_failed` with path and value of everything that is wrong. A time
 * ahead of now is taken: there will be nothing there.
 */
export function readTimeRange(
  query: { readonly from: string; readonly to?: string },
  { nowMs, timezone = "UTC", rangeMsMax }: TimeRangeLimits,
): TimeRange {
  const { from, to = String(nowMs) } = query;
  const [fromMs, toMs] = [readTime(from, timezone), readTime(to, timezone)];
  const faults: ErrorDetail[] = [];
  if (fromMs === undefined) faults.push({ path: "/from", message: timeFault(from) });
  if (toMs === undefined) faults.push({ path: "/to", message: timeFault(to) });
  if (fromMs === undefined || toMs === undefined) throw invalid(faults);
  if (fromMs >= toMs) {
    const path = query.to === undefined ? "/from" : "/to";
    const message =
      path === "/to"
        ? `must be later than from (${iso(fromMs)}), not ${asGiven(to)}`
        : `must be in the past where to is not given, not ${asGiven(from)}`;
    throw invalid([{ path, message }]);
  }
  assertRange({ fromMs, toMs }, rangeMsMax);
  return { fromMs, toMs };
}

/** Throws `validation_failed` where a range is longer than `rangeMsMax`. */
export function assertRange({ fromMs, toMs }: TimeRange, rangeMsMax: number): void {
  if (toMs - fromMs <= rangeMsMax) return;
  const message = `${iso(fromMs)} to ${iso(toMs)} is ${days(toMs - fromMs)}, longer than the ${days(rangeMsMax)} allowed here`;
  throw invalid([{ path: "/from", message }]);
}

/** The end of the year 9999: beyond it ISO-8601 has other forms, and clocks no time zones. */
const timeMsMax = 253_402_300_799_999;

const isoPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

function readTime(text: string, timezone: string): number | undefined {
  const timeMs = parseTime(text, timezone);
  const isInRange = timeMs !== undefined && timeMs >= 0 && timeMs <= timeMsMax;
  return isInRange && secondsFault(text) === undefined ? timeMs : undefined;
}

function parseTime(text: string, timezone: string): number | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return createZone(timezone).startOfDay(text);
  // A + that was not escaped in a URL arrives as a space.
  const time = text.toUpperCase().replace(/ (?=\d\d:\d\d$)/, "+");
  if (!isoPattern.test(time)) return undefined;
  const timeMs = Date.parse(time);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

function timeFault(text: string): string {
  const example = "epoch milliseconds or an ISO-8601 time such as 2026-01-31T12:00:00Z";
  return (
    secondsFault(text) ?? `must be ${example}, until the year 9999, not ${JSON.stringify(text)}`
  );
}

function invalid(details: readonly ErrorDetail[]): NovacoreError {
  const [first] = details;
  const message = first && `${first.path} ${first.message}.`;
  return new NovacoreError("validation_failed", message, { details });
}

/** What was written, but of milliseconds the time that they are. */
function asGiven(text: string): string {
  return /^\d+$/.test(text) ? iso(Number(text)) : JSON.stringify(text);
}

const iso = (timeMs: number) => new Date(timeMs).toISOString();

function days(durationMs: number): string {
  const count = Math.round(durationMs / 8_640_000) / 10;
  return count === 1 ? "1 day" : `${count} days`;
}
