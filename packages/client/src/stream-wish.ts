import type { EnrichedReading, Origin, Reading, ReadingType } from "@novacore/protocol";
import { NovacoreError } from "./errors.ts";
import type { StreamSelection, StreamTarget } from "./transport.ts";

/** A reading of one type, or of some. */
export type ReadingOf<T extends ReadingType> = Extract<Reading, { type: T }> & Origin;

/** Which readings a stream has, from where on and how fast. */
export interface ReadingsOptions<T extends ReadingType = ReadingType> {
  /** Only these types; the readings are typed accordingly. Default: all. */
  readonly types?: readonly T[] | undefined;
  /** Only these devices, by id. */
  readonly devices?: readonly string[] | undefined;
  /** Only these DERs, by id. */
  readonly ders?: readonly string[] | undefined;
  /** Start in the past, by when readings were stored: a Date, epoch milliseconds, ISO-8601. */
  readonly since?: Date | number | string | undefined;
  /** Start right after this position, one that `stream.cursor` had; wins over `since`. */
  readonly cursor?: string | undefined;
  /** Begin with the last reading of each DER. Default: no. */
  readonly snapshot?: boolean | undefined;
  /** `latest`: a slow consumer gets the newest of each DER and not all. Default: `all`. */
  readonly mode?: "all" | "latest" | undefined;
  /** At most one reading per DER in this time, the newest: 100 ms to 1 h; implies `latest`. */
  readonly minIntervalMs?: number | undefined;
  /** Tell by events of kind `liveness` whether each DER is online, stale or offline. Default: no. */
  readonly liveness?: boolean | undefined;
  /** Over WebSocket, gather several readings a frame for this long: 0 to 10 000 ms. */
  readonly batchMs?: number | undefined;
  /** Hold readings for this long and give them by timestamp; later ones come late. Default: 0. */
  readonly reorderMs?: number | undefined;
  /** How many of the last readings are remembered to drop copies of. Default: 10 000. */
  readonly dedupeMax?: number | undefined;
  /** Readings that wait for the consumer; then the hub is held up. Default: 1 000. */
  readonly queueMax?: number | undefined;
  /** Ends the stream, without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** What a stream is to be, checked and in the words of the wire. */
export interface StreamWish<R extends EnrichedReading> {
  readonly target: StreamTarget;
  readonly selection: StreamSelection;
  readonly batchMs: number | undefined;
  readonly reorderMs: number;
  readonly dedupeMax: number;
  readonly queueMax: number;
  readonly signal: AbortSignal | undefined;
  readonly isWanted: (reading: EnrichedReading) => reading is R;
}

/** Throws `options_invalid` for what the hub would not understand either. */
export function toWish<T extends ReadingType>(
  target: StreamTarget,
  options: ReadingsOptions<T>,
): StreamWish<ReadingOf<T>> {
  const { types, since, minIntervalMs, batchMs, signal } = options;
  const { reorderMs = 0, dedupeMax = 10_000, queueMax = 1_000 } = options;
  assertWithin("reorderMs", reorderMs, 0, 60_000);
  assertWithin("dedupeMax", dedupeMax, 0, 1_000_000);
  assertWithin("queueMax", queueMax, 2, 100_000);
  const selection = {
    types: types && [...types],
    devices: options.devices && [...options.devices],
    ders: options.ders && [...options.ders],
    since: since instanceof Date ? since.getTime() : since,
    cursor: options.cursor,
    snapshot: options.snapshot,
    mode: options.mode,
    min_interval_ms: minIntervalMs,
    liveness: options.liveness,
  };
  const wanted: ReadonlySet<string> | undefined = types && new Set(types);
  return {
    ...{ target, batchMs, reorderMs, dedupeMax, queueMax, signal },
    selection,
    isWanted: (reading): reading is ReadingOf<T> => wanted?.has(reading.type) ?? true,
  };
}

function assertWithin(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  const message = `${name} is from ${least} to ${most}, not ${value}.`;
  throw new NovacoreError("options_invalid", message);
}
