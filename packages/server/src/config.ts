import { join, resolve } from "node:path";
import type { ArchivePlace } from "./archive/open-folder.ts";
import { type Partition, partitionsMax } from "./archive/partition.ts";
import { readBucket } from "./bucket-setting.ts";

/**
 * Every setting of the hub, in one table: `npm start -- --help` and docs/operating.md are made from
 * it. Only main.ts reads the real environment; everything else gets a Config.
 */
export interface Setting {
  readonly env: string;
  /** The default as people read it. */
  readonly default: string;
  readonly description: string;
}

export const settings = {
  host: {
    env: "NOVACORE_HOST",
    default: "127.0.0.1",
    description: "Address to listen on; 0.0.0.0 opens the hub to the network",
  },
  httpPort: { env: "NOVACORE_HTTP_PORT", default: "8080", description: "REST and SSE" },
  realtimePort: {
    env: "NOVACORE_REALTIME_PORT",
    default: "4443",
    description: "WebSocket, and NATS over WebSocket",
  },
  natsPort: { env: "NOVACORE_NATS_PORT", default: "4222", description: "NATS over TCP" },
  mqttPort: { env: "NOVACORE_MQTT_PORT", default: "1883", description: "MQTT 3.1.1" },
  dataDir: {
    env: "NOVACORE_DATA_DIR",
    default: ".novacore",
    description: "Where data and keys are kept (keys with mode 0600)",
  },
  archive: {
    env: "NOVACORE_ARCHIVE",
    default: "archive in the data folder",
    description:
      "Folder, or s3://bucket/prefix, in which every reading is kept as Parquet files; off keeps none",
  },
  archiveCache: {
    env: "NOVACORE_ARCHIVE_CACHE",
    default: "10",
    description: "GiB of a bucket's files that are kept in the data folder to be read again",
  },
  archiveInterval: {
    env: "NOVACORE_ARCHIVE_INTERVAL",
    default: "60",
    description:
      "Seconds after which a reading is in the archive; until then it is in the stream alone",
  },
  archivePartition: {
    env: "NOVACORE_ARCHIVE_PARTITION",
    default: "0/1",
    description:
      "k/n: this hub archives the k-th of n parts of the organizations (k from 0); -: it archives none, and reads what others archive",
  },
  databaseUrl: {
    env: "DATABASE_URL",
    default: "SQLite in the data folder",
    description: "PostgreSQL for the registry: postgres://user:password@host/database",
  },
  natsUrl: {
    env: "NATS_URL",
    default: "a nats-server of its own",
    description: "An operated nats-server or cluster: nats://host:4222",
  },
  natsWebsocketUrl: {
    env: "NATS_WEBSOCKET_URL",
    default: "none: no NATS over WebSocket",
    description:
      "WebSocket listener of the operated nats-server: ws://host:port or wss://host:port",
  },
  natsServer: {
    env: "NOVACORE_NATS_SERVER",
    default: "found on PATH, else fetched",
    description: "Path of the nats-server binary (2.15.1 or newer)",
  },
  registration: {
    env: "NOVACORE_REGISTRATION",
    default: "open",
    description: "Who may register a key: open, invite-only (an admin does it) or closed",
  },
  corsOrigins: {
    env: "NOVACORE_CORS_ORIGINS",
    default: "none",
    description: "Browser origins that may call the API, separated by commas",
  },
  websocketDeflate: {
    env: "NOVACORE_WEBSOCKET_DEFLATE",
    default: "off",
    description: "Compression of WebSocket frames (permessage-deflate): on or off",
  },
  trustProxy: {
    env: "NOVACORE_TRUST_PROXY",
    default: "none",
    description: "Addresses of reverse proxies whose X-Forwarded-For is believed",
  },
  tlsCert: {
    env: "NOVACORE_TLS_CERT",
    default: "none: no TLS",
    description: "PEM file of the certificate chain for REST, SSE and WebSocket",
  },
  tlsKey: {
    env: "NOVACORE_TLS_KEY",
    default: "none: no TLS",
    description: "PEM file of its private key",
  },
  logLevel: {
    env: "NOVACORE_LOG_LEVEL",
    default: "info; warn at a terminal",
    description: "trace, debug, info, warn, error or silent",
  },
} as const satisfies Record<string, Setting>;

const registrations = ["open", "invite-only", "closed"] as const;
const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;

export type Registration = (typeof registrations)[number];
export type LogLevel = (typeof logLevels)[number];

/** A parsed configuration; port 0 takes any free port. */
export interface Config {
  readonly host: string;
  readonly httpPort: number;
  readonly realtimePort: number;
  readonly natsPort: number;
  readonly mqttPort: number;
  readonly dataDir: string;
  /** Undefined: there is no archive. */
  readonly archive: ArchiveConfig | undefined;
  readonly databaseUrl: string | undefined;
  readonly natsUrl: string | undefined;
  /** Of the operated nats-server; the hub's own has its listener on this machine. */
  readonly natsWebsocketUrl: string | undefined;
  readonly natsServer: string | undefined;
  readonly registration: Registration;
  readonly corsOrigins: readonly string[];
  readonly websocketDeflate: boolean;
  readonly trustProxy: readonly string[];
  /** Undefined: REST, SSE and WebSocket are without TLS. */
  readonly tls: { readonly certPath: string; readonly keyPath: string } | undefined;
  readonly logLevel: LogLevel;
}

