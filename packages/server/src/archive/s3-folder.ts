import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { limits } from "../limits.ts";
import { type ArchiveFolder, LocalFolder } from "./folder.ts";
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
    const { size } = await stat(draft);
    await this.#bucket.put(path, draft);
    this.#onStep("synced");
    await rename(draft, this.readable(path));
    this.#onStep("renamed");
    return size;
  }

  readable(path: string): string {
    return this.#local.readable(path);
  }

  async fetch(paths: readonly string[], signal?: AbortSignal): Promise<void> {
    const left = paths.values();
    let hasFetched = false;
    const work = async () => {
      for (const path of left) {
        signal?.throwIfAborted();
        hasFetched = !(await this.#touch(path)) || hasFetched;
      }
    };
    await Promise.all(Array.from({ length: limits.archiveFetchesAtOnce }, work));
    if (hasFetched) this.#sweep();
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

  /** False: it was not here and had to be fetched. */
  async #touch(path: string): Promise<boolean> {
    const target = this.readable(path);
    try {
      await this.#markUsed(target);
      return true;
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
    // Not ended with the query that began it: others may wait for the same.
    let fetching = this.#fetching.get(path);
    if (fetching === undefined) {
      fetching = this.#download(path, target).finally(() => this.#fetching.delete(path));
      this.#fetching.set(path, fetching);
    }
    await fetching;
    return false;
  }

  async #markUsed(file: string): Promise<void> {
    const time = new Date(this.#now());
    await utimes(file, time, time);
  }

  async #download(path: string, target: string): Promise<void> {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const part = `${target}.${randomUUID()}.part`;
    try {
      await this.#bucket.get(path, part);
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
