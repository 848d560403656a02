import { readFileSync } from "node:fs";

/** Of this package; its package.json is one folder up, from the sources and when compiled. */
export const version: string = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
).version;