export interface ArchiveConfig {
  /** Undefined: in the data folder, or in a bucket. */
  readonly folder: string | undefined;
  readonly bucket: ArchivePlace["bucket"];
  readonly intervalMs: number;
  /** Undefined: other hubs write it, and this one reads it. */
  readonly partition: Partition | undefined;
}

/** Where the archive's files are. */
export function archivePlace({
  archive,
  dataDir,
}: Pick<Config, "archive" | "dataDir">): ArchivePlace {
  const bucket = archive?.bucket;
  const byDefault = join(dataDir, bucket === undefined ? "archive" : "archive-cache");
  return { root: resolve(archive?.folder ?? byDefault), bucket };
}

/** Reads settings; throws an Error whose sentence names the variable, its value and the way out. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const value = (name: keyof typeof settings): string | undefined =>
    env[settings[name].env]?.trim() || undefined;
  return {
    host: value("host") ?? settings.host.default,
    httpPort: readPort(env, settings.httpPort),
    realtimePort: readPort(env, settings.realtimePort),
    natsPort: readPort(env, settings.natsPort),
    mqttPort: readPort(env, settings.mqttPort),
    dataDir: value("dataDir") ?? settings.dataDir.default,
    archive: readArchive(env),
    databaseUrl: value("databaseUrl"),
    natsUrl: value("natsUrl"),
    natsWebsocketUrl: readNatsWebsocketUrl(value("natsWebsocketUrl"), value("natsUrl")),
    natsServer: value("natsServer"),
    registration: readChoice(env, settings.registration, registrations, "open"),
    corsOrigins: readList(value("corsOrigins")),
    websocketDeflate: readChoice(env, settings.websocketDeflate, ["on", "off"], "off") === "on",
    trustProxy: readList(value("trustProxy")),
    tls: readTls(value("tlsCert"), value("tlsKey")),
    logLevel: readChoice(env, settings.logLevel, logLevels, "info"),
  };
}

function readArchive(env: Readonly<Record<string, string | undefined>>): ArchiveConfig | undefined {
  const read = ({ env: name }: Setting) => env[name]?.trim() || undefined;
  const { archive, archiveInterval, archivePartition } = settings;
  const where = read(archive);
  const intervalText = read(archiveInterval) ?? archiveInterval.default;
  const seconds = Number(intervalText);
  if (!/^\d+(\.\d+)?$/.test(intervalText) || seconds < 0.1 || seconds > 3_600) {
    throw new Error(`${archiveInterval.env} is "${intervalText}"; give seconds from 0.1 to 3600.`);
  }
  const partText = read(archivePartition) ?? archivePartition.default;
  const [, index = "", count = ""] = /^(\d{1,4})\/([1-9]\d{0,3})$/.exec(partText) ?? [];
  const partition = partText === "-" ? undefined : { index: Number(index), count: Number(count) };
  const isPartition =
    count !== "" && Number(count) <= partitionsMax && Number(index) < Number(count);
  if (partition !== undefined && !isPartition) {
    throw new Error(
      `${archivePartition.env} is "${partText}"; give k/n, such as 0/2 and 1/2 for two hubs, or - for one that writes none.`,
    );
  }
  if (where === "off") return undefined;
  const bucket = where?.startsWith("s3:") ? readBucket(where, env, settings) : undefined;
  const folder = bucket === undefined ? where : undefined;
  return { folder, bucket, intervalMs: seconds * 1_000, partition };
}

function readPort(env: Readonly<Record<string, string | undefined>>, setting: Setting): number {
  const text = env[setting.env]?.trim() || setting.default;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new Error(`${setting.env} is "${text}"; give a port from 0 (any free one) to 65535.`);
  }
  return port;
}

function readChoice<const T extends string>(
  env: Readonly<Record<string, string | undefined>>,
  setting: Setting,
  choices: readonly T[],
  byDefault: NoInfer<T>,
): T {
  const text = env[setting.env]?.trim() || byDefault;
  const choice = choices.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw new Error(`${setting.env} is "${text}"; give one of ${choices.join(", ")}.`);
}

function readNatsWebsocketUrl(
  text: string | undefined,
  natsUrl: string | undefined,
): string | undefined {
  if (text === undefined) return undefined;
  const { env } = settings.natsWebsocketUrl;
  if (natsUrl === undefined) {
    throw new Error(
      `${env} is set without ${settings.natsUrl.env}; ` +
        "set both for an operated nats-server, or neither for the hub's own.",
    );
  }
  const url = URL.parse(text);
  const isAddress =
    url !== null &&
    ["ws:", "wss:"].includes(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === "" &&
    url.pathname === "/";
  if (isAddress) return text;
  // A password in it would be told with the rest, so it is not repeated.
  throw new Error(
    `${env} is no WebSocket address; give ws://host:port or wss://host:port and nothing more.`,
  );
}

function readTls(
  certPath: string | undefined,
  keyPath: string | undefined,
): { certPath: string; keyPath: string } | undefined {
  if (certPath !== undefined && keyPath !== undefined) return { certPath, keyPath };
  if (certPath === undefined && keyPath === undefined) return undefined;
  const [cert, key] = [settings.tlsCert.env, settings.tlsKey.env];
  const [given, missing] = certPath === undefined ? [key, cert] : [cert, key];
  throw new Error(`${given} is set without ${missing}; TLS needs both files.`);
}

function readList(text: string | undefined): string[] {
  if (text === undefined) return [];
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
