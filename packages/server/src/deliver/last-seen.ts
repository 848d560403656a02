import { limits } from "../limits.ts";
import { DeliveredEvent } from "./event.ts";
import type { SeenReading } from "./liveness.ts";
import { lastBefore } from "./look-back.ts";
import { readAddress, type StoredMessage } from "./message.ts";
import { isBackfilled, newestOf, timestampOf } from "./newest.ts";
import { replayLast } from "./replay.ts";
import type { StreamReader } from "./stream-reader.ts";
import type { Turnstile } from "./turnstile.ts";

/** What the stream knows of a DER that was heard of. */
export interface LastSeen extends SeenReading {
  /** When its newest reading was taken, gateway clock, epoch ms. */
  readonly timestampMs: number;
  /** Between its last arrivals, where it was worth looking for. */
  readonly gapsMs: readonly number[];
}

export interface LastSeenParts {
  readonly reader: Pick<StreamReader, "readLast">;
  readonly turnstile: Turnstile;
  readonly now: () => number;
  /** Whose turn it is. */
  readonly party: string;
}

/**
 * The last arrival of each DER under some subjects, up to a sequence. Of those that would not be
 * online whatever they are used to, some earlier arrivals are looked up. Throws `unavailable`.
 */
export async function readLastSeen(
  parts: LastSeenParts,
  filters: readonly string[],
  upToSequence: number,
): Promise<readonly LastSeen[]> {
  const { reader, turnstile, party, now } = parts;
  const found: LastSeen[] = [];
  let lateOnes = 0;
  let doubtfulOnes = 0;
  const replay = replayLast(reader, filters, 0, upToSequence);
  while (replay.position < upToSequence) {
    for (const message of await turnstile.pass(() => replay.next(upToSequence), party)) {
      const seen = toSeen(message);
      if (seen === undefined) continue;
      const isLate = isBackfilled(message.payload) && lateOnes++ < limits.newestSearchesMax;
      const search = () => newestOf(reader, message, 1);
      const newest = isLate ? await turnstile.pass(search, party) : message;
      const isDoubtful = now() - seen.receivedAtMs >= limits.livenessStaleMs.min;
      const isWorthIt = isDoubtful && doubtfulOnes++ < limits.statusSearchesMax;
      const gapsMs = isWorthIt ? await gapsBefore(parts, message) : [];
      found.push({ ...seen, timestampMs: timestampOf(newest.payload), gapsMs });
    }
  }
  return found;
}

/** Gaps between the last arrivals, the newest last; readings that came together are one. */
async function gapsBefore(
  { reader, turnstile, party }: LastSeenParts,
  last: StoredMessage,
): Promise<number[]> {
  const gapsMs: number[] = [];
  let later = last;
  for (let turn = 0; turn < limits.statusLooksBack; turn++) {
    const burstMs = receivedAtMs(later) - limits.livenessBurstMs;
    const isSameBurst = (message: StoredMessage) => receivedAtMs(message) >= burstMs;
    const search = () => lastBefore(reader, later, 1, isSameBurst);
    const earlier: StoredMessage | undefined = await turnstile.pass(search, party);
    if (earlier === undefined) break;
    gapsMs.unshift(receivedAtMs(later) - receivedAtMs(earlier));
    later = earlier;
  }
  return gapsMs;
}

function receivedAtMs(message: StoredMessage): number {
  return toSeen(message)?.receivedAtMs ?? 0;
}

function toSeen({ subject, sequence, payload }: StoredMessage): SeenReading | undefined {
  const address = readAddress(subject);
  if (address === undefined) return undefined;
  // The epoch stands in its cursor alone, which nobody asks for here.
  const { type, receivedAtMs } = new DeliveredEvent(0, sequence, address, payload);
  return { address, type, receivedAtMs };
}
