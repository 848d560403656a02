import type { NatsConnection } from "@nats-io/transport-node";

/**
 * What an acknowledgement promises: `fsync`, on disk; `replicated`, in the memory of a quorum of
 * servers; `page-cache`, in the memory of one machine, lost with its power.
 */
export type Durability = "fsync" | "replicated" | "page-cache";

const replyMs = 2_000;

/**
 * Reads from the servers what a stream of so many replicas gets when it is acknowledged. Of several
 * servers the least promise counts; rejects when none answers.
 */
export async function readDurability(sys: NatsConnection, replicas: number): Promise<Durability> {
  const answers = await sys.requestMany("$SYS.REQ.SERVER.PING.VARZ", undefined, {
    strategy: "stall",
    maxWait: replyMs,
    stall: 200,
  });
  let servers = 0;
  let syncing = 0;
  for await (const message of answers) {
    const { data }: Varz = message.json();
    const config = data?.jetstream?.config;
    if (config === undefined) continue; // a server of the cluster that stores nothing
    servers += 1;
    if (config.sync_always === true) syncing += 1;
  }
  if (servers === 0) throw new Error("no server with JetStream answered; durability is unknown");
  if (syncing === servers) return "fsync";
  return replicas >= 3 ? "replicated" : "page-cache";
}

interface Varz {
  readonly data?: {
    readonly jetstream?: { readonly config?: { readonly sync_always?: boolean } };
  };
}
