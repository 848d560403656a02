import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import packageJson from "../package.json" with { type: "json" };
import { createAccess } from "./access/access.ts";
import { startCallout } from "./access/callout.ts";
import { type Archive, startArchive } from "./archive/archive.ts";
import { assertLimits } from "./assert-limits.ts";
import { archivePlace, type Config } from "./config.ts";
import { ConsumerUpkeep } from "./consumer-upkeep.ts";
import { createDelivery } from "./deliver/delivery.ts";
import { createHttpApp, listenHttp } from "./http-app.ts";
import { startIngest } from "./ingest/ingest.ts";
import { limits } from "./limits.ts";
import { connectHub } from "./nats/connection.ts";
import type { HubAccount } from "./nats/hub-keys.ts";
import { cutOffIdentity } from "./nats/kick.ts";
import { cutOffOutdated } from "./nats/outdated-logins.ts";
import { watchRequests } from "./nats/request-watch.ts";
import { type NatsServer, startNats } from "./nats/server.ts";
import { createLog } from "./observe/log.ts";
import { createMetrics, type Metrics } from "./observe/metrics.ts";
import { createRealtimePort } from "./realtime/realtime-port.ts";
import type { Upstream } from "./realtime/tunnel.ts";
import { openRegistry } from "./registry/database.ts";
import { shareRegistryNews } from "./registry-news.ts";
import type { HubAddresses } from "./rest/asyncapi-servers.ts";
import { registerRoutes } from "./routes.ts";
import { BackEndConsumers } from "./store/consumers.ts";
import { openStore } from "./store/store.ts";
import { openTelemetryHistory, startHistoryThread } from "./telemetry-history.ts";
import { openTls } from "./tls.ts";

const { version } = packageJson;

export interface HubOptions {
  /** Told what is being done whenever it may take longer than a second. */
  readonly onProgress?: (sentence: string) => void;
}

/** A running hub. */
export interface Hub extends HubAddresses {
  /** Resolves when the hub cannot go on: whoever runs it should stop it and start it again. */
  readonly failed: Promise<Error>;
  /** Drains listeners, stores what was received, and stops everything that the hub started. */
  close(): Promise<void>;
}

/**
 * Starts a hub: everything is made in the order of the data's way and closed in reverse. Port 0
 * takes any free port. Rejects with one sentence that says what to do, having closed what it opened.
 */
