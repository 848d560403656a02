/**
 * The demo as a process of its own: `node demo-main.ts --base-url … --ws-url … --nats-url … --mqtt-url
 * … --data-dir …`. Logs JSON lines on stderr. Started with an IPC channel it sends `{kind: "ready"}`
 * at the first acknowledged reading, and ends when its parent does.
 */
import { parseArgs } from "node:util";
import { startDemo } from "./demo.ts";
import { createJsonLog } from "./log.ts";

const { values } = parseArgs({
  options: {
    "base-url": { type: "string" },
    "ws-url": { type: "string" },
    "nats-url": { type: "string" },
    "mqtt-url": { type: "string" },
    "data-dir": { type: "string" },
  },
});

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
process.once("disconnect", () => stop.abort());

try {
  const { details, stopped } = await startDemo({
    baseUrl: needed("base-url"),
    wsUrl: needed("ws-url"),
    natsUrl: needed("nats-url"),
    mqttUrl: needed("mqtt-url"),
    dataDir: needed("data-dir"),
    log: createJsonLog((line) => process.stderr.write(line)),
    signal: stop.signal,
  });
  const { org_id, site_id, gateway_serial } = details;
  process.send?.({ kind: "ready", org_id, site_id, gateway_serial });
  await stopped;
} catch (error) {
  // Stopped while starting is no failure.
  if (!stop.signal.aborted) {
    process.stderr.write(`The demo failed: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
// The channel would keep a finished process alive.
if (process.connected) process.disconnect?.();

function needed(name: keyof typeof values): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing.`);
  return value;
}
