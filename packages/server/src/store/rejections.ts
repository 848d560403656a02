import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { type NatsConnection, nanos } from "@nats-io/transport-node";
import { type ErrorCode, namePattern } from "@novacore/protocol";
import { limits } from "../limits.ts";
import type { OnStored, Publisher } from "./publisher.ts";
import { rejectedStream } from "./stream-configs.ts";

/** A refused reading, as the pipeline hands it over. */
export interface Rejection {
  readonly serial: string;
  readonly hardwareId: string | undefined;
  readonly der: string | undefined;
  readonly code: ErrorCode;
  readonly message: string;
  /** JSON pointer of the member at fault. */
  readonly path: string | undefined;
  readonly receivedAtMs: number;
  /** What the gateway sent, byte for byte. */
  readonly original: Uint8Array;
}

/** A refused reading, as it is kept and listed: the wire form of `GET …/rejections`. */
export interface RejectionRecord {
  readonly received_at: number;
  readonly gateway_serial: string;
  readonly hardware_id?: string;
  readonly der?: string;
  readonly error: string;
  readonly message: string;
  readonly path?: string;
  /** Base64 of the bytes, cut off after rejectedOriginalBytesMax. */
  readonly original: string;
  readonly original_bytes: number;
  readonly truncated: boolean;
}

export interface RejectionPage {
  /** Newest first. */
  readonly records: readonly RejectionRecord[];
  /** Where the next page begins; undefined at the end. */
  readonly next: number | undefined;
}

export interface Rejections {
  /** Keeps a rejection; `done` is called once it is stored, or with `unavailable`. */
  record(rejection: Rejection, done: OnStored): void;
  /** The newest rejections of a gateway, before a position; at most `limit` and 8 MiB. */
  list(
    serial: string,
    page: { limit: number; before?: number | undefined },
  ): Promise<RejectionPage>;
  /** The first ones of a gateway since a moment, oldest first: enough to see what is refused now. */
  recent(serial: string, sinceMs: number): Promise<readonly RejectionRecord[]>;
  /** The last one of a gateway. */
  last(serial: string): Promise<RejectionRecord | undefined>;
}

export interface RejectionsOptions {
  readonly hub: NatsConnection;
  /** A publisher without atomic batches: the stream is written to disk in its own time. */
  readonly publisher: Pick<Publisher, "send">;
}

export function createRejections({ hub, publisher }: RejectionsOptions): Rejections {
  return {
    record(rejection, done) {
      const payload = Buffer.from(JSON.stringify(toRecord(rejection)));
      publisher.send(subjectOf(rejection.serial), payload, undefined, done);
    },
    async list(serial, { limit, before }) {
      const sequences = await readSequences(hub, subjectOf(serial));
      const older = before === undefined ? sequences : sequences.filter((each) => each < before);
      return readNewest(hub, older, limit);
    },
    recent: (serial, sinceMs) => readSince(hub, subjectOf(serial), sinceMs),
    async last(serial) {
      const { direct } = await jetstreamManager(hub, { checkAPI: false });
      const last = { last_by_subj: subjectOf(serial) };
      return (await direct.getMessage(rejectedStream, last))?.json<RejectionRecord>();
    },
  };
}

/** A serial that is no name cannot be one token of a subject; such messages share one. */
function subjectOf(serial: string): string {
  return `rejected.gateways.${namePattern.test(serial) ? serial : "~"}`;
}

function toRecord(rejection: Rejection): RejectionRecord {
  const { serial, hardwareId, der, code, message, path, receivedAtMs, original } = rejection;
  const kept = original.subarray(0, limits.rejectedOriginalBytesMax);
  return {
    received_at: receivedAtMs,
    gateway_serial: serial,
    ...(hardwareId === undefined ? {} : { hardware_id: hardwareId }),
    ...(der === undefined ? {} : { der }),
    error: code,
    message,
    ...(path === undefined ? {} : { path }),
    original: Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString("base64"),
    original_bytes: original.byteLength,
    truncated: kept.byteLength < original.byteLength,
  };
}

/** One direct get; the client library's own for several messages leaves its subscription behind. */
async function readSince(
  hub: NatsConnection,
  subject: string,
  sinceMs: number,
): Promise<RejectionRecord[]> {
  const request = {
    start_time: new Date(sinceMs).toISOString(),
    next_by_subj: subject,
    batch: limits.rejectionsLookedAtMax,
    max_bytes: limits.rejectionsLookedAtBytesMax,
  };
  const answers = await hub.requestMany(
    `$JS.API.DIRECT.GET.${rejectedStream}`,
    JSON.stringify(request),
    { strategy: "sentinel", maxWait: readMs },
  );
  const records: RejectionRecord[] = [];
  for await (const message of answers) {
    const code = message.headers?.code ?? 0;
    // The end of it, or nothing at all.
    if (code === 204 || code === 404) return records;
    if (code !== 0) throw new Error(`rejections cannot be read: ${message.headers?.description}`);
    records.push(message.json<RejectionRecord>());
  }
  throw new Error("rejections cannot be read: nats-server did not answer to the end");
}

/**
 * JetStream reads forward only, so the sequences of a gateway's rejections are read first, without
 * their bodies: at most rejectionsPerGatewayMax, about 0.1 s.
 */
async function readSequences(hub: NatsConnection, subject: string): Promise<number[]> {
  const manager = await jetstreamManager(hub);
  const { name, num_pending } = await manager.consumers.add(rejectedStream, {
    filter_subject: subject,
    ack_policy: AckPolicy.None,
    headers_only: true,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(consumerIdleMs),
  });
  const consumer = await jetstream(hub).consumers.get(rejectedStream, name);
  const sequences: number[] = [];
  try {
    if (num_pending === 0) return sequences;
    const messages = await consumer.fetch({ max_messages: num_pending, expires: readMs });
    for await (const message of messages) {
      sequences.push(message.seq);
      if (sequences.length === num_pending || message.info.pending === 0) break;
    }
    return sequences;
  } finally {
    await consumer.delete();
  }
}

async function readNewest(
  hub: NatsConnection,
  sequences: readonly number[],
  limit: number,
): Promise<RejectionPage> {
  const { direct } = await jetstreamManager(hub);
  const records: RejectionRecord[] = [];
  let bytes = 0;
  let end = sequences.length;
  while (end > 0 && records.length < limit && bytes < pageBytesMax) {
    const start = Math.max(0, end - Math.min(readAtOnce, limit - records.length));
    const found = await Promise.all(
      sequences.slice(start, end).map((seq) => direct.getMessage(rejectedStream, { seq })),
    );
    for (const message of found.reverse()) {
      // Expired since its sequence was read.
      if (message === null) continue;
      bytes += message.data.length;
      records.push(message.json<RejectionRecord>());
    }
    end = start;
  }
  return { records, next: end > 0 ? sequences[end] : undefined };
}

const readAtOnce = 25;
const pageBytesMax = 8 * 1024 * 1024;
const consumerIdleMs = 10_000;
const readMs = 10_000;
