import { crc32 } from "node:zlib";

/**
 * A record of the spool: length of the payload, checksum, when it was spooled, payload. The checksum
 * is over all the rest, so that a tail of zeroes, as a power cut may leave it, is no record.
 */
export interface FramedRecord {
  readonly payload: Buffer;
  /** Epoch ms by the gateway's clock. */
  readonly spooledMs: number;
  /** Where the next record begins. */
  readonly end: number;
}

const headerBytes = 16;
const checksumAt = 4;
const timeAt = 8;

/** The longest payload: a reading of 64 KiB, with its address. */
export const payloadBytesMax = 66 * 1_024;
export const recordBytesMax = headerBytes + payloadBytesMax;

export function encodeRecord(payload: Uint8Array, spooledMs: number): Buffer {
  const record = Buffer.alloc(headerBytes + payload.byteLength);
  record.writeUInt32LE(payload.byteLength, 0);
  record.writeDoubleLE(spooledMs, timeAt);
  record.set(payload, headerBytes);
  record.writeUInt32LE(checksumOf(record), checksumAt);
  return record;
}

/** Undefined where no whole and sound record stands. */
export function decodeRecord(bytes: Buffer, offset: number): FramedRecord | undefined {
  if (offset + headerBytes > bytes.length) return undefined;
  const end = offset + headerBytes + bytes.readUInt32LE(offset);
  if (end > bytes.length) return undefined;
  const record = bytes.subarray(offset, end);
  if (record.readUInt32LE(checksumAt) !== checksumOf(record)) return undefined;
  const spooledMs = record.readDoubleLE(timeAt);
  return { payload: record.subarray(headerBytes), spooledMs, end };
}

function checksumOf(record: Buffer): number {
  return crc32(record.subarray(timeAt), crc32(record.subarray(0, checksumAt)));
}
