import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { enrichedSubject } from "@novacore/protocol";
import { findNatsServer } from "../../packages/server/src/nats/binary.ts";
import { hubStreams } from "../../packages/server/src/store/stream-configs.ts";
import { freePort, type Processes } from "./processes.ts";

/** A nats-server with the stream that readings are stored in; gives a connection to it. */
export async function startNats(folder: string, processes: Processes): Promise<NatsConnection> {
  const explicit = process.env.NOVACORE_NATS_SERVER;
  const binary = await findNatsServer({ dataDir: folder, explicit });
  const port = await freePort();
  const config = join(folder, "nats.conf");
  await writeFile(
    config,
    `host: 127.0.0.1\nport: ${port}\njetstream { store_dir: "${folder}/js" }\nlogfile: "${folder}/nats.log"\n`,
  );
  await processes.spawn(binary, ["-c", config], port);
  const connection = await connect({ port });
  const manager = await jetstreamManager(connection);
  const settings = hubStreams(1).find(({ name }) => name === "ENRICHED_TELEMETRY");
  if (settings === undefined) throw new Error("ENRICHED_TELEMETRY is not among the hub's streams");
  await manager.streams.add({ ...settings, max_bytes: 256 * 1024 ** 2 });
  return connection;
}

let batches = 0;

/** Stores readings as ingest does: together, in one atomic batch. */
export function publishBatch(
  connection: NatsConnection,
  site: string,
  payloads: readonly string[],
): void {
  const address = { orgId: "org-1", siteId: site, deviceId: "dev-1", derId: "der-1" };
  const subject = enrichedSubject(address);
  batches++;
  payloads.forEach((payload, i) => {
    const head = headers();
    head.set("Nats-Msg-Id", `${batches}:${i}`);
    if (payloads.length > 1) {
      head.set("Nats-Batch-Id", `batch-${batches}`);
      head.set("Nats-Batch-Sequence", String(i + 1));
      if (i === payloads.length - 1) head.set("Nats-Batch-Commit", "1");
    }
    connection.publish(subject, payload, { headers: head });
  });
}
