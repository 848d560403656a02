/** `npm start`: sets up what is missing, then runs the hub and its demo. Arguments go to the hub. */
import { join } from "node:path";
import { hubFlags } from "./hub-flags.mjs";
import { runNode } from "./run-node.mjs";
import { fail, natsServer, root, setUp } from "./setup.mjs";

try {
  const args = process.argv.slice(2);
  const node = await setUp();
  const env = {};
  const wantsHub = !args.includes("--help") && !args.includes("-h");
  if (wantsHub && !process.env.NATS_URL) env.NOVACORE_NATS_SERVER = await natsServer(node);
  const main = join(root, "packages", "server", "src", "main.ts");
  process.exitCode = await runNode(node, [...hubFlags, main, "start", ...args], { env });
} catch (error) {
  fail(error);
}
