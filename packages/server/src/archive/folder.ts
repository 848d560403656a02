import { closeSync, fsyncSync, mkdirSync, openSync, rmdirSync } from "node:fs";
import { open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { OnStep } from "./steps.ts";

/**
 * Where the files of the archive are. A path is one of the manifest, with `/`; a file is there whole
 * or not at all, and never changes.
 */
export interface ArchiveFolder {
  /** Local folder that holds whatever is written and read. */
  readonly root: string;
  /** A local file to write into what is to become the file of this path. */
  draft(path: string): string;
  /** Puts the finished draft there, for good: a power cut leaves it. Gives its size in bytes. */
  publish(path: string): Promise<number>;
  /** What DuckDB reads it by, once it was fetched. */
  readable(path: string): string;
  /** Those that are to be fetched first; the others are readable here, for minutes. */
  missing(files: readonly StoredFile[]): Promise<readonly StoredFile[]>;
  /** Makes files readable here, for minutes. What has begun goes on when the signal ends the wait. */
  fetch(files: readonly StoredFile[], signal?: AbortSignal): Promise<void>;
  /** Removes it, and a draft of it; it may be gone already. */
  remove(path: string): Promise<void>;
  /** Paths of all files and drafts, in no order. */
  list(): Promise<string[]>;
  /** What tells it from every other archive; undefined: it has nothing yet. */
  readId(): Promise<string | undefined>;
  /** Where it has an id already, that one stays. */
  writeId(id: string): Promise<void>;
}

/** A file as the manifest knows it. */
export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
}

/** A folder on a local disk. Files are made with mode 0600, folders with 0700. */
export class LocalFolder implements ArchiveFolder {
  readonly root: string;
  readonly #onStep: OnStep;

  constructor(root: string, onStep: OnStep = () => undefined) {
    this.root = root;
    this.#onStep = onStep;
    const first = mkdirSync(root, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = root; made.length >= first.length; made = dirname(made)) {
      syncFolder(dirname(made));
    }
  }

  /** All at once, so that no removal takes the folder away before the file is in it. */
  draft(path: string): string {
    const draft = this.draftOf(path);
    mkdirSync(dirname(draft), { recursive: true, mode: 0o700 });
    closeSync(openSync(draft, "w", 0o600));
    return draft;
  }

  draftOf(path: string): string {
    return this.readable(path) + draftSuffix;
  }

  async publish(path: string): Promise<number> {
    const target = this.readable(path);
    this.#onStep("drafted");
    const file = await open(target + draftSuffix, "r+");
    let bytes: number;
    try {
      await file.chmod(0o600);
      await file.sync();
      bytes = (await file.stat()).size;
    } finally {
      await file.close();
    }
    this.#onStep("synced");
    await rename(target + draftSuffix, target);
    this.#onStep("renamed");
    // Every folder on the way may be new; syncing one that has not changed costs next to nothing.
    for (let folder = dirname(target); ; folder = dirname(folder)) {
      syncFolder(folder);
      if (folder === this.root) break;
    }
    return bytes;
  }

  readable(path: string): string {
    return join(this.root, ...path.split("/"));
  }

  async missing(): Promise<readonly StoredFile[]> {
    return [];
  }

  async fetch(): Promise<void> {
    // They are here.
  }

  async remove(path: string): Promise<void> {
    const target = this.readable(path);
    for (const name of [target, target + draftSuffix]) {
      await unlink(name).catch((error: unknown) => ignore(error, "ENOENT"));
    }
    for (let folder = dirname(target); folder !== this.root; folder = dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch (error) {
        ignore(error, "ENOTEMPTY", "ENOENT");
        return;
      }
    }
  }

  async list(): Promise<string[]> {
    const entries = await readdir(this.root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.root, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
      .filter((path) => /^(cells\/)?org=/.test(path));
  }

  async readId(): Promise<string | undefined> {
    try {
      return (await readFile(join(this.root, idFile), "utf8")).trim();
    } catch (error) {
      ignore(error, "ENOENT");
      return undefined;
    }
  }

  async writeId(id: string): Promise<void> {
    const file = await open(join(this.root, idFile), "wx", 0o600);
    try {
      await file.write(`${id}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

const idFile = "archive-id";

/** Not `.parquet`, so that no pattern of another tool finds a file that is not finished. */
const draftSuffix = ".draft";

function syncFolder(path: string): void {
  // Windows cannot open a folder; there the file system writes its own journal.
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function ignore(error: unknown, ...codes: readonly string[]): void {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (typeof code !== "string" || !codes.includes(code)) throw error;
}
