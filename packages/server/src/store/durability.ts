import type { NatsConnection } from "@nats-io/transport-node";

/**
 * What an acknowledgement of the store means: on disk (`fsync`), on several machines
 * (`replicated`), or handed to the operating system (`page-cache`), which a power cut can lose.
 */
export type Durability = "fsync" | "replicated" | "page-cache";

/**
 * Reads the word from the servers themselves: every one that answers must write to disk before it
 * acknowledges. Where nobody may be asked, nothing better than what the copies give is claimed.
 */
export async function readDurability(
  sys: NatsConnection | undefined,
  replicas: number,
): Promise<Durability> {
  const otherwise = replicas > 1 ? "replicated" : "page-cache";
  if (sys === undefined) return otherwise;
  let answers = 0;
  let synced = 0;
  const clustered = sys.info?.cluster !== undefined;
  const replies = await sys.requestMany("$SYS.REQ.SERVER.PING.JSZ", "{}", {
    strategy: clustered ? "stall" : "count",
    maxMessages: clustered ? -1 : 1,
    maxWait: 5_000,
  });
  for await (const reply of replies) {
    answers++;
    if (syncsAlways(reply.json())) synced++;
  }
  return answers > 0 && synced === answers ? "fsync" : otherwise;
}

function syncsAlways(answer: unknown): boolean {
  return member(member(member(answer, "data"), "config"), "sync_always") === true;
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map(Object.entries(value)).get(name);
}
