import type { StreamConfig, StreamInfo, StreamState } from "@nats-io/jetstream";
import { decodeCursor, type ErrorCode, encodeCursor, NovacoreError } from "@novacore/protocol";
import { limits } from "../limits.ts";

/** Where a back end wants to start reading. */
export type Position =
  | { readonly kind: "new" }
  /** The newest reading of each DER, then everything after. */
  | { readonly kind: "last_per_der" }
  | { readonly kind: "cursor"; readonly cursor: string; readonly fromOldest: boolean }
  | { readonly kind: "since"; readonly sinceMs: number; readonly fromOldest: boolean };

/** What ENRICHED_TELEMETRY holds. */
export interface HeldReadings {
  /** Creation time of the stream, epoch ms. */
  readonly epoch: number;
  /** First sequence kept; one past `newest` when the stream is empty. */
  readonly oldest: number;
  /** Last sequence stored; 0 before the first. */
  readonly newest: number;
  /** When the oldest was stored, epoch ms; of an empty stream, before when nothing is kept. */
  readonly oldestMs: number;
  /** What was stored since then is all there; epoch ms. */
  readonly completeSinceMs: number;
}

/**
 * The sequence after which a position starts. JetStream moves a start that it no longer has forward
 * in silence; here it is refused, unless the caller has said that the oldest will do. Throws
 * `cursor_invalid`, `cursor_epoch_changed`, `cursor_in_future` or `cursor_expired`.
 */
export async function resolvePosition(
  position: Position,
  held: HeldReadings,
  firstStoredSince: (timeMs: number) => Promise<number | undefined>,
): Promise<number> {
  switch (position.kind) {
    case "new":
    case "last_per_der":
      return held.newest;
    case "cursor":
      return afterCursor(position, held);
    case "since": {
      if (position.sinceMs < held.completeSinceMs) {
        if (!position.fromOldest) throw expired("/since", held);
        return held.oldest - 1;
      }
      return ((await firstStoredSince(position.sinceMs)) ?? held.newest + 1) - 1;
    }
  }
}

function afterCursor(
  { cursor, fromOldest }: Extract<Position, { kind: "cursor" }>,
  held: HeldReadings,
): number {
  const position = decodeCursor(cursor);
  if (position === undefined) throw new NovacoreError("cursor_invalid");
  if (position.epoch !== held.epoch) throw refusal("cursor_epoch_changed", "/cursor", held);
  if (position.sequence > held.newest) throw refusal("cursor_in_future", "/cursor", held);
  if (position.sequence + 1 >= held.oldest) return position.sequence;
  if (!fromOldest) throw expired("/cursor", held);
  return held.oldest - 1;
}

function expired(path: string, held: HeldReadings): NovacoreError {
  const time = new Date(held.oldestMs).toISOString();
  const message =
    `The stream has nothing from before ${time} any more. The archive has, unless it is off: read ` +
    "it with GET /sites/{id}/telemetry, or from this position over SSE or WebSocket. Give a later " +
    "position here, or from_oldest: true to start with the oldest of the stream.";
  return refusal("cursor_expired", path, held, message);
}

/** Tells, for machines, which position would be taken. */
function refusal(code: ErrorCode, path: string, held: HeldReadings, message?: string) {
  const { epoch, oldest, oldestMs } = held;
  const details = [
    { path, message: "is no position that the stream can start from" },
    { path: "/oldest/cursor", message: encodeCursor({ epoch, sequence: oldest - 1 }) },
    { path: "/oldest/time", message: new Date(oldestMs).toISOString() },
  ];
  return new NovacoreError(code, message, { details });
}

const nanosecondsPerMs = 1_000_000;

/** What nats-server says of a stream. */
interface StreamNow extends Pick<StreamInfo, "created"> {
  readonly state: Pick<StreamState, "messages" | "bytes" | "first_seq" | "first_ts" | "last_seq">;
  readonly config: Pick<StreamConfig, "max_age" | "max_bytes" | "max_msgs">;
}

/**
 * Only what was stored and is gone makes a hole, and a silence before the oldest reading is none.
 * A stream that is not full has lost nothing but by age: had it been full since, what it dropped
 * then would have been older than all that it has now, so that it would be full still.
 */
export function toHeldReadings({ created, state, config }: StreamNow, nowMs: number): HeldReadings {
  const isEmpty = state.messages === 0;
  const oldest = isEmpty ? state.last_seq + 1 : state.first_seq;
  const ageMs = config.max_age / nanosecondsPerMs;
  const oldestMs = isEmpty ? nowMs - ageMs : Date.parse(state.first_ts);
  const isFull =
    (config.max_bytes > 0 && state.bytes > config.max_bytes - limits.natsPayloadBytesMax) ||
    (config.max_msgs > 0 && state.messages >= config.max_msgs);
  const byAgeMs = nowMs - ageMs + limits.consumerMarginMs;
  const sinceMs = isFull || ageMs === 0 ? oldestMs : Math.min(oldestMs, byAgeMs);
  return {
    epoch: Date.parse(created),
    oldest,
    newest: state.last_seq,
    oldestMs,
    completeSinceMs: oldest <= 1 ? Number.NEGATIVE_INFINITY : sinceMs,
  };
}
