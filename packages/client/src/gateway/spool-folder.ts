import { type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** The few things that a spool does with a disk. */
export interface SpoolFolder {
  list(): Promise<readonly SpoolEntry[]>;
  /** Opens a file to read and write; makes an empty one where there is none. */
  open(name: string): Promise<SpoolFile>;
  remove(name: string): Promise<void>;
  /** Resolves once files that were made are found again after a power cut. */
  sync(): Promise<void>;
}

export interface SpoolEntry {
  readonly name: string;
  readonly bytes: number;
  /** Epoch ms. */
  readonly changedMs: number;
}

export interface SpoolFile {
  /** Up to so many bytes: fewer at the end of the file. */
  read(offset: number, bytesMax: number): Promise<Buffer>;
  write(bytes: Uint8Array, offset: number): Promise<void>;
  truncate(bytes: number): Promise<void>;
  /** Resolves once what was written survives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A folder on this machine's disk, made (mode 0700) where it is missing. */
export async function openDiskFolder(path: string): Promise<SpoolFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return {
    async list() {
      const names = await readdir(path);
      return Promise.all(
        names.map(async (name) => {
          const { size, mtimeMs } = await stat(join(path, name));
          return { name, bytes: size, changedMs: mtimeMs };
        }),
      );
    },
    open: (name) => openDiskFile(join(path, name)),
    remove: (name) => rm(join(path, name), { force: true }),
    sync: () => syncFolder(path),
  };
}

async function openDiskFile(path: string): Promise<SpoolFile> {
  // "r+" alone does not make a file, and "a+" writes at the end alone.
  const handle = await open(path, "r+").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return open(path, "wx+", 0o600);
    }
    throw error;
  });
  return {
    read: (offset, bytesMax) => readFully(handle, offset, bytesMax),
    async write(bytes, offset) {
      let done = 0;
      while (done < bytes.byteLength) {
        const { bytesWritten } = await handle.write(bytes, done, undefined, offset + done);
        done += bytesWritten;
      }
    },
    truncate: (bytes) => handle.truncate(bytes),
    async sync() {
      await handle.datasync();
      // A file without a name takes writes as any, and is gone with this process.
      if ((await handle.stat()).nlink === 0) throw new Error(`${path} was removed`);
    },
    close: () => handle.close(),
  };
}

async function readFully(handle: FileHandle, offset: number, bytesMax: number): Promise<Buffer> {
  const bytes = Buffer.alloc(bytesMax);
  let done = 0;
  while (done < bytesMax) {
    const { bytesRead } = await handle.read(bytes, done, bytesMax - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return; // a folder cannot be opened there, and need not be
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
