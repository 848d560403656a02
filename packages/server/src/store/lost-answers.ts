import { limits } from "../limits.ts";
import type { Entry, Group } from "./publish-entry.ts";
import type { ReadStoredIds } from "./stored-ids.ts";

/**
 * Which entries that got no answer are stored all the same, and where. Asks the stream only about
 * those that its duplicate window may have forgotten when they go again; the others it sorts out by
 * itself. Their age counts from now again, since the search is as good as a first sending.
 */
export async function findLostAnswers(
  groups: readonly Group[],
  readStoredIds: ReadStoredIds,
): Promise<ReadonlyMap<Entry, number>> {
  const before = Date.now() - limits.streamDuplicateWindowMs / 2;
  const lost = new Map<string, Entry>();
  for (const entry of groups.flatMap(({ entries }) => entries)) {
    if (!entry.ambiguous || entry.id === undefined || entry.firstSentMs > before) continue;
    lost.set(entry.id, entry);
  }
  const found = new Map<Entry, number>();
  if (lost.size === 0) return found;
  const since = Math.min(...[...lost.values()].map((entry) => entry.sinceSequence));
  await readStoredIds(since + 1, (id, sequence) => {
    const entry = lost.get(id);
    if (entry !== undefined && !found.has(entry)) found.set(entry, sequence);
  });
  for (const entry of lost.values()) entry.firstSentMs = Date.now();
  return found;
}
