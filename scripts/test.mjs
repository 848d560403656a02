/** `npm test [-- path…]`: sets up what is missing, then runs every test, or those under the paths. */
import { runNode, script } from "./run-node.mjs";
import { fail, natsServer, setUp } from "./setup.mjs";

try {
  const node = await setUp();
  const env = { NOVACORE_NATS_SERVER: await natsServer(node) };
  process.exitCode = await runNode(node, [script("run-tests.mjs"), ...process.argv.slice(2)], {
    env,
    wholeGroup: true,
  });
} catch (error) {
  fail(error);
}
