import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { deviceStreams, hubStreams } from "./stream-configs.ts";

/** How full the streams are: to be alerted on long before max_bytes drops what is not yet old. */
export interface StreamGauges {
  readonly streamBytes: { set(labels: { stream: string }, bytes: number): void };
  readonly streamBytesMax: { set(labels: { stream: string }, bytes: number): void };
}

export interface StreamGaugesOptions {
  readonly hub: NatsConnection;
  readonly dev: NatsConnection;
  readonly metrics: StreamGauges;
  readonly log: Pick<Logger, "warn">;
}

/** Reads the streams' sizes now and every ten seconds. */
export function startStreamGauges(options: StreamGaugesOptions): { stop(): void } {
  const { hub, dev, metrics, log } = options;
  let running = false;
  const read = async () => {
    if (running || hub.isClosed() || dev.isClosed()) return;
    running = true;
    try {
      await readSizes(hub, hubStreams(1), metrics);
      await readSizes(dev, deviceStreams(1), metrics);
    } catch (error) {
      log.warn({ err: error }, "the streams' sizes could not be read");
    } finally {
      running = false;
    }
  };
  const timer = setInterval(() => void read(), everyMs).unref();
  void read();
  return { stop: () => clearInterval(timer) };
}

const everyMs = 10_000;

async function readSizes(
  connection: NatsConnection,
  streams: readonly { readonly name: string }[],
  metrics: StreamGauges,
): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  for (const { name: stream } of streams) {
    const { state, config } = await manager.streams.info(stream);
    metrics.streamBytes.set({ stream }, state.bytes);
    metrics.streamBytesMax.set({ stream }, config.max_bytes);
  }
}
