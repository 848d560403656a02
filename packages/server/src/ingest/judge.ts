import type { Logger } from "pino";
import { limits } from "../limits.ts";
import type { JsonObject } from "./decode.ts";
import { type CanonicalReading, normalise } from "./normalise.ts";
import { type Refusal, refuse } from "./refusal.ts";
import type { Target } from "./resolve-target.ts";

/**
 * Normalises a reading. One that the hub fails over is refused as any other: thrown on, the failure
 * would end the hub, and again after each restart, since the message comes again.
 */
export function translate(
  reading: JsonObject,
  target: Target,
  log: Pick<Logger, "warn">,
): CanonicalReading | Refusal {
  try {
    return normalise(reading, target);
  } catch (error) {
    log.warn({ err: error, derId: target.derId }, "a reading could not be judged");
    return refuse("internal", "The hub failed over this reading; its log says why.");
  }
}

/**
 * What does not depend on the type: the size, and the gateway's clock against the hub's. Gives where
 * the reading is to be stored; `oldGo` says where one goes that is too old for the stream.
 */
export function placeOf(
  reading: CanonicalReading,
  nowMs: number,
  oldGo: OldGo,
): "stream" | "archive" | Refusal {
  const { timestampMs, json } = reading;
  if (json.length > limits.readingBytesMax) {
    const most = limits.readingBytesMax;
    return refuse(
      "reading_too_large",
      `The reading has ${json.length} bytes; the limit is ${most}.`,
    );
  }
  const aheadMs = timestampMs - nowMs;
  if (aheadMs > limits.clockAheadMs) {
    const why = `is ${Math.round(aheadMs / 1000)} s ahead of the hub's clock`;
    return refuse(
      "reading_in_future",
      `The timestamp ${timestampMs} ${why}; the limit is ${limits.clockAheadMs / 1000} s.`,
      "timestamp",
    );
  }
  if (-aheadMs <= limits.backfillMs) return "stream";
  if (-aheadMs > limits.archiveBackfillMs) return tooOld(timestampMs, limits.archiveBackfillMs);
  if (oldGo === "archive") return "archive";
  return tooOld(timestampMs, limits.backfillMs, wayOut[oldGo]);
}

/** Into the archive, into it by another way in, or nowhere, as the hub has none. */
export type OldGo = "archive" | "by upload" | "nowhere";

const wayOut = {
  "by upload": "upload it over HTTP",
  nowhere: "this hub has no archive (NOVACORE_ARCHIVE is off), which alone keeps older ones",
} as const;

function tooOld(timestampMs: number, limitMs: number, advice?: string): Refusal {
  const why = `The timestamp ${timestampMs} is more than ${limitMs / 86_400_000} days old`;
  const sentence = advice === undefined ? `${why}.` : `${why}; ${advice}.`;
  return refuse("reading_too_old", sentence, "timestamp");
}

/** How long the read took, as a reading that could be translated says. */
export function readTimeOf({ read_time_ms: value }: JsonObject): number | undefined {
  // Dialects that misuse it as an instant, which normalising drops, are far above.
  return typeof value === "number" && value >= 0 && value <= readTimeMsMax ? value : undefined;
}

const readTimeMsMax = 3_600_000;
