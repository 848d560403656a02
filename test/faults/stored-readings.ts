import { jetstream } from "@nats-io/jetstream";
import { connectHub } from "../../packages/server/src/nats/connection.ts";
import { loadHubKeys } from "../../packages/server/src/nats/hub-keys.ts";
import type { HubProcess } from "../support/hub-process.ts";

/** `der_id:timestamp` of every message in ENRICHED_TELEMETRY, in stream order, read from the stream itself. */
export async function readStored(hub: HubProcess): Promise<string[]> {
  const keys = loadHubKeys(hub.dataDir);
  const connection = await connectHub({ natsUrl: hub.natsUrl, keys }, "HUB", "test");
  try {
    const streams = jetstream(connection);
    const consumer = await streams.consumers.get("ENRICHED_TELEMETRY");
    const info = await consumer.info();
    const ids: string[] = [];
    if (info.num_pending === 0) return ids;
    for await (const message of await consumer.consume()) {
      const reading: { der_id: string; timestamp: number } = message.json();
      ids.push(`${reading.der_id}:${reading.timestamp}`);
      if (message.info.pending === 0) break;
    }
    return ids;
  } finally {
    await connection.close();
  }
}
