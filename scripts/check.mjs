/** `npm check`: sets up what is missing, then runs every gate that is not a test. */
import { runNode, script } from "./run-node.mjs";
import { fail, setUp } from "./setup.mjs";

try {
  process.exitCode = await runNode(await setUp(), [script("run-checks.mjs")], { wholeGroup: true });
} catch (error) {
  fail(error);
}
