/** `npm run bench:NAME -- …`: sets up what is missing, then runs bench/NAME.ts. */
import { join } from "node:path";
import { runNode } from "./run-node.mjs";
import { fail, natsServer, root, setUp } from "./setup.mjs";

try {
  const [name, ...args] = process.argv.slice(2);
  const node = await setUp();
  const env = { NOVACORE_NATS_SERVER: await natsServer(node) };
  process.exitCode = await runNode(node, [join(root, "bench", `${name}.ts`), ...args], { env });
} catch (error) {
  fail(error);
}
