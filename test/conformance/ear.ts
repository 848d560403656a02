import type { EnrichedReading } from "@novacore/protocol";

/** Somebody who listens to the home's site. */
export interface Ear {
  /** Waits for the reading of a DER with this timestamp. */
  hears(derId: string, timestamp: number): Promise<EnrichedReading>;
  close(): Promise<void>;
}

/** The newest of them, should there be several. */
export function findReading(
  readings: readonly EnrichedReading[],
  derId: string,
  timestamp: number,
) {
  return readings.findLast(
    (reading) => reading.der_id === derId && reading.timestamp === timestamp,
  );
}
