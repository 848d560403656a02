import { NovacoreError } from "@novacore/protocol";
import { type Static, Type } from "typebox";
import { limits } from "../limits.ts";
import type { Position } from "../store/consumer-position.ts";

/** Where a consumer starts: one of since, cursor and start. */
export const PositionFields = {
  since: Type.Optional(
    Type.Union(
      [
        Type.Integer({ minimum: 0, maximum: 8.64e15 }),
        Type.String({ format: "date-time" }),
        Type.String({ pattern: "^\\d{1,15}$" }),
      ],
      {
        description:
          "When it was stored, by the hub's clock; epoch milliseconds or ISO-8601; 0 is everything",
      },
    ),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 64, description: "Everything after what this cursor came with" }),
  ),
  start: Type.Optional(
    Type.Enum(["new", "last_per_der"], {
      description: "Only what comes; or first the newest reading of each DER",
    }),
  ),
  from_oldest: Type.Optional(
    Type.Boolean({
      description: "Start with the oldest kept when since or cursor is older than that",
    }),
  ),
};

const bySince = { required: ["since"], properties: { cursor: false, start: false } };
const byCursor = { required: ["cursor"], properties: { since: false, start: false } };
const byStart = { properties: { since: false, cursor: false, from_oldest: { const: false } } };

/** What `toPosition` checks, and `toNewPosition`. */
export const positionRule = { "x-rule": { anyOf: [bySince, byCursor, byStart] } };
export const newPositionRule = {
  "x-rule": { anyOf: [bySince, byCursor, { required: ["start"], ...byStart }] },
};

const Fields = Type.Object(PositionFields);
type Fields = Static<typeof Fields>;

/** Throws `validation_failed` unless one start is given, or none, which is a new consumer's "new". */
export function toPosition(fields: Fields, nowMs: number): Position {
  const { since, cursor, start, from_oldest: fromOldest = false } = fields;
  const given = [since, cursor, start].filter((each) => each !== undefined);
  if (given.length > 1) {
    const details = [{ path: "/since", message: "cannot stand beside cursor or start" }];
    throw new NovacoreError("validation_failed", oneStart, { details });
  }
  if (cursor !== undefined) return { kind: "cursor", cursor, fromOldest };
  if (since !== undefined) return { kind: "since", sinceMs: toMs(since, nowMs), fromOldest };
  if (!fromOldest) return { kind: start ?? "new" };
  throw refused(
    "/from_oldest",
    "says what to do when since or cursor is older than the stream, so give one of them; " +
      "since: 0 with from_oldest: true starts with the oldest reading that is kept",
  );
}

/** The same for a consumer that exists, which goes nowhere unless it is told. */
export function toNewPosition(fields: Fields, nowMs: number): Position {
  const position = toPosition(fields, nowMs);
  if (position.kind !== "new" || fields.start !== undefined) return position;
  const details = [{ path: "/since", message: "is missing, as are cursor and start" }];
  throw new NovacoreError("validation_failed", oneStart, { details });
}

const oneStart = "Give one of since, cursor and start.";

/** No hub has older readings: it is epoch seconds, or a date that was made of them. */
const oldestPlausibleMs = Date.UTC(2000, 0, 1);

function toMs(since: string | number, nowMs: number): number {
  const isCount = typeof since === "number" || /^\d+$/.test(since);
  const timeMs = isCount ? Number(since) : Date.parse(since);
  if (Number.isNaN(timeMs)) throw refused("/since", `is ${since}, which is no time`);
  const time = new Date(timeMs).toISOString();
  const read = isCount ? `${since}, which as epoch milliseconds is ${time}` : time;
  if (timeMs !== 0 && timeMs < oldestPlausibleMs) {
    throw refused(
      "/since",
      `is ${read}; give epoch milliseconds (not seconds), an ISO-8601 time, or 0 for everything`,
    );
  }
  if (timeMs > nowMs + limits.clockAheadMs) {
    throw refused(
      "/since",
      `is ${read}, in the future by the hub's clock (${new Date(nowMs).toISOString()}); ` +
        "give epoch milliseconds or an ISO-8601 time up to now, or start: new",
    );
  }
  return timeMs;
}

function refused(path: string, message: string): NovacoreError {
  const details = [{ path, message }];
  return new NovacoreError("validation_failed", `${path} ${message}.`, { details });
}
