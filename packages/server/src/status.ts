import type { NatsConnection } from "@nats-io/transport-node";
import { NovacoreError } from "@novacore/protocol";
import type { FastifyInstance } from "fastify";
import type { Access } from "./access/access.ts";
import type { Caller } from "./access/caller.ts";
import type { Delivery } from "./deliver/delivery.ts";
import type { OpenConnections } from "./deliver/open-connections.ts";
import { Turnstile } from "./deliver/turnstile.ts";
import { GatewayPresences } from "./gateway-presence.ts";
import { claimStartMs, rejectionSight } from "./gateway-sight.ts";
import type { Ingest } from "./ingest/ingest.ts";
import type { LastKnown } from "./last-known.ts";
import { limits } from "./limits.ts";
import { readGatewayConnection } from "./nats/gateway-connections.ts";
import type { Registry } from "./registry/database.ts";
import type { Device } from "./registry/devices.ts";
import type { CallerOf } from "./rest/authenticate.ts";
import { statusRoutes } from "./rest/status.ts";
import { explainSilence } from "./silence.ts";
import { type DerStatus, readStatus, type StatusAsker } from "./status-reader.ts";
import { readGatewayState } from "./store/gateway-state.ts";
import { isVisible } from "./store/rejection-routes.ts";
import type { RejectionRecord } from "./store/rejections.ts";
import type { Store } from "./store/store.ts";

export interface StatusParts {
  readonly access: Access;
  readonly registry: Registry;
  readonly callerOf: CallerOf;
  readonly store: Pick<Store, "rejections">;
  readonly ingest: Pick<Ingest, "clocks">;
  readonly delivery: Pick<Delivery, "watchedSites">;
  readonly connections: Pick<OpenConnections, "openSince">;
  /** Account SYS. */
  readonly sys: NatsConnection;
  /** Account DEV. */
  readonly dev: NatsConnection;
  readonly lastKnown: LastKnown;
}

export type ReadStatus = (
  devices: readonly Device[],
  asker: StatusAsker,
) => Promise<readonly DerStatus[]>;

/**
 * Status over REST, and the same reasons for those who are told of liveness. Gives what reads it.
 */
export async function registerStatus(
  app: FastifyInstance,
  parts: StatusParts,
): Promise<{ readonly readStatus: ReadStatus }> {
  const { access, registry, callerOf, store, ingest, delivery, connections, sys, dev } = parts;
  const presences = new GatewayPresences({
    readConnection: (serial) => orUnavailable(readGatewayConnection(sys, serial)),
    socketSinceMs: (serial) => connections.openSince(serial),
    readClaimStartMs: (serial) => claimStartMs(registry, serial),
    readState: (serial, sinceMs) => orUnavailable(readGatewayState(dev, serial, sinceMs)),
    clocks: ingest.clocks,
    turnstile: new Turnstile(limits.gatewaysAskedAtOnce),
    now: Date.now,
  });
  const silence = {
    presences,
    readTree: (serial: string) => registry.gateways.tree(serial),
    readRejections: (serial: string, sinceMs: number) =>
      orUnavailable(store.rejections.recent(serial, sinceMs)),
    now: Date.now,
  };
  const { watchedSites } = delivery;
  watchedSites.explainBy(async (siteId, silent) => {
    const page = { after: undefined, limit: limits.pageItemsMax };
    return explainSilence(silence, await registry.devices.list(siteId, page), silent);
  });
  const reader = { ...silence, watchedSites, lastKnown: parts.lastKnown };
  const readStatusOf: ReadStatus = (devices, asker) => readStatus(reader, devices, asker);
  await app.register(statusRoutes, {
    ...{ access, registry, callerOf, now: Date.now },
    readStatus: readStatusOf,
    readPresence: (serial) => presences.of(serial),
    readRejection: (caller, serial) => readRejection(parts, caller, serial),
  });
  return { readStatus: readStatusOf };
}

/** The last one, or among the recent ones the last that the caller may see. */
async function readRejection(
  { access, registry, store }: StatusParts,
  caller: Caller,
  serial: string,
): Promise<RejectionRecord | undefined> {
  const sight = await rejectionSight(access, registry, caller, serial);
  const last = await orUnavailable(store.rejections.last(serial));
  if (last === undefined || isVisible(last, sight)) return last;
  const sinceMs = Date.now() - limits.rejectedRecentlyMs;
  const recent = await orUnavailable(store.rejections.recent(serial, sinceMs));
  return recent.findLast((record) => isVisible(record, sight));
}

/** nats-server does not answer for a moment: nothing that a client did, nor a fault of the hub. */
function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((cause: unknown) => {
    const message = "nats-server does not tell how gateways do; try again shortly.";
    throw new NovacoreError("unavailable", message, { cause });
  });
}