export async function createServer(config: Config, options: HubOptions = {}): Promise<Hub> {
  const { onProgress: progress = () => undefined } = options;
  assertLimits();
  const log = createLog(config.logLevel);
  const metrics = createMetrics();
  await using opened = new AsyncDisposableStack();

  const tls = config.tls && (await openTls({ files: config.tls, log }));
  opened.defer(() => tls?.stop());
  const registry = await openRegistry(config);
  opened.defer(() => registry.close());
  const access = createAccess({ ...config, registry, log });
  opened.defer(() => access.close());
  const historyThread = await startHistoryThread({ config, log, metrics });
  opened.defer(() => historyThread.close());

  progress("Starting nats-server …");
  const nats = await startNats({ config, dataDir: config.dataDir, log, onProgress: progress });
  opened.defer(() => nats.stop());
  opened.defer(countRestarts(nats, metrics));
  const connect = async (account: HubAccount, name: string): Promise<NatsConnection> => {
    const connection = await connectHub(nats, account, name);
    opened.defer(() => connection.close());
    return connection;
  };
  // First of all, since gateways are at the door already and nats-server lets them wait for this.
  const sys = await connect("SYS", "system");
  const connection = await connect("AUTH", "callout");
  const signing = nats.keys.issuer;
  const callout = await startCallout({
    ...{ connection, signing, log, metrics },
    login: (attempt) => access.login(attempt),
  });
  opened.defer(() => callout.stop());
  const cutOff = (identityId: string) => {
    void cutOffIdentity(sys, identityId, log);
  };
  const cutOffNow = (identityId: string) => {
    callout.revoke(identityId);
    cutOff(identityId);
  };
  // Of the hub's own nats-server nobody is left from before.
  if (!nats.embedded) {
    const { mayStand } = access;
    void cutOffOutdated({ sys, mayStand, cutOff: cutOffNow, log });
  }
  opened.defer(access.onRevoked(cutOffNow));
  opened.defer(access.onIntegrationChanged(cutOffNow));
  const onFlood = (serial: string) => {
    log.warn({ event: "gateway_flood", serial }, "a gateway floods and is cut off for a while");
    callout.block(serial, limits.gatewayBlockMs);
    cutOff(serial);
  };
  const onRequestFlood = (identityId: string) => {
    log.warn(
      { event: "back_end_flood", identityId },
      "a back end floods and is cut off for a while",
    );
    callout.block(identityId, limits.backEndBlockMs);
    cutOff(identityId);
  };

  progress("Opening the streams …");
  opened.defer(
    watchRequests({ sys, hub: await connect("HUB", "watch"), onFlood: onRequestFlood, log }),
  );
  const hub = await connect("HUB", "store");
  const dev = await connect("DEV", "gateways");
  opened.defer(shareRegistryNews(hub, registry.changes, log));
  const store = await openStore({ hub, dev, sys, log, metrics });
  opened.defer(() => store.close());
  const archive = openArchive(config, nats, log, metrics);
  opened.defer(() => archive?.close());
  const consumers = new BackEndConsumers(await connect("HUB", "consumers"));
  const consumerUpkeep = new ConsumerUpkeep({ consumers, registry, log });
  opened.defer(() => consumerUpkeep.stop());

  const batches = await connect("DEV", "batches");
  const ingest = await startIngest({
    ...{ dev, batches, hub, registry, log, metrics, progress },
    // Without an archive nobody would ever take out of it what is put in.
    store: config.archive === undefined ? { ...store, backfill: undefined } : store,
    onFlood,
  });
  opened.defer(() => ingest.stop());

  const history = openTelemetryHistory({
    ...{ config, registry, duck: historyThread },
    connection: await connect("HUB", "history"),
  });

  const delivery = await createDelivery({
    connection: await connect("HUB", "live"),
    readConnection: await connect("HUB", "replay"),
    archive: history.sequences,
    log,
    metrics,
  });
  opened.defer(() => delivery.stop());

  const app = await createHttpApp(config, log, tls);
  opened.defer(() => app.close());
  const addresses = Promise.withResolvers<HubAddresses>();
  const parts = {
    config,
    version,
    addresses: addresses.promise,
    nats,
    registry,
    access,
    store,
    consumers,
    consumerUpkeep,
    ingest,
    delivery,
    archive,
    history,
    sys,
    hub,
    dev,
    log,
    metrics,
  };
  const { acceptWebSocket } = await registerRoutes(app, parts);
  const port = await listenHttp(app, config);
  const realtime = await createRealtimePort({
    ...{ config, tls, log },
    accept: acceptWebSocket,
    upstream: () => websocketListener(nats),
  });
  opened.defer(() => realtime.close());
  log.info({ event: "ready", port, nats: nats.version }, "the hub is ready");

  const running = opened.move();
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  const found: HubAddresses = {
    url: `${tls === undefined ? "http" : "https"}://${host}:${port}`,
    natsUrl: nats.natsUrl,
    websocketUrl: `${tls === undefined ? "ws" : "wss"}://${host}:${realtime.port}`,
    mqttUrl: nats.mqttUrl,
  };
  addresses.resolve(found);
  return { ...found, failed: ingest.failed, close: () => running.disposeAsync() };
}

/** Undefined: this hub archives nothing. */
function openArchive(
  config: Config,
  { natsUrl }: NatsServer,
  log: Logger,
  metrics: Metrics,
): Archive | undefined {
  const { archive, dataDir, databaseUrl } = config;
  if (archive?.partition === undefined) return undefined;
  const { intervalMs, partition } = archive;
  const place = archivePlace(config);
  return startArchive({
    program: new URL(import.meta.resolve("#archive-thread")),
    settings: { natsUrl, dataDir, databaseUrl, place, intervalMs, partition },
    ...{ log, metrics },
  });
}

function countRestarts(nats: NatsServer, metrics: Metrics): () => void {
  return nats.onState(({ state }) => {
    if (state === "restarting") metrics.natsRestarts.inc();
  });
}

function websocketListener({ websocketUrl }: NatsServer): Upstream | undefined {
  if (websocketUrl === undefined) return undefined;
  const { protocol, hostname, port } = new URL(websocketUrl);
  const tls = protocol === "wss:";
  // A URL writes an IPv6 address in brackets, and leaves its protocol's own port out.
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(port || (tls ? 443 : 80)), tls };
}
