import type { Entry, Group } from "./publish-entry.ts";

/**
 * How a batch goes again when one of its messages is a duplicate, which rejects it as a whole
 * without saying where: in parts, of which all but one go through; a small one singly.
 */
export function splitBatch(entries: readonly Entry[], refusals: number): Group[] {
  if (entries.length <= singlyMax) return [{ entries, singly: true, refusals }];
  const size = Math.ceil(entries.length / parts);
  const groups: Group[] = [];
  for (let start = 0; start < entries.length; start += size) {
    groups.push({ entries: entries.slice(start, start + size), singly: false, refusals });
  }
  return groups;
}

const parts = 8;
/** Singly, each message costs a write to disk; as many as this take 20 ms. */
const singlyMax = 100;
