import { readFile, stat, writeFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { CommandFailed } from "./failure.ts";
import { createKey, type PrivateKey, readKey } from "./private-key.ts";
import type { Input } from "./terminal.ts";

/**
 * The private key in a file, or on stdin for `-`. `missing`: what to do where there is no such file.
 * Throws CommandFailed, also for a file that others can read.
 */
export async function readKeyFile(
  file: string,
  stdin: Input,
  missing?: string,
): Promise<PrivateKey> {
  if (file === "-") return readKey(await readAll(stdin), "stdin");
  return readKey(await readText(file, missing), file);
}

/** The same; where there is no such file, a new P-256 key is written into it, for its owner alone. */
export async function readOrCreateKeyFile(
  file: string,
  stdin: Input,
): Promise<{ readonly key: PrivateKey; readonly isNew: boolean }> {
  if (file === "-") return { key: await readKeyFile(file, stdin), isNew: false };
  const key = createKey("p256");
  try {
    await writeFile(file, key.pem, { mode: 0o600, flag: "wx", flush: true });
    return { key, isNew: true };
  } catch (error) {
    if (isCode(error, "EEXIST")) return { key: readKey(await readText(file), file), isNew: false };
    throw new CommandFailed(`The key cannot be written: ${reasonOf(error)}.`, { cause: error });
  }
}

async function readText(file: string, missing = "Check its name."): Promise<string> {
  try {
    await assertSecret(file);
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    const isMissing = isCode(error, "ENOENT");
    const why = isMissing ? `there is no file ${file}. ${missing}` : `${reasonOf(error)}.`;
    throw new CommandFailed(`The key cannot be read: ${why}`, { cause: error });
  }
}

async function assertSecret(file: string): Promise<void> {
  const { mode } = await stat(file);
  // Windows has no such modes and tells 0666 for every file.
  if (process.platform === "win32" || (mode & 0o077) === 0) return;
  const shown = (mode & 0o777).toString(8);
  throw new CommandFailed(
    `${file} is open to other users (mode ${shown}); chmod 600 it if nobody else can have read it, ` +
      "or make a new key.",
  );
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
