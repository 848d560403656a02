import type { SpoolEntry, SpoolFile, SpoolFolder } from "./spool-folder.ts";
import { decodeRecord, type FramedRecord } from "./spool-record.ts";

/** A file of the spool: records one behind the other, counted up from the sequence in its name. */
export interface Segment {
  readonly name: string;
  /** Sequence of its first record. */
  readonly first: number;
  /** Whole records in it, in bytes. */
  bytes: number;
  /** When the last one came, epoch ms. */
  newestMs: number;
}

const namePattern = /^(\d{16})\.readings$/;

export function newSegment(first: number, nowMs: number): Segment {
  const name = `${String(first).padStart(16, "0")}.readings`;
  return { name, first, bytes: 0, newestMs: nowMs };
}

/** Those of a folder, the oldest first; other files are left alone. */
export function segmentsAmong(entries: readonly SpoolEntry[]): Segment[] {
  const found: Segment[] = [];
  for (const { name, bytes, changedMs } of entries) {
    const first = namePattern.exec(name)?.[1];
    if (first !== undefined) {
      found.push({ name, first: Number(first), bytes, newestMs: changedMs });
    }
  }
  return found.sort((a, b) => a.first - b.first);
}

/**
 * Reads a segment to the end of what is sound, or to before the record of sequence `until`. Gives
 * the sequence and the offset of what comes there.
 */
export async function scanSegment(
  folder: SpoolFolder,
  segment: Segment,
  until = Number.POSITIVE_INFINITY,
): Promise<{ readonly sequence: number; readonly offset: number }> {
  const bytes = await usingFile(folder, segment.name, (file) => file.read(0, segment.bytes));
  let [sequence, offset] = [segment.first, 0];
  while (sequence < until) {
    const record = decodeRecord(bytes, offset);
    if (record === undefined) break;
    sequence++;
    offset = record.end;
  }
  return { sequence, offset };
}

/** Records from an offset on, of up to `bytesMax`; none: what stands there is damaged. */
export async function readRecords(
  folder: SpoolFolder,
  segment: Segment,
  offset: number,
  bytesMax: number,
): Promise<readonly FramedRecord[]> {
  const wanted = Math.min(bytesMax, segment.bytes - offset);
  const bytes = await usingFile(folder, segment.name, (file) => file.read(offset, wanted));
  const records: FramedRecord[] = [];
  for (let record = decodeRecord(bytes, 0); record; record = decodeRecord(bytes, record.end)) {
    records.push(record);
  }
  return records.map((record) => ({ ...record, end: offset + record.end }));
}

async function usingFile<T>(
  folder: SpoolFolder,
  name: string,
  use: (file: SpoolFile) => Promise<T>,
): Promise<T> {
  const file = await folder.open(name);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
