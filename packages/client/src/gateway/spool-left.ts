import { readRecords, type Segment, segmentsAmong } from "./segments.ts";
import type { SpoolFolder } from "./spool-folder.ts";

/** What an earlier process left in a spool. */
export interface LeftRecords {
  /** The oldest first. */
  readonly segments: Segment[];
  /** The first record that is not settled, or what is missing where it was. */
  readonly head: { readonly sequence: number; readonly offset: number };
  /** Sequence of the record that comes next. */
  readonly next: number;
  /** Where that is to stand in the last segment; undefined: it begins a new one. */
  readonly soundBytes: number | undefined;
}

/** `position`: the first sequence that is not settled; 0: that is not known. */
export async function findLeft(folder: SpoolFolder, position: number): Promise<LeftRecords> {
  const segments = segmentsAmong(await folder.list());
  while ((segments[1]?.first ?? Number.POSITIVE_INFINITY) <= position) {
    await folder.remove(segments.shift()?.name ?? "");
  }
  const [oldest, last] = [segments[0], segments.at(-1)];
  const recordsOf = (segment: Segment | undefined) =>
    segment === undefined ? [] : readRecords(folder, segment);
  // What lies between the position and the oldest segment is missing.
  const first = position || (oldest?.first ?? 1);
  const unsettled = (await recordsOf(oldest)).find(({ sequence }) => sequence >= first);
  const newest = (await recordsOf(last)).at(-1);
  const soundBytes = newest?.end ?? 0;
  const end = newest === undefined ? (last?.first ?? 1) : newest.sequence + 1;
  const next = Math.max(first, end);
  const head = { sequence: first, offset: unsettled?.start ?? soundBytes };
  return { segments, head, next, soundBytes: end === next ? soundBytes : undefined };
}
