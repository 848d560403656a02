import type { Config } from "../config.ts";
import { findNatsServer } from "./binary.ts";
import type { NatsPorts } from "./config-file.ts";
import { connectHub, withoutSecret } from "./connection.ts";
import { type EmbeddedState, startEmbedded } from "./embedded.ts";
import { type HubKeys, loadHubKeys } from "./hub-keys.ts";
import type { Log } from "./server-log.ts";
import { assertVersion } from "./version.ts";

/** The nats-server that the hub works with: its own, or an operated one (NATS_URL). */
export interface NatsServer {
  readonly natsUrl: string;
  /** Its own listener, behind the realtime port; undefined when an operated server's is not known. */
  readonly websocketUrl: string | undefined;
  readonly mqttUrl: string;
  /** Monitoring over HTTP, on the loopback address; only of an embedded server. */
  readonly monitorUrl: string | undefined;
  readonly version: string;
  readonly ports: NatsPorts;
  readonly keys: HubKeys;
  readonly embedded: boolean;
  /** An operated server counts as running: how it is, the connections tell. */
  state(): EmbeddedState;
  onState(listener: (state: EmbeddedState) => void): () => void;
  /** Resolves when `stop` has done its work. */
  readonly exited: Promise<void>;
  /** Stops an embedded server; leaves an operated one alone. */
  stop(): Promise<void>;
}

export interface NatsOptions {
  readonly config: Config;
  readonly dataDir: string;
  readonly log: Log;
  /** Told what is being done whenever it takes longer than a second; logged by default. */
  readonly onProgress?: (message: string) => void;
}

/** Rejects with one sentence that says what to do when there is no usable nats-server. */
export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const keys = loadHubKeys(options.dataDir);
  const { natsUrl } = options.config;
  return natsUrl === undefined
    ? startOwn(options, keys)
    : useOperated(options.config, natsUrl, keys);
}

async function startOwn(options: NatsOptions, keys: HubKeys): Promise<NatsServer> {
  const { config, dataDir, log } = options;
  const { onProgress = (message: string): void => log.info({ event: "nats_starting" }, message) } =
    options;
  const binary = await findNatsServer({ dataDir, explicit: config.natsServer, onProgress });
  const server = await startEmbedded({ config, dataDir, keys, binary, log, onProgress });
  const host = reachableHost(config.host);
  const natsUrl = `nats://${host}:${server.ports.nats}`;
  try {
    return {
      ...server,
      natsUrl,
      websocketUrl: `ws://127.0.0.1:${server.ports.websocket}`,
      mqttUrl: `mqtt://${host}:${server.ports.mqtt}`,
      monitorUrl: `http://127.0.0.1:${server.ports.monitor}`,
      version: await askVersion(natsUrl, keys),
      keys,
      embedded: true,
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function useOperated(config: Config, natsUrl: string, keys: HubKeys): Promise<NatsServer> {
  const version = await askVersion(natsUrl, keys);
  assertVersion(version, `The nats-server at ${withoutSecret(natsUrl)}`);
  const { promise: exited, resolve: exit } = Promise.withResolvers<void>();
  const { hostname, port } = new URL(natsUrl.split(",")[0] ?? natsUrl);
  const ports = {
    nats: Number(port || 4222),
    websocket: 0,
    mqtt: config.mqttPort,
    monitor: 0,
  };
  return {
    natsUrl,
    websocketUrl: config.natsWebsocketUrl,
    mqttUrl: `mqtt://${hostname}:${ports.mqtt}`,
    monitorUrl: undefined,
    version,
    ports,
    keys,
    embedded: false,
    state: () => ({ state: "running", pid: 0 }),
    onState: () => () => undefined,
    exited,
    stop: async () => exit(),
  };
}

/** Logging in proves more than an open port: that it is a nats-server, and one that knows our keys. */
async function askVersion(natsUrl: string, keys: HubKeys): Promise<string> {
  const connection = await connectHub({ natsUrl, keys }, "SYS", "start");
  const version = connection.info?.version ?? "unknown";
  await connection.close();
  return version;
}

function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}
