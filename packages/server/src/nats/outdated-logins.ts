import { setTimeout } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { limits } from "../limits.ts";
import { askServers } from "./ask-servers.ts";

/** Whose connection it is, as nats-server tells it. */
export interface ConnectedUser {
  readonly identityId: string;
  readonly account: string;
  /** By the hub's clock, with which that of nats-server need not agree. */
  readonly startMs: number;
}

export interface OutdatedLoginsOptions {
  /** Account SYS. */
  readonly sys: NatsConnection;
  readonly mayStand: (login: ConnectedUser) => Promise<boolean>;
  readonly cutOff: (identityId: string) => void;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/**
 * Looks once, at the start of a hub, through everybody who is connected, and cuts off who may not be:
 * a hub that died between a revocation and its cut has left him there, on a nats-server that did not
 * die with it. Tries again until that is done, or the hub stops.
 */
export async function cutOffOutdated(options: OutdatedLoginsOptions): Promise<void> {
  const { sys, mayStand, cutOff, log } = options;
  while (!sys.isClosed()) {
    try {
      for (const login of await connectedUsers(sys)) {
        if (await mayStand(login)) continue;
        const { identityId, account } = login;
        log.info({ event: "login_outdated", identityId, account }, "who is connected is cut off");
        cutOff(identityId);
      }
      return;
    } catch (error) {
      if (sys.isClosed()) return;
      log.warn({ err: error }, "who is connected cannot be looked through yet; trying again");
      await setTimeout(retryMs, undefined, { ref: false });
    }
  }
}

const retryMs = 1_000;
const pageSize = 1_024;
/** Pages overlap: who leaves meanwhile moves those after him to the page before. */
const pageStep = pageSize - 128;

/** The answer of one server to CONNZ, as far as it is of use here. */
interface Connz {
  readonly data?: {
    readonly now?: string;
    readonly connections?: readonly {
      readonly account?: string;
      readonly start?: string;
      readonly authorized_user?: string;
    }[];
  };
}

/** Each identity with its oldest connection, in each account; the hubs' own users left out. */
async function connectedUsers(sys: NatsConnection): Promise<ConnectedUser[]> {
  const oldest = new Map<string, ConnectedUser>();
  for (let offset = 0; offset < limits.natsConnectionsMax; offset += pageStep) {
    let longest = 0;
    const query = { auth: true, limit: pageSize, offset };
    for (const message of await askServers(sys, "$SYS.REQ.SERVER.PING.CONNZ", query)) {
      const { data }: Connz = message.json();
      const connections = data?.connections ?? [];
      longest = Math.max(longest, connections.length);
      const aheadMs = Date.now() - Date.parse(data?.now ?? "");
      for (const { account = "", start = "", authorized_user: user = "" } of connections) {
        if (!/^(DEV|EXT_\d+)$/.test(account) || ownUser.test(user)) continue;
        const startMs = Date.parse(start) + aheadMs;
        const known = oldest.get(`${account} ${user}`);
        if (known !== undefined && known.startMs <= startMs) continue;
        oldest.set(`${account} ${user}`, { identityId: user, account, startMs });
      }
    }
    if (longest < pageSize) break;
  }
  return [...oldest.values()];
}

/** Hubs log in by nkeys of nats-server's configuration; everybody else goes by his id. */
const ownUser = /^U[A-Z2-7]{55}$/;
