import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Config, settings } from "../config.ts";
import { type NatsChild, NatsStartFailed, startChild } from "./child.ts";
import { type NatsPorts, natsConfig } from "./config-file.ts";
import { type HubKeys, natsFolder } from "./hub-keys.ts";
import { forgetChild, recordChild, stopOrphan } from "./orphan.ts";
import { freePorts } from "./ports.ts";
import type { Log } from "./server-log.ts";

export type EmbeddedState =
  | { readonly state: "running"; readonly pid: number }
  | { readonly state: "restarting"; readonly attempt: number; readonly reason: string }
  | { readonly state: "stopped" };

/** A nats-server that the hub runs itself, and starts again whenever it ends. */
export interface EmbeddedNats {
  readonly ports: NatsPorts;
  state(): EmbeddedState;
  /** Called with every change; returns how to stop listening. */
  onState(listener: (state: EmbeddedState) => void): () => void;
  /** Resolves when `stop` has done its work; an end that nobody asked for is a restart. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly config: Config;
  readonly dataDir: string;
  readonly keys: HubKeys;
  readonly binary: string;
  readonly log: Log;
  readonly onProgress: (message: string) => void;
}

const stillStartingMs = 5_000;
const restartMs = { first: 100, max: 5_000 } as const;

/** Rejects with one sentence when a port is taken or nats-server does not start. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedNats> {
  const folder = natsFolder(options.dataDir);
  const configPath = join(folder, "nats-server.conf");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await stopOrphan(folder, configPath);

  const start = () =>
    startChild(options.binary, configPath, options.log, (pid) => recordChild(folder, pid));
  const timer = setInterval(
    () => options.onProgress("… nats-server is still reading its streams"),
    stillStartingMs,
  );
  const { ports, child } = await startOnPorts(options, configPath, start).finally(() =>
    clearInterval(timer),
  );
  const supervisor = supervise(child, start, options.log);
  const { promise: exited, resolve: exit } = Promise.withResolvers<void>();
  return {
    ports,
    state: supervisor.state,
    onState: supervisor.onState,
    exited,
    stop: async () => {
      await supervisor.stop();
      forgetChild(folder);
      exit();
    },
  };
}

async function startOnPorts(
  { config, dataDir, keys }: EmbeddedOptions,
  configPath: string,
  start: () => Promise<NatsChild>,
): Promise<{ ports: NatsPorts; child: NatsChild }> {
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(config);
    const storeDir = join(natsFolder(dataDir), "streams");
    writeFileSync(configPath, natsConfig({ host: config.host, ports, storeDir, keys }), {
      mode: 0o600,
    });
    try {
      return { ports, child: await start() };
    } catch (error) {
      if (!(error instanceof NatsStartFailed)) throw error;
      const sentence = portSentence(error, config);
      // A port that we chose ourselves was free a moment ago: somebody was quicker, choose again.
      if (sentence === undefined && error.port !== undefined && attempt < 3) continue;
      throw new Error(sentence ?? `nats-server did not start: ${error.message}`, { cause: error });
    }
  }
}

async function choosePorts(config: Config): Promise<NatsPorts> {
  const [nats = 0, mqtt = 0] = await freePorts(2, config.host);
  const [websocket = 0, monitor = 0] = await freePorts(2, "127.0.0.1");
  return {
    nats: config.natsPort || nats,
    websocket,
    mqtt: config.mqttPort || mqtt,
    monitor,
  };
}

/** The sentence for a port that somebody asked for by name; undefined for any other failure. */
function portSentence({ message, port }: NatsStartFailed, config: Config): string | undefined {
  const setting = (["natsPort", "mqttPort"] as const).find(
    (name) => port !== undefined && config[name] === port,
  );
  if (setting === undefined) return undefined;
  const { env, description } = settings[setting];
  const reason = message.includes("in use")
    ? "is taken by another program"
    : `cannot be opened (${message})`;
  return (
    `Port ${port} (${description}) ${reason}; ` +
    `free it, or choose another with ${env} (0 takes any free one).`
  );
}

function supervise(first: NatsChild, start: () => Promise<NatsChild>, log: Log) {
  const listeners = new Set<(state: EmbeddedState) => void>();
  const stopping = new AbortController();
  let child = first;
  let current: EmbeddedState = { state: "running", pid: first.pid };
  const change = (next: EmbeddedState) => {
    current = next;
    for (const listener of listeners) listener(next);
  };

  const watch = async (): Promise<void> => {
    let attempt = 0;
    while (!stopping.signal.aborted) {
      let reason = await child.ended;
      while (!stopping.signal.aborted) {
        attempt += 1;
        change({ state: "restarting", attempt, reason });
        log.error(
          { event: "nats_restarting", attempt, reason },
          "nats-server ended; restarting it",
        );
        await pause(Math.min(restartMs.first * 2 ** (attempt - 1), restartMs.max), stopping.signal);
        if (stopping.signal.aborted) return;
        try {
          child = await start();
          if (stopping.signal.aborted) return await child.stop();
          change({ state: "running", pid: child.pid });
          attempt = 0;
          break;
        } catch (error) {
          reason = error instanceof Error ? error.message : String(error);
        }
      }
    }
  };
  const watching = watch();

  return {
    state: () => current,
    onState: (listener: (state: EmbeddedState) => void) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    stop: async () => {
      stopping.abort();
      await child.stop();
      await watching;
      change({ state: "stopped" });
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
