import { limits } from "../limits.ts";
import type { ArchiveFile } from "../registry/manifest.ts";

/** A file and where its readings stood in the stream. */
export interface PlacedFile {
  readonly orgId: string;
  readonly path: string;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly timestampFirst: number;
  readonly timestampLast: number;
}

/** What one query looks through: everything there is up to a position. */
export interface SequenceWindow {
  readonly files: readonly PlacedFile[];
  readonly upTo: number;
}

/** A merged file that ends in a later epoch may hold anything of this one. */
export function placeFile(file: ArchiveFile, epoch: number): PlacedFile {
  const { orgId, path, bytes, rows, sequences, timestampFirst, timestampLast } = file;
  const isOfEpoch = sequences?.epoch === epoch;
  return {
    ...{ orgId, path, bytes, rows, timestampFirst, timestampLast },
    first: isOfEpoch ? sequences.first : 0,
    last: isOfEpoch ? sequences.last : Number.MAX_SAFE_INTEGER,
  };
}

/**
 * The files that a query for what comes after a position has to read, and how far their readings are
 * all there are: to where the next file begins, once those before it hold so many, or are
 * archiveScanFiles. It is beyond `after`, however the files lie over one another.
 */
export function windowAfter(
  files: readonly PlacedFile[],
  after: number,
  upTo: number,
  readingsWanted: number,
): SequenceWindow {
  const inOrder = files
    .filter(({ first, last }) => first <= upTo && last > after)
    .sort((a, b) => a.first - b.first);
  const taken: PlacedFile[] = [];
  let readings = 0;
  for (const file of inOrder) {
    const isEnough = readings >= readingsWanted || taken.length >= limits.archiveScanFiles;
    if (isEnough && file.first > after + 1) {
      return { files: taken, upTo: file.first - 1 };
    }
    taken.push(file);
    const share = (file.last - Math.max(file.first - 1, after)) / (file.last - file.first + 1);
    readings += file.rows * share;
  }
  return { files: taken, upTo };
}
