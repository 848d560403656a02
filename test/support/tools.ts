import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Path of the first of these programs that is on PATH, or undefined so that the test can say what it
 * skips. With CI=true their absence is a failure.
 */
export function findTool(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const name of names) {
    const found = folders.map((folder) => join(folder, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  if (process.env.CI === "true") throw new Error(`${names.join(" or ")} is not installed`);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent, or not for us: both mean that it cannot be used
  }
}
