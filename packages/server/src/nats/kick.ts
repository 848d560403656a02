import { setTimeout } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { limits } from "../limits.ts";

const replyMs = 2_000;
const pageSize = 1_024;
const pagesMax = limits.natsConnectionsMax / pageSize;
/**
 * A login that was answered just before may appear a moment after the first look. Its check itself
 * is stopped by Callout.revoke.
 */
const secondLookMs = 250;

/**
 * Cuts every live connection of an identity, on all servers and over every transport; resolves with
 * how many there were. Revoke it in the registry first, else it is back at once.
 */
export async function kickIdentity(sys: NatsConnection, identityId: string): Promise<number> {
  const first = await sweepAll(sys, identityId);
  await setTimeout(secondLookMs);
  return first + (await sweepAll(sys, identityId));
}

/** Page by page: who expects to be cut off may have opened thousands. */
async function sweepAll(sys: NatsConnection, identityId: string): Promise<number> {
  let kicked = 0;
  for (let page = 0; page < pagesMax; page++) {
    const found = await sweep(sys, identityId);
    kicked += found;
    if (found < pageSize) break;
  }
  return kicked;
}

async function sweep(sys: NatsConnection, identityId: string): Promise<number> {
  const connections = await findConnections(sys, identityId);
  await Promise.all(
    connections.map(({ serverId, cid }) =>
      sys.request(`$SYS.REQ.SERVER.${serverId}.KICK`, JSON.stringify({ cid }), {
        timeout: replyMs,
      }),
    ),
  );
  return connections.length;
}

interface FoundConnection {
  readonly serverId: string;
  readonly cid: number;
}

/** The answer of one server to CONNZ, as far as it is of use here. */
interface Connz {
  readonly server?: { readonly id?: string };
  readonly data?: {
    readonly connections?: readonly { readonly cid?: number; readonly authorized_user?: string }[];
  };
}

async function findConnections(
  sys: NatsConnection,
  identityId: string,
): Promise<FoundConnection[]> {
  const query = { auth: true, user: identityId, limit: pageSize };
  // How many servers a cluster has, nobody says: its answers are over when no more come.
  const clustered = sys.info?.cluster !== undefined;
  const answers = await sys.requestMany("$SYS.REQ.SERVER.PING.CONNZ", JSON.stringify(query), {
    strategy: clustered ? "stall" : "count",
    maxMessages: clustered ? -1 : 1,
    maxWait: replyMs,
  });
  const found: FoundConnection[] = [];
  for await (const message of answers) {
    const { server, data }: Connz = message.json();
    for (const { cid, authorized_user: user } of data?.connections ?? []) {
      if (server?.id !== undefined && cid !== undefined && user === identityId) {
        found.push({ serverId: server.id, cid });
      }
    }
  }
  return found;
}
