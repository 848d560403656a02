import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where readings wait for the hub while a command runs. */
export interface SpoolFolder extends AsyncDisposable {
  readonly path: string;
}

/** The folder that was given, which stays; else one that is removed with all that is in it. */
export async function openSpoolFolder(given: string | undefined): Promise<SpoolFolder> {
  if (given !== undefined) return { path: given, [Symbol.asyncDispose]: async () => undefined };
  const path = await mkdtemp(join(tmpdir(), "novacore-publish-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
