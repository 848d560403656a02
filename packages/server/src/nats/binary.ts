import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cachedBinary, fetchBinary } from "./fetch-binary.ts";
import { assertVersion, isNewEnough, natsVersionMin } from "./version.ts";

export interface FindOptions {
  /** The data folder: where a fetched copy is kept when the checkout cannot be written. */
  readonly dataDir: string;
  /** NOVACORE_NATS_SERVER: this one and no other. */
  readonly explicit?: string | undefined;
  /** Told about everything that takes longer than a second. */
  readonly onProgress?: (message: string) => void;
}

/**
 * The path of a nats-server that is new enough: the one asked for, the one on PATH, the one fetched
 * before, or one fetched now. Rejects with one sentence that says how to get one.
 */
export async function findNatsServer(options: FindOptions): Promise<string> {
  const { explicit, dataDir, onProgress = () => undefined } = options;
  if (explicit !== undefined) return checkExplicit(explicit);

  const onPath = await versionOf("nats-server");
  if (onPath !== undefined && isNewEnough(onPath)) return "nats-server";
  if (onPath !== undefined) {
    onProgress(`nats-server on PATH is ${onPath}, older than ${natsVersionMin}; not using it.`);
  }
  const cached = cachedBinary(dataDir);
  if ((await versionOf(cached)) !== undefined) return cached;
  await fetchBinary(cached, onProgress);
  const version = await versionOf(cached);
  if (version === undefined) throw new Error(`The fetched nats-server (${cached}) does not run.`);
  return cached;
}

async function checkExplicit(path: string): Promise<string> {
  const version = await versionOf(path);
  if (version === undefined) {
    throw new Error(
      `NOVACORE_NATS_SERVER is "${path}", which is no nats-server that runs here; ` +
        "give the path of one, or unset it to let the hub fetch one.",
    );
  }
  assertVersion(version, `nats-server at ${path}`);
  return path;
}

/** Undefined when it is not there, does not run, or is something else. */
async function versionOf(command: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, ["--version"], { timeout: 10_000 });
    return stdout.match(/nats-server: v(\d+\.\d+\.\d+)/)?.[1];
  } catch {
    return undefined; // whatever is wrong with it, it cannot be used
  }
}
