import { crc32 } from "node:zlib";

/**
 * A record of the spool: length of the payload, checksum, when it was spooled, sequence, payload. The
 * checksum is over all the rest, so that a tail of zeroes, as a power cut may leave it, is no record.
 */
export interface FramedRecord {
  readonly payload: Buffer;
  /** Counted up by one from record to record: what is missing between two is known by it. */
  readonly sequence: number;
  /** Epoch ms by the gateway's clock. */
  readonly spooledMs: number;
  /** Where it begins, and where the next one does. */
  readonly start: number;
  readonly end: number;
}

const headerBytes = 24;
const checksumAt = 4;
const timeAt = 8;
const sequenceAt = 16;

/** The longest payload: a reading of 64 KiB, with its address. */
export const payloadBytesMax = 66 * 1_024;
export const recordBytesMax = headerBytes + payloadBytesMax;

export function encodeRecord(
  payload: Uint8Array,
  { sequence, spooledMs }: Pick<FramedRecord, "sequence" | "spooledMs">,
): Buffer {
  const record = Buffer.alloc(headerBytes + payload.byteLength);
  record.writeUInt32LE(payload.byteLength, 0);
  record.writeDoubleLE(spooledMs, timeAt);
  record.writeDoubleLE(sequence, sequenceAt);
  record.set(payload, headerBytes);
  record.writeUInt32LE(checksumOf(record), checksumAt);
  return record;
}

/** The whole and sound ones, whatever is damaged between them. */
export function soundRecords(bytes: Buffer): readonly FramedRecord[] {
  const records: FramedRecord[] = [];
  let start = 0;
  while (start >= 0) {
    const record = decodeRecord(bytes, start);
    if (record !== undefined) records.push(record);
    start = record?.end ?? nextStart(bytes, start);
  }
  return records;
}

/** Where else a record may begin; negative: nowhere. */
function nextStart(bytes: Buffer, start: number): number {
  // The highest byte of every length is 0, as no byte of JSON is.
  return start + 4 < bytes.length ? bytes.indexOf(0, start + 4) - 3 : -1;
}

function decodeRecord(bytes: Buffer, start: number): FramedRecord | undefined {
  if (start + headerBytes > bytes.length) return undefined;
  const payloadBytes = bytes.readUInt32LE(start);
  const end = start + headerBytes + payloadBytes;
  if (payloadBytes > payloadBytesMax || end > bytes.length) return undefined;
  const record = bytes.subarray(start, end);
  if (record.readUInt32LE(checksumAt) !== checksumOf(record)) return undefined;
  const [spooledMs, sequence] = [record.readDoubleLE(timeAt), record.readDoubleLE(sequenceAt)];
  if (!Number.isSafeInteger(sequence)) return undefined; // sound, and of another writer
  return { payload: record.subarray(headerBytes), sequence, spooledMs, start, end };
}

function checksumOf(record: Buffer): number {
  return crc32(record.subarray(timeAt), crc32(record.subarray(0, checksumAt)));
}
