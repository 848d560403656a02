import { fileURLToPath } from "node:url";
import { bundle } from "../browser/bundle.ts";

const entry = fileURLToPath(new URL("../../packages/client/src/index.ts", import.meta.url));

/** The client as one script for a page, whose exports are the global `novacore`. */
export function bundleClient(): Promise<string> {
  return bundle(entry, "novacore");
}
