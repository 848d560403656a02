import { setTimeout } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { limits } from "../limits.ts";
import { askServers, serverAnswerMs } from "./ask-servers.ts";

const pageSize = 1_024;
const pagesMax = limits.natsConnectionsMax / pageSize;
/**
 * A login that was answered just before may appear a moment after the first look. Its check itself
 * is stopped by Callout.revoke.
 */
const secondLookMs = 250;
const retryMs = 1_000;

/**
 * Cuts every live connection of an identity, on all servers and over every transport; resolves with
 * how many there were. Change it in the registry first, else it is back at once as it was. Who comes
 * back after that stays.
 */
export async function kickIdentity(sys: NatsConnection, identityId: string): Promise<number> {
  const firstLook: FirstLook = new Map();
  const first = await sweepAll(sys, identityId, firstLook);
  await setTimeout(secondLookMs);
  return first + (await sweepAll(sys, identityId, firstLook));
}

/** The same, again and again until the servers have answered; gives up when the hub stops. */
export async function cutOffIdentity(
  sys: NatsConnection,
  identityId: string,
  log: { error(fields: object, message: string): void },
): Promise<void> {
  while (!sys.isClosed()) {
    try {
      await kickIdentity(sys, identityId);
      return;
    } catch (error) {
      if (sys.isClosed()) return;
      log.error({ err: error, identityId }, "an identity could not be cut off yet; trying again");
      await setTimeout(retryMs, undefined, { ref: false });
    }
  }
}

/** When each server was first asked, by its own clock, epoch milliseconds. */
type FirstLook = Map<string, number>;

/** Page by page: who expects to be cut off may have opened thousands. */
async function sweepAll(
  sys: NatsConnection,
  identityId: string,
  firstLook: FirstLook,
): Promise<number> {
  let kicked = 0;
  for (let page = 0; page < pagesMax; page++) {
    const found = await sweep(sys, identityId, firstLook);
    kicked += found;
    if (found < pageSize) break;
  }
  return kicked;
}

async function sweep(
  sys: NatsConnection,
  identityId: string,
  firstLook: FirstLook,
): Promise<number> {
  const connections = await findConnections(sys, identityId, firstLook);
  await Promise.all(
    connections.map(({ serverId, cid }) =>
      sys.request(`$SYS.REQ.SERVER.${serverId}.KICK`, JSON.stringify({ cid }), {
        timeout: serverAnswerMs,
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
    /** The server's clock, RFC 3339, as `start` of a connection. */
    readonly now?: string;
    readonly connections?: readonly {
      readonly cid?: number;
      readonly start?: string;
      readonly authorized_user?: string;
    }[];
  };
}

async function findConnections(
  sys: NatsConnection,
  identityId: string,
  firstLook: FirstLook,
): Promise<FoundConnection[]> {
  const query = { auth: true, user: identityId, limit: pageSize };
  const answers = await askServers(sys, "$SYS.REQ.SERVER.PING.CONNZ", query);
  const found: FoundConnection[] = [];
  for (const message of answers) {
    const { server, data }: Connz = message.json();
    const serverId = server?.id;
    if (serverId === undefined) continue;
    const askedMs = firstLook.get(serverId) ?? Date.parse(data?.now ?? "");
    firstLook.set(serverId, askedMs);
    for (const { cid, start, authorized_user: user } of data?.connections ?? []) {
      const isLater = Date.parse(start ?? "") > askedMs;
      if (cid !== undefined && user === identityId && !isLater) found.push({ serverId, cid });
    }
  }
  return found;
}
