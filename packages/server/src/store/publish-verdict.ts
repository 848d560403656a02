import { type ErrorCode, NovacoreError } from "@novacore/protocol";
import type { Entry, Group } from "./publish-entry.ts";
import { splitBatch } from "./split-batch.ts";

/** What becomes of entries that the stream has not taken. */
export interface Verdict {
  readonly repeat: readonly Group[];
  /** Given back with the error. */
  readonly lost: readonly Entry[];
  readonly error: NovacoreError;
}

type Refused = Pick<Group, "entries" | "refusals">;

/**
 * Tried again after a pause. A batch that is refused several times goes singly, so that one message
 * the stream does not want holds up no others; that one is given back in the end.
 */
export function judgeRefused(
  { entries: all, refusals: before }: Refused,
  atomic: boolean,
): Verdict {
  const refusals = before + 1;
  const lost = refusals < refusalsMax ? [] : all.filter((entry) => !entry.ambiguous);
  const entries = all.filter((entry) => !lost.includes(entry));
  const singly = !atomic || refusals >= batchRefusalsMax;
  const error = new NovacoreError("unavailable", "The store refuses to take more; try later.");
  return { repeat: entries.length > 0 ? [{ entries, singly, refusals }] : [], lost, error };
}

/** Of a batch, which is refused as a whole, some may fit; what does not by itself is given back. */
export function judgeUnfitting({ entries, refusals }: Refused, code: ErrorCode): Verdict {
  const error = new NovacoreError(code);
  if (entries.length === 1) return { repeat: [], lost: entries, error };
  return { repeat: splitBatch(entries, refusals), lost: [], error };
}

/** Refusals before a batch goes singly, and before a message is given back: after about 15 s. */
const batchRefusalsMax = 3;
const refusalsMax = 20;
