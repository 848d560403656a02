/** A nats-server with the hub's realtime port before it, and nothing else of the hub. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../packages/server/src/config.ts";
import { startNats } from "../../packages/server/src/nats/server.ts";
import { createLog } from "../../packages/server/src/observe/log.ts";
import { createRealtimePort } from "../../packages/server/src/realtime/realtime-port.ts";

export interface PortReport {
  readonly pid: number;
  /** Where the keys are that the clients log in with. */
  readonly dataDir: string;
  readonly directUrl: string;
  readonly tunnelUrl: string;
}

const dataDir = mkdtempSync(join(tmpdir(), "novacore-bench-"));
const config = readConfig({
  ...{ NOVACORE_REALTIME_PORT: "0", NOVACORE_NATS_PORT: "0", NOVACORE_MQTT_PORT: "0" },
  NOVACORE_NATS_SERVER: process.env.NOVACORE_NATS_SERVER,
});
const log = createLog("warn");
const nats = await startNats({ config, dataDir, log });
const host = "127.0.0.1";
const port = await createRealtimePort({
  ...{ config, log },
  upstream: () => ({ host, port: nats.ports.websocket, tls: false }),
  accept: (_request, socket) => socket.destroy(),
});
process.once("SIGTERM", async () => {
  await port.close();
  await nats.stop();
  rmSync(dataDir, { recursive: true, force: true });
  process.exit(0);
});
const report: PortReport = {
  pid: process.pid,
  dataDir,
  directUrl: `ws://${host}:${nats.ports.websocket}`,
  tunnelUrl: `ws://${host}:${port.port}`,
};
process.send?.(report);
