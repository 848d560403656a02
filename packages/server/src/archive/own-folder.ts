import { randomBytes } from "node:crypto";
import type { ArchiveHome } from "../registry/archive-home.ts";
import type { ArchiveFolder } from "./folder.ts";

/**
 * Makes sure that the folder is the one in which the manifest's files are. An empty one in its place
 * (a disk that is not mounted, another machine's) would take half of the archive, where nobody finds
 * the other. `name` is what it is called where it is set. Throws a sentence that says how to go on.
 */
export async function assertOwnFolder(
  folder: Pick<ArchiveFolder, "readId" | "writeId" | "list">,
  name: string,
  home: Pick<ArchiveHome, "folderId" | "settle">,
): Promise<void> {
  const found = await folder.readId();
  const recorded = await home.folderId();
  if (recorded === undefined && found !== undefined) await assertNobodysFiles(folder, name);
  // First in the folder: a crash in between leaves an id that is taken the next time.
  const settled = recorded ?? (await home.settle(found ?? (await newId(folder))));
  if (settled === (await folder.readId())) return;
  throw new Error(
    `${name} is not the archive of this registry: its archive-id does not say ${settled}. ` +
      "Set NOVACORE_ARCHIVE to the one that does; if the files are in this one, write that into it.",
  );
}

/** A crash leaves an id without files; files that no registry of ours made would be seen by nobody. */
async function assertNobodysFiles(
  folder: Pick<ArchiveFolder, "list">,
  name: string,
): Promise<void> {
  const { length } = await folder.list();
  if (length === 0) return;
  throw new Error(
    `${name} holds ${length} files of another registry's archive, of which this one knows nothing. ` +
      "Restore the registry that belongs to them (docs/operating.md), or set NOVACORE_ARCHIVE to an empty place.",
  );
}

async function newId(folder: Pick<ArchiveFolder, "writeId">): Promise<string> {
  const id = randomBytes(12).toString("hex");
  await folder.writeId(id);
  return id;
}
