/** `npm run build`: sets up what is missing, then makes the packages as they are published. */
import { runNode, script } from "./run-node.mjs";
import { fail, setUp } from "./setup.mjs";

try {
  process.exitCode = await runNode(await setUp(), [script("run-build.mjs")], { wholeGroup: true });
} catch (error) {
  fail(error);
}
