import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findTool } from "./tools.ts";

const run = promisify(execFile);

/** What a test's `go` runs with: what is not here yet is no test's to fetch. */
export const goEnv = { GOPROXY: "off" } as const;

/**
 * Whether Go and the modules of a folder are here; undefined so that the test can say what it skips.
 * With CI=true their absence is a failure.
 */
export async function goFor(folder: string): Promise<string | undefined> {
  const go = findTool("go");
  if (go === undefined) return undefined;
  const env = { ...process.env, ...goEnv };
  const found = await run(go, ["list", "-C", folder, "-deps", "."], { env }).then(
    () => true,
    () => false,
  );
  if (found) return go;
  if (process.env.CI === "true") throw new Error(`go mod download -C ${folder} was not run`);
  return undefined;
}
