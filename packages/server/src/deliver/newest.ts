import { lastBefore } from "./look-back.ts";
import type { StoredMessage } from "./message.ts";
import type { StreamReader } from "./stream-reader.ts";

/** When a reading was taken, epoch ms, which stands second in its payload; 0 if it does not. */
export function timestampOf(payload: Uint8Array): number {
  const digits = timestampPattern.exec(textOf(payload, 0, timestampEnd))?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** Whether the hub marked it as late: right before the members that say whose it is. */
export function isBackfilled(payload: Uint8Array): boolean {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  // Behind it there are only ids and names, so whatever a gateway wrote comes before the last one.
  const end = bytes.lastIndexOf(originStart);
  return end >= lateMark.length && textOf(bytes, end - lateMark.length, end) === lateMark;
}

/**
 * The reading of a DER that was taken last, where the one that came last is from a backlog: that one
 * or the last that came in time, searched among the messages of its subject from a sequence on.
 * Throws `unavailable`.
 */
export async function newestOf(
  reader: Pick<StreamReader, "readLast">,
  last: StoredMessage,
  fromSequence: number,
): Promise<StoredMessage> {
  const isLate = ({ payload }: StoredMessage) => isBackfilled(payload);
  const inTime = await lastBefore(reader, last, fromSequence, isLate);
  if (inTime === undefined) return last;
  return timestampOf(inTime.payload) > timestampOf(last.payload) ? inTime : last;
}

const timestampPattern = /^\{"type":"\w+","timestamp":(\d+)/;
const timestampEnd = 64;
const originStart = ',"org_id":"';
const lateMark = ',"backfilled":true';

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1", start, end);
}
