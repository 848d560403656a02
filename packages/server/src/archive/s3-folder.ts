import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { limits } from "../limits.ts";
import { type ArchiveFolder, LocalFolder, type StoredFile } from "./folder.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import type { OnStep } from "./steps.ts";

export interface S3FolderOptions {
  readonly bucket: S3Bucket;
  /** Local folder for what is written and read; whatever is in it can be had again. */
  readonly root: string;
  /** What it may grow to; more only as long as that much is in use. */
  readonly cacheBytesMax: number;
  readonly onStep?: OnStep;
  readonly now?: () => number;
}

/**
 * An archive in a bucket. Its objects are the archive; files stand in a local folder for as long as
 * they are written or read. Several processes and threads can share that folder.
 */
export class S3Folder implements ArchiveFolder {
  readonly root: string;
  readonly #bucket: S3Bucket;
  readonly #local: LocalFolder;
  readonly #cacheBytesMax: number;
  readonly #onStep: OnStep;
  readonly #now: () => number;
  readonly #fetching = new Map<string, Promise<void>>();
  #sweeping: Promise<void> | undefined;

  constructor({ bucket, root, cacheBytesMax, onStep, now = Date.now }: S3FolderOptions) {
    this.root = root;
    this.#bucket = bucket;
    this.#local = new LocalFolder(root);
    this.#cacheBytesMax = cacheBytesMax;
    this.#onStep = onStep ?? (() => undefined);
    this.#now = now;
  }

  draft(path: string): string {
    return this.#local.draft(path);
  }

  async publish(path: string): Promise<number> {
    const draft = this.#local.draftOf(path);
    this.#onStep("drafted");
    const size = await sync(draft);
    await this.#bucket.put(path, draft);
    this.#onStep("synced");
    await rename(draft, this.readable(path));
    this.#onStep("renamed");
    return size;
  }

  readable(path: string): string {
    return this.#local.readable(path);
  }

  async missing(files: readonly StoredFile[]): Promise<readonly StoredFile[]> {
    const areHere = await Promise.all(files.map((file) => this.#isHere(file)));
    return files.filter((_, index) => areHere[index] === false);
  }

  async fetch(files: readonly StoredFile[], signal?: AbortSignal): Promise<void> {
    const missing = await this.missing(files);
    if (missing.length === 0) return;
    const left = missing.values();
    const work = async () => {
      for (const file of left) {
        signal?.throwIfAborted();
        await orAborted(this.#bring(file), signal);
      }
    };
    await Promise.all(Array.from({ length: limits.archiveFetchesAtOnce }, work));
    this.#sweep();
  }

  async remove(path: string): Promise<void> {
    await this.#bucket.delete(path);
    await this.#local.remove(path);
  }

  async list(): Promise<string[]> {
    const drafts = (await this.#local.list()).filter((path) => path.endsWith(".draft"));
    const objects = (await this.#bucket.list()).filter((path) => /^(cells\/)?org=/.test(path));
    return [...objects, ...drafts];
  }

  async readId(): Promise<string | undefined> {
    return (await this.#bucket.getText(idKey))?.trim();
  }

  async writeId(id: string): Promise<void> {
    await this.#bucket.putNew(idKey, `${id}\n`);
  }

  /** Resolves when nothing is being removed from the cache, for tests. */
  async swept(): Promise<void> {
    await this.#sweeping;
  }

  /** A power cut, or a full disk, may have left less of it than there was. */
  async #isHere({ path, bytes }: StoredFile): Promise<boolean> {
    const file = this.readable(path);
    try {
      if ((await stat(file)).size !== bytes) return false;
      await this.#markUsed(file);
      return true;
    } catch (error) {
      if (!isAbsence(error)) throw error;
      return false;
    }
  }

  /** Not ended with the query that began it: others may wait for the same. */
  #bring(file: StoredFile): Promise<void> {
    const { path } = file;
    const begun = this.#fetching.get(path);
    if (begun !== undefined) return begun;
    const fetching = this.#download(file).finally(() => this.#fetching.delete(path));
    this.#fetching.set(path, fetching);
    return fetching;
  }

  async #markUsed(file: string): Promise<void> {
    const time = new Date(this.#now());
    await utimes(file, time, time);
  }

  async #download({ path, bytes }: StoredFile): Promise<void> {
    const target = this.readable(path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const part = `${target}.${randomUUID()}.part`;
    try {
      await this.#bucket.get(path, part);
      const { size } = await stat(part);
      if (size !== bytes) {
        const what = `${this.#bucket.name}${path} has ${size} bytes, and the registry says ${bytes}`;
        throw new Error(`${what}: bring back the object that was there.`);
      }
      await this.#markUsed(part);
      await rename(part, target);
    } finally {
      await rm(part, { force: true });
    }
  }

  /** Removes what was not used for longest, in the background; what fails is tried the next time. */
  #sweep(): void {
    this.#sweeping ??= this.#removeUnused()
      .catch(() => undefined)
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  async #removeUnused(): Promise<void> {
    const entries = await readdir(this.root, { recursive: true, withFileTypes: true });
    const files = await Promise.all(
      entries
        .filter((entry) => entry.isFile() && /\.(parquet|part)$/.test(entry.name))
        .map(async ({ parentPath, name }) => {
          const path = join(parentPath, name);
          const { size, mtimeMs } = await stat(path);
          return { path, size, mtimeMs };
        }),
    );
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    // A query that was told of a file a moment ago may not have opened it yet.
    const beforeMs = this.#now() - limits.archiveCacheKeptMs;
    for (const { path, size, mtimeMs } of files.toSorted((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (bytes <= this.#cacheBytesMax || mtimeMs > beforeMs) return;
      await rm(path, { force: true });
      bytes -= size;
    }
  }
}

const idKey = "archive-id";

function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Its size, once it is on the disk. */
async function sync(path: string): Promise<number> {
  const file = await open(path, "r+");
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Rejects with the signal's reason as soon as it is aborted, whatever becomes of the work. */
async function orAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
