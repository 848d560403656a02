import {
  type DerPlace,
  type LatestParts,
  readLatest,
  type StoredReading,
} from "./history/latest.ts";
import type { InTurn } from "./history-turns.ts";

/** The last that is known of a DER's readings. */
export interface LastReading {
  /** When the newest was taken, gateway clock, epoch ms. */
  readonly timestampMs: number;
  /** When the last one reached the hub. */
  readonly receivedAtMs: number;
}

export type SeenSites = readonly string[] | "all";

/** Who asks for the last readings of DERs. */
export interface LastKnownAsker {
  /** Whose turn it is to read. */
  readonly party: string;
  /** Sites whose readings count: where a device stood before it was moved may be nothing of theirs. */
  readonly sites: SeenSites;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Finds the last readings, by DER, of DERs of which the stream holds none any more. */
export type LastKnown = (
  ders: readonly DerPlace[],
  asker: LastKnownAsker,
) => Promise<ReadonlyMap<string, LastReading>>;

/** Looks in the archive as well. Asks nothing of the registry: the places are told. */
export async function readLastKnown(
  latest: LatestParts,
  ders: readonly DerPlace[],
  { sites: siteIds, signal }: LastKnownAsker,
): Promise<ReadonlyMap<string, LastReading>> {
  const { readings } = await readLatest(latest, ders, { siteIds, signal });
  return lastReadingsOf(readings);
}

/** As any query of the past: whoever asks a hundred times delays others by one. */
export function inTurns(inTurn: InTurn, lastKnown: LastKnown): LastKnown {
  return (ders, asker) => inTurn(asker.party, asker.signal, () => lastKnown(ders, asker));
}

export function lastReadingsOf(
  readings: ReadonlyMap<string, StoredReading>,
): ReadonlyMap<string, LastReading> {
  return new Map(
    [...readings].map(([derId, { timestamp, received_at }]) => [
      derId,
      { timestampMs: Number(timestamp), receivedAtMs: Number(received_at) },
    ]),
  );
}
