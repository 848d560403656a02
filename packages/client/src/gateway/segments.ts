import type { SpoolEntry, SpoolFile, SpoolFolder } from "./spool-folder.ts";
import { type FramedRecord, soundRecords } from "./spool-record.ts";

/** A file of the spool: records one behind the other, from the sequence in its name on. */
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

/** The sound records of an offset and behind it: of up to `bytesMax`, or those of what follows. */
export async function readRecords(
  folder: SpoolFolder,
  segment: Segment,
  { offset = 0, bytesMax = Number.POSITIVE_INFINITY } = {},
): Promise<readonly FramedRecord[]> {
  const rest = Math.max(0, segment.bytes - offset);
  const read = (bytes: number) =>
    usingFile(folder, segment.name, (file) => file.read(offset, Math.min(bytes, rest)));
  let records = soundRecords(await read(bytesMax));
  if (records.length === 0 && bytesMax < rest) records = soundRecords(await read(rest));
  return records.map(({ start, end, ...record }) => ({
    ...{ ...record, start: offset + start, end: offset + end },
  }));
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
