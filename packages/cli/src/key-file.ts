import { readFile, writeFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { CommandFailed } from "./failure.ts";
import { createKey, type PrivateKey, readKey } from "./private-key.ts";
import type { Input } from "./terminal.ts";

/** The private key in a file, or on stdin for `-`. Throws CommandFailed. */
export async function readKeyFile(file: string, stdin: Input): Promise<PrivateKey> {
  if (file === "-") return readKey(await readAll(stdin), "stdin");
  return readKey(await readText(file), file);
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

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new CommandFailed(`The key cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
