import type { NatsConnection } from "@nats-io/transport-node";
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { Logger } from "pino";
import type { Access } from "./access/access.ts";
import type { Archive } from "./archive/archive.ts";
import { createAddressOf } from "./client-address.ts";
import type { Config } from "./config.ts";
import type { ConsumerUpkeep } from "./consumer-upkeep.ts";
import type { Delivery } from "./deliver/delivery.ts";
import { OpenConnections } from "./deliver/open-connections.ts";
import { sseRoutes } from "./deliver/sse.ts";
import { type AcceptWebSocket, createWebSocketDoor, webSocketRoutes } from "./deliver/websocket.ts";
import { createFrameSource } from "./frame-source.ts";
import { claimStartMs, rejectionSight } from "./gateway-sight.ts";
import { createHistoryTurns } from "./history-turns.ts";
import { httpSource } from "./ingest/http-source.ts";
import type { Ingest } from "./ingest/ingest.ts";
import { inTurns } from "./last-known.ts";
import { limits } from "./limits.ts";
import type { NatsServer } from "./nats/server.ts";
import { healthRoutes, type ReadinessCheck } from "./observe/health.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { Registry } from "./registry/database.ts";
import { asyncApiRoutes } from "./rest/asyncapi.ts";
import type { HubAddresses } from "./rest/asyncapi-servers.ts";
import { createCallerOf } from "./rest/authenticate.ts";
import { consumerRoutes } from "./rest/consumers.ts";
import { gatewayStateRoutes } from "./rest/gateway-state.ts";
import { natsCredentialsRoutes } from "./rest/nats-credentials.ts";
import { registerOpenApi } from "./rest/openapi.ts";
import { createRateLimits, type RateLimits } from "./rest/rate-limits.ts";
import { restRoutes } from "./rest/routes.ts";
import { requestValidator } from "./rest/validator.ts";
import { registerStatus } from "./status.ts";
import type { BackEndConsumers } from "./store/consumers.ts";
import { readGatewayState } from "./store/gateway-state.ts";
import { rejectionRoutes } from "./store/rejection-routes.ts";
import type { Store } from "./store/store.ts";
import { enrichedStream } from "./store/stream-configs.ts";
import { createStreamGrants } from "./stream-grants.ts";
import type { TelemetryHistory } from "./telemetry-history.ts";
import { registerTelemetry } from "./telemetry-routes.ts";

