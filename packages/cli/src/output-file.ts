import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { constants, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "./failure.ts";

type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
type OnBytes = (bytes: number) => void;

/** Where an answer is to be written; looked at before it is asked for, as it may take long to come. */
export interface OutputFile {
  /** Gives the bytes. */
  write(content: Content, onBytes?: OnBytes): Promise<number>;
}

/**
 * A file is written whole or not at all; a device or a named pipe as the content comes. `source` is
 * where the path was given. Throws UsageError for a folder, and for a path into none.
 */
export async function openOutputFile(
  path: string,
  source: string,
  signal: AbortSignal,
): Promise<OutputFile> {
  const before = await statIfThere(path);
  if (before?.isDirectory()) throw new UsageError(`${source} is "${path}", which is a folder.`);
  if (before?.isFile()) {
    const target = await realpath(path); // a link stays one
    return { write: (...given) => writeWhole(target, before.mode & 0o777, ...given) };
  }
  if (before?.isFIFO()) return { write: (...given) => writePipe(path, signal, ...given) };
  if (before !== undefined) return { write: (...given) => writeThrough(open(path, "w"), ...given) };
  const folder = dirname(path);
  if (!(await statIfThere(folder))?.isDirectory()) {
    throw new UsageError(`${source} is "${path}"; there is no folder "${folder}".`);
  }
  return { write: (...given) => writeWhole(path, undefined, ...given) };
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/**
 * The content goes into a file beside it, which takes its name once it is complete and on the disk.
 * What stood there before stays until then; its mode stays for good.
 */
async function writeWhole(
  path: string,
  mode: number | undefined,
  content: Content,
  onBytes?: OnBytes,
): Promise<number> {
  const unfinished = `${path}.${randomUUID()}.part`;
  const file = await open(unfinished, "wx", mode);
  try {
    if (mode !== undefined) await file.chmod(mode); // whatever the umask is
    const bytes = await writeAll(file, content, onBytes);
    await file.sync();
    await file.close();
    await rename(unfinished, path);
    return bytes;
  } catch (error) {
    await file.close();
    await rm(unfinished, { force: true });
    throw error;
  }
}

/**
 * Where nobody reads it, opening and writing keep a thread in the kernel, and with it the process,
 * which no signal ends: a reader that goes again does.
 */
async function writePipe(
  path: string,
  signal: AbortSignal,
  content: Content,
  onBytes?: OnBytes,
): Promise<number> {
  signal.throwIfAborted();
  const opening = open(path, "w");
  const free = async () => {
    const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await opening;
    await reader.close();
  };
  const onAbort = () => void free().catch(() => undefined); // one may be allowed to write alone
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await writeThrough(opening, content, onBytes);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function writeThrough(
  opening: Promise<OpenFile>,
  content: Content,
  onBytes?: OnBytes,
): Promise<number> {
  const file = await opening;
  try {
    return await writeAll(file, content, onBytes);
  } finally {
    await file.close();
  }
}

type OpenFile = Awaited<ReturnType<typeof open>>;

async function writeAll(file: OpenFile, content: Content, onBytes?: OnBytes): Promise<number> {
  let bytes = 0;
  for await (const chunk of content) {
    await file.writeFile(chunk);
    bytes += chunk.length;
    onBytes?.(bytes);
  }
  return bytes;
}
