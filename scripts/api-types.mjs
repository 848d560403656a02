/** `npm run api-types`: writes the client's types of the API anew, as the test of them does. */
import { runNode } from "./run-node.mjs";
import { fail, natsServer, setUp } from "./setup.mjs";

try {
  const node = await setUp();
  const env = { NOVACORE_NATS_SERVER: await natsServer(node) };
  const args = ["--test-update-snapshots", "--test-name-pattern", "types are those of the API"];
  const code = await runNode(node, [...args, "test/client/operations.test.ts"], { env });
  process.exitCode = code;
} catch (error) {
  fail(error);
}
