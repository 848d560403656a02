import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { type NatsConnection, nanos } from "@nats-io/transport-node";
import { enrichedStream } from "./stream-configs.ts";

/** Tells the Nats-Msg-Id and sequence of each message from a sequence on, to the end as it is now. */
export type ReadStoredIds = (
  fromSequence: number,
  onId: (id: string, sequence: number) => void,
) => Promise<void>;

export interface RecentIdsOptions {
  /** How far back from the stream's last message. */
  readonly windowMs: number;
  /** At most so many, the newest ones. */
  readonly countMax: number;
  readonly onId: (id: string, sequence: number) => void;
  /** Called now and then while it reads. */
  readonly onProgress?: (progress: { read: number; total: number }) => void;
}

export function storedIdsReader(hub: NatsConnection): ReadStoredIds {
  return async (first, onId) => {
    const manager = await jetstreamManager(hub);
    const { state } = await manager.streams.info(enrichedStream);
    if (first > state.last_seq) return;
    const consumer = await addConsumer(manager, fromSequence(first));
    await readIds(hub, consumer, state.last_seq, onId);
  };
}

/**
 * Reads the ids of the last minutes of ENRICHED_TELEMETRY, counted back from its last message
 * rather than from now: what a hub had under way when it ended stands there, however long ago that
 * was. Returns how many.
 */
export async function readRecentIds(
  hub: NatsConnection,
  { windowMs, countMax, onId, onProgress }: RecentIdsOptions,
): Promise<number> {
  const manager = await jetstreamManager(hub);
  const { state } = await manager.streams.info(enrichedStream);
  if (state.messages === 0) return 0;
  const since = new Date(Date.parse(state.last_ts) - windowMs);
  let consumer = await addConsumer(manager, {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
  });
  if (consumer.num_pending > countMax) {
    await manager.consumers.delete(enrichedStream, consumer.name);
    consumer = await addConsumer(manager, fromSequence(state.last_seq - countMax + 1));
  }
  const total = consumer.num_pending;
  let read = 0;
  await readIds(hub, consumer, state.last_seq, (id, sequence) => {
    onId(id, sequence);
    read++;
    if (read % progressEvery === 0) onProgress?.({ read, total });
  });
  return read;
}

const progressEvery = 500_000;
const readAtOnce = 20_000;
const consumerIdleMs = 30_000;

type Start = Pick<ConsumerConfig, "deliver_policy" | "opt_start_seq" | "opt_start_time">;

function fromSequence(sequence: number): Start {
  return {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: Math.max(sequence, 1),
  };
}

function addConsumer(manager: JetStreamManager, start: Start): Promise<ConsumerInfo> {
  return manager.consumers.add(enrichedStream, {
    ...start,
    ack_policy: AckPolicy.None,
    headers_only: true,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(consumerIdleMs),
  });
}

/** Reads to the message `last`, or to the end where that one has gone, and removes the consumer. */
async function readIds(
  hub: NatsConnection,
  { name, num_pending }: ConsumerInfo,
  last: number,
  onId: (id: string, sequence: number) => void,
): Promise<void> {
  const consumer = await jetstream(hub).consumers.get(enrichedStream, name);
  if (num_pending === 0) return;
  const messages = await consumer.consume({ max_messages: readAtOnce });
  try {
    for await (const message of messages) {
      onId(message.headers?.get("Nats-Msg-Id") ?? "", message.seq);
      if (message.seq >= last || message.info.pending === 0) break;
    }
  } finally {
    await messages.close();
    await consumer.delete();
  }
}
