import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file that only its owner may read, whole or not at all: readers see the old content or
 * the new one, also when the process is killed in between.
 */
export function writeSecretFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${randomUUID()}`;
  writeFileSync(unfinished, content, { mode: 0o600, flush: true });
  renameSync(unfinished, path);
}

/** The file's content; what `create` makes is written and returned when there is none yet. */
export function readOrCreate(path: string, create: () => string): string {
  const kept = readIfThere(path);
  if (kept !== undefined) return kept;
  const created = create();
  writeSecretFile(path, created);
  return created;
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
