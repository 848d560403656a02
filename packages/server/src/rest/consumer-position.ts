import { NovacoreError } from "@novacore/protocol";
import { type Static, Type } from "typebox";
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
      { description: "When it was stored, by the hub's clock; epoch ms or ISO-8601" },
    ),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 64, description: "Everything after what this cursor came with" }),
  ),
  start: Type.Optional(
    Type.Enum(["new", "last_per_der"], {
      description: "Only what comes; or first the newest reading of each DER. Default: new",
    }),
  ),
  from_oldest: Type.Optional(
    Type.Boolean({ description: "Start with the oldest kept when the position is older" }),
  ),
};

const Fields = Type.Object(PositionFields);

/** Throws `validation_failed` when more than one start is given. */
export function toPosition(fields: Static<typeof Fields>): Position {
  const { since, cursor, start, from_oldest: fromOldest = false } = fields;
  const given = [since, cursor, start].filter((each) => each !== undefined);
  if (given.length > 1) {
    const message = "Give one of since, cursor and start.";
    const details = [{ path: "/since", message: "cannot stand beside cursor or start" }];
    throw new NovacoreError("validation_failed", message, { details });
  }
  if (cursor !== undefined) return { kind: "cursor", cursor, fromOldest };
  if (since !== undefined) return { kind: "since", sinceMs: toMs(since), fromOldest };
  return { kind: start ?? "new" };
}

function toMs(since: string | number): number {
  return typeof since === "number" || /^\d+$/.test(since) ? Number(since) : Date.parse(since);
}