export interface RouteParts {
  readonly config: Pick<Config, "corsOrigins" | "trustProxy" | "websocketDeflate">;
  readonly version: string;
  /** Known once every port is open. */
  readonly addresses: Promise<HubAddresses>;
  readonly nats: NatsServer;
  readonly registry: Registry;
  readonly access: Access;
  readonly store: Store;
  readonly consumers: BackEndConsumers;
  readonly consumerUpkeep: ConsumerUpkeep;
  readonly ingest: Ingest;
  readonly delivery: Delivery;
  /** Undefined: nothing is archived. */
  readonly archive: Archive | undefined;
  readonly history: TelemetryHistory;
  /** Account SYS. */
  readonly sys: NatsConnection;
  /** Account HUB. */
  readonly hub: NatsConnection;
  /** Account DEV. */
  readonly dev: NatsConnection;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** How long a connection may take to answer before the hub says that it is not ready. */
const readyAnswerMs = 1_000;

/**
 * Every route of the hub, and who may use it: access decides, here it is only asked. Gives what takes
 * WebSockets that come to another port.
 */
export async function registerRoutes(
  app: FastifyInstance,
  parts: RouteParts,
): Promise<{ readonly acceptWebSocket: AcceptWebSocket }> {
  const { access, registry, store, ingest, dev, metrics } = parts;
  const callerOf = createCallerOf(access);

  app.setValidatorCompiler(requestValidator);
  await registerOpenApi(app, { version: parts.version });
  await app.register(healthRoutes, {
    version: parts.version,
    ...{ natsServer: parts.nats.version, durability: store.durability },
    metrics: metrics.registry,
    checks: readinessChecks(parts),
  });
  await app.register(asyncApiRoutes, { version: parts.version, addresses: parts.addresses });
  const rateLimits = await createRateLimits(app, { access });
  await app.register(restRoutes, { registry, access, rateLimits });
  await app.register(httpSource, {
    uploads: ingest.uploads,
    async authorizeUpload(request, gatewaySerial) {
      await access.authorize(await callerOf(request), "telemetry.publish", { gatewaySerial });
    },
  });
  const limited: FastifyPluginAsync = async (part) => {
    rateLimits.byIdentity(part);
    await part.register(gatewayStateRoutes, {
      access,
      callerOf,
      readState: async (serial) =>
        readGatewayState(dev, serial, await claimStartMs(registry, serial)),
    });
    await part.register(consumerRoutes, {
      ...{ access, registry, callerOf, consumers: parts.consumers },
      onMade: () => parts.consumerUpkeep.plan(),
    });
    await part.register(natsCredentialsRoutes, {
      ...{ access, registry, callerOf, addresses: parts.addresses },
      stream: { name: enrichedStream, epoch: store.enrichedEpoch },
    });
    await part.register(rejectionRoutes, {
      rejections: store.rejections,
      async authorizeRejections(request, gatewaySerial) {
        return rejectionSight(access, registry, await callerOf(request), gatewaySerial);
      },
    });
  };
  await app.register(limited);
  return registerStreams(app, parts, rateLimits);
}

/** What other hubs told of the registry meanwhile was told to nobody. */
async function recheckAfterReconnects(
  hub: NatsConnection,
  connections: OpenConnections,
): Promise<void> {
  for await (const { type } of hub.status()) {
    if (type === "reconnect") await connections.recheck({ kind: "unknown" });
  }
}

/** SSE and WebSocket: two ways to write, one way to ask, authorise, queue and end. */
async function registerStreams(
  app: FastifyInstance,
  parts: RouteParts,
  rateLimits: RateLimits,
): Promise<{ readonly acceptWebSocket: AcceptWebSocket }> {
  const { config, access: everyAccess, registry, ingest, delivery, hub, log, metrics } = parts;
  const inTurn = createHistoryTurns();
  const lastKnown = inTurns(inTurn, parts.history.lastKnown);
  const access = createStreamGrants(everyAccess, registry, config.corsOrigins);
  const connections = new OpenConnections({ delivery, access, log });
  app.addHook("preClose", () => connections.drain());
  void recheckAfterReconnects(hub, connections);
  const metricsOf = (transport: "sse" | "websocket") => ({
    listeners: metrics.listeners.labels(transport),
    delivered: metrics.delivered.labels(transport),
    slowClosed: metrics.slowClosed,
  });
  const limited: FastifyPluginAsync = async (part) => {
    rateLimits.byIdentity(part);
    const callerOf = createCallerOf(everyAccess);
    const statusParts = { ...parts, connections, callerOf, lastKnown };
    const { readStatus } = await registerStatus(part, statusParts);
    await part.register(async (queries) => {
      rateLimits.byIdentity(queries, limits.historyRequestsPerMinute);
      await registerTelemetry(queries, { ...parts, callerOf, inTurn, readStatus });
    });
    const sseMetrics = metricsOf("sse");
    await part.register(sseRoutes, { delivery, access, connections, metrics: sseMetrics, log });
  };
  await app.register(limited);
  const door = createWebSocketDoor({
    ...{ delivery, access, connections, log },
    metrics: metricsOf("websocket"),
    readingsIn: createFrameSource(everyAccess, ingest.uploads),
    addressOf: createAddressOf(config.trustProxy),
    deflate: config.websocketDeflate,
  });
  await app.register(webSocketRoutes, door);
  return { acceptWebSocket: door.accept };
}

function readinessChecks(parts: RouteParts): ReadinessCheck[] {
  const { nats, registry, hub, dev, archive, history, store } = parts;
  return [
    {
      name: "registry",
      async check() {
        try {
          await registry.ping();
          return undefined;
        } catch {
          return "the database does not answer";
        }
      },
    },
    {
      name: "nats-server",
      check() {
        const state = nats.state();
        return state.state === "running" ? undefined : `it is ${state.state}`;
      },
    },
    {
      name: "streams",
      async check() {
        const answers = await Promise.all([isAnswering(hub), isAnswering(dev)]);
        return answers.every(Boolean) ? undefined : "a connection to nats-server does not answer";
      },
    },
    // Readings are taken and delivered all the same, and wait in the stream for days.
    { name: "archive", isAdvisory: true, check: () => archive?.problem() ?? fullOf(store) },
    // Queries of other days are answered all the same.
    { name: "history", isAdvisory: true, check: () => history.duck.problem() },
  ];
}

/** What is acknowledged of the past leaves this stream by the archive alone. */
function fullOf({ backfill }: RouteParts["store"]): string | undefined {
  return backfill.isFull
    ? "it is behind: readings older than 7 days are refused until it has taken those before them"
    : undefined;
}

/** The client library buffers while it reconnects, so "not closed" would say too little: ask. */
async function isAnswering(connection: NatsConnection): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, readyAnswerMs, false);
  });
  const answer = connection.rtt().then(
    () => true,
    () => false,
  );
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
