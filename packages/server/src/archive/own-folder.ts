import { randomBytes } from "node:crypto";
import type { ArchiveHome } from "../registry/archive-home.ts";
import type { ArchiveFolder } from "./folder.ts";

/**
 * Makes sure that the folder is the one in which the manifest's files are. An empty one in its place
 * (a disk that is not mounted, another machine's) would take half of the archive, where nobody finds
 * the other. `name` is what it is called where it is set. Throws a sentence that says how to go on.
 */
export async function assertOwnFolder(
  folder: Pick<ArchiveFolder, "readId" | "writeId">,
  name: string,
  home: Pick<ArchiveHome, "folderId" | "settle">,
): Promise<void> {
  const found = await folder.readId();
  const recorded = await home.folderId();
  // First in the folder: a crash in between leaves an id that is taken the next time.
  const settled = recorded ?? (await home.settle(found ?? (await newId(folder))));
  if (settled === (await folder.readId())) return;
  throw new Error(
    `${name} is not the archive of this registry: its archive-id does not say ${settled}. ` +
      "Set NOVACORE_ARCHIVE to the one that does; if the files are in this one, write that into it.",
  );
}

async function newId(folder: Pick<ArchiveFolder, "writeId">): Promise<string> {
  const id = randomBytes(12).toString("hex");
  await folder.writeId(id);
  return id;
}
