import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { takePort } from "../../../../test/support/ports.ts";
import type { Config } from "../../src/config.ts";
import { limits } from "../../src/limits.ts";
import { atEnd } from "./at-end.ts";

/** A nats-server that is not the hub's child, stopped after the test; gives its address. */
export async function startOperated(
  t: TestContext,
  config: Pick<Config, "natsServer">,
  dataDir: string,
  accessConfig: string,
): Promise<string> {
  const port = await takePort();
  const path = join(dataDir, "operated.conf");
  const storeDir = JSON.stringify(join(dataDir, "operated"));
  const jetstream = `jetstream { store_dir: ${storeDir}, max_file: ${limits.natsStoreBytesMax} }`;
  writeFileSync(
    path,
    `server_name: operated, listen: "127.0.0.1:${port}"\n${jetstream}\n${accessConfig}`,
  );
  const server = spawn(config.natsServer ?? "nats-server", ["-c", path], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  atEnd(t, async () => {
    server.kill("SIGTERM");
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  });
  for await (const line of createInterface({ input: server.stderr })) {
    if (line.endsWith("Server is ready")) break;
  }
  return `nats://127.0.0.1:${port}`;
}
