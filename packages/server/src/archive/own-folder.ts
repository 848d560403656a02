import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveHome } from "../registry/archive-home.ts";

/**
 * Makes sure that the folder is the one in which the manifest's files are. An empty one in its place
 * (a disk that is not mounted, another machine's) would take half of the archive, where nobody finds
 * the other. Throws a sentence that says how to go on.
 */
export async function assertOwnFolder(root: string, home: ArchiveHome): Promise<void> {
  const path = join(root, idFile);
  const found = readId(path);
  const recorded = await home.folderId();
  // First in the folder: a crash in between leaves an id that is taken the next time.
  const settled = recorded ?? (await home.settle(found ?? writeId(path)));
  if (settled === readId(path)) return;
  throw new Error(
    `${root} is not the archive of this registry: ${path} does not say ${settled}. ` +
      "Set NOVACORE_ARCHIVE to the folder that does; if the files are in this one, write that into it.",
  );
}

const idFile = "archive-id";

function readId(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function writeId(path: string): string {
  const id = randomBytes(12).toString("hex");
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, `${id}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return id;
}
