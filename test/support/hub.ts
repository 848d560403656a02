import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../packages/server/src/config.ts";
import { createServer, type Hub } from "../../packages/server/src/server.ts";

export interface TestHub extends Hub {
  readonly dataDir: string;
}

/** A whole hub in this process, with its own nats-server, on free ports, in a folder of its own. */
export async function startHub(
  env: Readonly<Record<string, string>> = {},
  dataDir?: string,
): Promise<TestHub> {
  const ownDir = dataDir ?? (await mkdtemp(join(tmpdir(), "novacore-test-")));
  const config = readConfig({
    NOVACORE_HTTP_PORT: "0",
    NOVACORE_REALTIME_PORT: "0",
    NOVACORE_NATS_PORT: "0",
    NOVACORE_MQTT_PORT: "0",
    NOVACORE_LOG_LEVEL: process.env.NOVACORE_TEST_LOG ?? "silent",
    NOVACORE_DATA_DIR: ownDir,
    ...(process.env.NOVACORE_NATS_SERVER === undefined
      ? {}
      : { NOVACORE_NATS_SERVER: process.env.NOVACORE_NATS_SERVER }),
    ...env,
  });
  const hub = await createServer(config);
  return {
    ...hub,
    dataDir: ownDir,
    async close() {
      await hub.close();
      if (dataDir === undefined) await rm(ownDir, { recursive: true, force: true });
    },
  };
}
