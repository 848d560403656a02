import { readIfThere, writeSecretFile } from "./secret-file.ts";

/** The file's content; what `create` makes is written and returned when there is none yet. */
export function readOrCreate(path: string, create: () => string): string {
  const kept = readIfThere(path);
  if (kept !== undefined) return kept;
  const created = create();
  writeSecretFile(path, created);
  return created;
}
