import { isDeepStrictEqual } from "node:util";
import {
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type StreamInfo,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { type Durability, readDurability } from "./durability.ts";
import {
  deviceStreams,
  enrichedStream,
  hubStreams,
  type StreamSettings,
} from "./stream-configs.ts";

export interface EnsureStreamsOptions {
  readonly hub: NatsConnection;
  readonly dev: NatsConnection;
  /** Asked how durable an acknowledgement is; without it the word is the weakest, `page-cache`. */
  readonly sys?: NatsConnection;
  /** Copies of each stream; default 3 in a cluster, else 1. */
  readonly replicas?: number;
}

export interface EnsuredStreams {
  /** Creation time of ENRICHED_TELEMETRY, epoch ms: the epoch of every cursor. */
  readonly enrichedEpoch: number;
  /** Sequence of its last message when the hub started; 0 when it is empty. */
  readonly enrichedLastSequence: number;
  readonly durability: Durability;
}

/**
 * Makes the streams, or brings existing ones up to date. Idempotent, and safe for several hubs at
 * once. Throws an Error that names the stream and the reason when one exists that cannot become
 * what is needed, or when the server has no room for it.
 */
export async function ensureStreams(options: EnsureStreamsOptions): Promise<EnsuredStreams> {
  const { hub, dev, sys } = options;
  const replicas = options.replicas ?? (hub.info?.cluster === undefined ? 1 : 3);
  const [hubManager, devManager] = await Promise.all([manage(hub), manage(dev)]);
  let enriched: StreamInfo | undefined;
  for (const settings of hubStreams(replicas)) {
    const info = await ensureStream(hubManager, settings);
    if (settings.name === enrichedStream) enriched = info;
  }
  for (const settings of deviceStreams(replicas)) await ensureStream(devManager, settings);
  if (enriched === undefined) throw new Error(`${enrichedStream} is not among the hub's streams`);
  return {
    enrichedEpoch: Date.parse(enriched.created),
    enrichedLastSequence: enriched.state.last_seq,
    durability: await readDurability(sys, enriched.config.num_replicas),
  };
}

/** JetStream answers late after a start with much to recover, so a first refusal is not an answer. */
async function manage(connection: NatsConnection): Promise<JetStreamManager> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await jetstreamManager(connection, { timeout: apiTimeoutMs });
    } catch (cause) {
      if (attempt === attemptsMax) {
        throw new Error("JetStream does not answer; is it enabled for this account?", { cause });
      }
      await new Promise((resolve) => setTimeout(resolve, attempt * 100));
    }
  }
}

const attemptsMax = 10;
const apiTimeoutMs = 10_000;

async function ensureStream(
  manager: JetStreamManager,
  settings: StreamSettings,
): Promise<StreamInfo> {
  const existing = await findStream(manager, settings.name);
  try {
    if (existing === undefined) return await manager.streams.add(settings);
    const entries = Object.entries(settings);
    const current = new Map<string, unknown>(Object.entries(existing.config));
    if (entries.every(([name, value]) => isDeepStrictEqual(current.get(name), value))) {
      return existing;
    }
    return await manager.streams.update(settings.name, { ...existing.config, ...settings });
  } catch (cause) {
    // Two hubs that start together: the other was first.
    const made = existing === undefined && (await findStream(manager, settings.name));
    if (made) return made;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what =
      existing === undefined ? "cannot be made" : "exists and cannot be changed as needed";
    const room = `it reserves ${settings.max_bytes ?? 0} bytes`;
    throw new Error(`The stream ${settings.name} ${what}: ${reason} (${room}).`, { cause });
  }
}

async function findStream(
  manager: JetStreamManager,
  name: string,
): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamNotFound) return undefined;
    throw error;
  }
}

const streamNotFound = 10_059;
