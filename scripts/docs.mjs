/** `npm run docs`: sets up what is missing, then writes the reference of the packages. */
import { join } from "node:path";
import { runNode } from "./run-node.mjs";
import { fail, root, setUp } from "./setup.mjs";

try {
  const program = join(root, "packages", "reference", "src", "docs-main.ts");
  process.exitCode = await runNode(await setUp(), [program]);
} catch (error) {
  fail(error);
}
