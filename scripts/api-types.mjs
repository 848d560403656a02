/** `npm run api-types`: writes the types of the API and of readings anew, as the tests of them do. */
import { runNode } from "./run-node.mjs";
import { fail, natsServer, setUp } from "./setup.mjs";

try {
  const node = await setUp();
  const env = { NOVACORE_NATS_SERVER: await natsServer(node) };
  const args = ["--test-update-snapshots", "--test-name-pattern", "types are those of the"];
  const tests = ["test/docs/reading-shapes.test.ts", "test/client/operations.test.ts"];
  const code = await runNode(node, ["--test", ...args, ...tests], { env });
  process.exitCode = code;
} catch (error) {
  fail(error);
}
