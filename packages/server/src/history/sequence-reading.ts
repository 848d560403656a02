import { enrichedSubject } from "@novacore/protocol";
import { columnIndex, type Row, toReading } from "../archive/columns.ts";

/** A reading as the stream had it, under its position there. */
export interface SequencedMessage {
  readonly sequence: number;
  readonly lastSequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
}

const at = {
  sequence: columnIndex("sequence"),
  siteId: columnIndex("site_id"),
  deviceId: columnIndex("device_id"),
  derId: columnIndex("der_id"),
} as const;

/** A row that has a value for each of the archive's columns. */
export function toMessage(row: Row, orgId: string): SequencedMessage {
  const text = (index: number) => String(row[index]);
  const [siteId, deviceId, derId] = [text(at.siteId), text(at.deviceId), text(at.derId)];
  return {
    sequence: Number(row[at.sequence]),
    lastSequence: 0,
    subject: enrichedSubject({ orgId, siteId, deviceId, derId }),
    payload: Buffer.from(toJson(toReading(row, orgId))),
  };
}

/**
 * The reading's JSON. The hub reads its own members by their place, so that they stand where ingest
 * puts them: type and timestamp first, then those of the device, then whose it is and when it came.
 */
function toJson(reading: Record<string, unknown>): string {
  const { type, timestamp, backfilled, org_id, site_id, device_id, ...others } = reading;
  const { der_id, der_name, received_at, ...members } = others;
  const head = JSON.stringify({ type, timestamp });
  // On its own, since members with numbers for names would come before all others.
  const measured = JSON.stringify(members);
  const origin = JSON.stringify({
    ...{ backfilled, org_id, site_id, device_id, der_id, der_name, received_at },
  });
  const parts = [head, measured, origin].map((json) => json.slice(1, -1));
  return `{${parts.filter((part) => part !== "").join(",")}}`;
}
