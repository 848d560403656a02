import type { NatsConnection } from "@nats-io/transport-node";
import { askServers } from "./ask-servers.ts";

/** Whether an identity is connected over NATS or MQTT, and since when, as nats-server knows. */
export type GatewayConnection =
  | { readonly kind: "open"; readonly sinceMs: number }
  | { readonly kind: "closed"; readonly sinceMs: number }
  /** Not now, and not among the last 10 000 connections that ended. */
  | { readonly kind: "none" };

/** Asks every nats-server of the cluster, over account SYS. Throws when none answers. */
export async function readGatewayConnection(
  sys: NatsConnection,
  identityId: string,
): Promise<GatewayConnection> {
  const user = { auth: true, user: identityId, limit: 1 };
  const open = await find(sys, identityId, { ...user, state: openState, sort: "start" });
  const starts = open.flatMap(({ start }) => timeOf(start));
  if (starts.length > 0) return { kind: "open", sinceMs: Math.min(...starts) };
  const closed = await find(sys, identityId, { ...user, state: closedState, sort: "stop" });
  const stops = closed.flatMap(({ stop }) => timeOf(stop));
  return stops.length > 0 ? { kind: "closed", sinceMs: Math.max(...stops) } : { kind: "none" };
}

const openState = 0;
const closedState = 1;

/** The answer of one server to CONNZ, as far as it is of use here. */
interface Connz {
  readonly data?: {
    readonly connections?: readonly {
      readonly start?: string;
      readonly stop?: string;
      readonly authorized_user?: string;
    }[];
  };
}

async function find(sys: NatsConnection, identityId: string, query: object) {
  const answers = await askServers(sys, "$SYS.REQ.SERVER.PING.CONNZ", query);
  return answers
    .flatMap((message) => message.json<Connz>().data?.connections ?? [])
    .filter(({ authorized_user: user }) => user === identityId);
}

function timeOf(text: string | undefined): number[] {
  const timeMs = Date.parse(text ?? "");
  return Number.isNaN(timeMs) ? [] : [timeMs];
}
