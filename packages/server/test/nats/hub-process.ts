/**
 * A hub reduced to its nats-server, for tests that kill it: prints one line of JSON once it runs.
 * Arguments: the data folder; settings come from the environment.
 */
import { readConfig } from "../../src/config.ts";
import { startNats } from "../../src/nats/server.ts";
import { silent } from "./running-nats.ts";

const config = readConfig(process.env);
try {
  const nats = await startNats({ config, dataDir: config.dataDir, log: silent });
  const state = nats.state();
  const pid = state.state === "running" ? state.pid : 0;
  process.stdout.write(`${JSON.stringify({ pid, ports: nats.ports })}\n`);
  process.once("SIGTERM", () => void nats.stop().then(() => process.exit(0)));
} catch (error) {
  const sentence = error instanceof Error ? error.message : String(error);
  process.stdout.write(`${JSON.stringify({ sentence })}\n`);
}
