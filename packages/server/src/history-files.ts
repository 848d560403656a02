import { NovacoreError } from "@novacore/protocol";
import type { ArchiveFolder, StoredFile } from "./archive/folder.ts";
import { outsideTurn } from "./history-turns.ts";
import { limits } from "./limits.ts";

/**
 * The archive's files as queries get them. A bucket that answers slowly, or not at all, holds no turn
 * of those that need nothing of it.
 */
export function queriedFiles(folder: ArchiveFolder): Pick<ArchiveFolder, "missing" | "fetch"> {
  return {
    missing: (files) => folder.missing(files),
    async fetch(files, signal) {
      const missing = await folder.missing(files);
      if (missing.length > 0) await outsideTurn(() => fetchInTime(folder, missing, signal));
    },
  };
}

/** What cannot be fetched now is told as such, with its reason as the cause. */
async function fetchInTime(
  folder: ArchiveFolder,
  files: readonly StoredFile[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const late = AbortSignal.timeout(limits.historyFetchMs);
  try {
    await folder.fetch(files, signal === undefined ? late : AbortSignal.any([signal, late]));
  } catch (cause) {
    signal?.throwIfAborted();
    const seconds = limits.historyFetchMs / 1_000;
    const message = late.aborted
      ? `The archive's bucket has not given ${files.length} files within ${seconds} s; try again shortly, or ask for less time.`
      : "The archive's files cannot be read right now; try again shortly.";
    throw new NovacoreError("unavailable", message, { cause });
  }
}
