import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { HubProcess } from "../support/hub-process.ts";

/** `kill -9` of the nats-server that belongs to the hub, which starts it again. */
export async function killNats({ dataDir }: Pick<HubProcess, "dataDir">): Promise<void> {
  const record = await readFile(join(dataDir, "nats", "nats-server.pid"), "utf8");
  process.kill(JSON.parse(record).pid, "SIGKILL");
}
