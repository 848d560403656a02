import type { Msg, NatsConnection } from "@nats-io/transport-node";

/** How long a nats-server may take to answer a question of the system account. */
export const serverAnswerMs = 2_000;

/**
 * Asks every nats-server of the cluster, over account SYS. Throws when none answers: one that hangs
 * still has its connections, so silence is no answer.
 */
export async function askServers(
  sys: NatsConnection,
  subject: string,
  query: object,
): Promise<Msg[]> {
  // How many servers a cluster has, nobody says: its answers are over when no more come.
  const clustered = sys.info?.cluster !== undefined;
  const answers = await sys.requestMany(subject, JSON.stringify(query), {
    strategy: clustered ? "stall" : "count",
    maxMessages: clustered ? -1 : 1,
    maxWait: serverAnswerMs,
  });
  const found: Msg[] = [];
  for await (const message of answers) found.push(message);
  if (found.length === 0) throw new Error(`nats-server does not answer to ${subject}`);
  return found;
}
