import {
  type ConsumerInfo,
  type ConsumerUpdateConfig,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { NovacoreError } from "@novacore/protocol";
import { type HeldReadings, toHeldReadings } from "./consumer-position.ts";
import { type ConsumerRecord, type ConsumerSettings, toConsumerRecord } from "./consumer-record.ts";
import { enrichedStream } from "./stream-configs.ts";

/**
 * What JetStream is asked about back ends' consumers on ENRICHED_TELEMETRY. Whatever it answers that
 * is not expected, or does not answer, is `unavailable`, with the answer as its cause.
 */
export class ConsumerApi {
  readonly #connection: NatsConnection;
  #manager: Promise<JetStreamManager> | undefined;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** What the stream holds now. */
  async held(): Promise<HeldReadings> {
    return toHeldReadings(await this.#ask((api) => api.streams.info(enrichedStream)), Date.now());
  }

  /** Of the first reading stored at a time or later; undefined when there is none. */
  async sequenceSince(timeMs: number): Promise<number | undefined> {
    const query = { start_time: new Date(timeMs) };
    return (await this.#ask((api) => api.direct.getMessage(enrichedStream, query)))?.seq;
  }

  /** Of the first reading under a subject from a sequence on; undefined when there is none. */
  async sequenceUnder(subject: string, from: number): Promise<number | undefined> {
    const query = { seq: Math.max(1, from), next_by_subj: subject };
    return (await this.#ask((api) => api.direct.getMessage(enrichedStream, query)))?.seq;
  }

  /** By its name in NATS; undefined: there is none of a back end. */
  async find(name: string): Promise<ConsumerRecord | undefined> {
    const info = await this.#ask(({ consumers }) =>
      orUndefined(consumers.info(enrichedStream, name), [notFound]),
    );
    return info && toConsumerRecord(info, Date.now());
  }

  async list(): Promise<ConsumerRecord[]> {
    const infos = await this.#ask(async ({ consumers }) => {
      const all: ConsumerInfo[] = [];
      for await (const info of consumers.list(enrichedStream)) all.push(info);
      return all;
    });
    const nowMs = Date.now();
    return infos
      .map((info) => toConsumerRecord(info, nowMs))
      .filter((record) => record !== undefined);
  }

  /** undefined: the name is taken. */
  async add(settings: ConsumerSettings): Promise<ConsumerRecord | undefined> {
    const info = await this.#ask(({ consumers }) =>
      orUndefined(consumers.add(enrichedStream, settings), [exists]),
    );
    return info && toConsumerRecord(info, Date.now());
  }

  /** How many readings such a consumer would have to come, as the server itself counts them. */
  async count({ durable_name, metadata, ...settings }: ConsumerSettings): Promise<number> {
    const name = `probe_${crypto.randomUUID()}`;
    const probe = { ...settings, name, mem_storage: true, inactive_threshold: probeNs };
    const info = await this.#ask(({ consumers }) => consumers.add(enrichedStream, probe));
    await this.delete(name);
    return info.num_pending;
  }

  /** undefined: it is gone. */
  async update(
    place: string,
    changes: Partial<ConsumerUpdateConfig>,
  ): Promise<ConsumerRecord | undefined> {
    const info = await this.#ask(({ consumers }) =>
      orUndefined(consumers.update(enrichedStream, place, changes), [notFound, absent]),
    );
    return info && toConsumerRecord(info, Date.now());
  }

  /** Has a consumer go on from a sequence, not below its start; those who wait for it keep waiting. */
  async rewind(place: string, sequence: number): Promise<void> {
    const subject = `$JS.API.CONSUMER.RESET.${enrichedStream}.${place}`;
    await this.#ask(async () => {
      const request = JSON.stringify({ seq: sequence });
      const answer = await this.#connection.request(subject, request, { timeout: apiMs });
      const { error }: { error?: unknown } = answer.json();
      if (error !== undefined) throw new Error(JSON.stringify(error));
    });
  }

  /** Nothing happens when it is gone already. */
  async delete(name: string): Promise<void> {
    await this.#ask(({ consumers }) =>
      orUndefined(consumers.delete(enrichedStream, name), [notFound]),
    );
  }

  async #ask<T>(question: (api: JetStreamManager) => Promise<T>): Promise<T> {
    this.#manager ??= jetstreamManager(this.#connection, { checkAPI: false, timeout: apiMs });
    try {
      return await question(await this.#manager);
    } catch (cause) {
      throw new NovacoreError("unavailable", undefined, { cause });
    }
  }
}

/** Whether JetStream has answered, and refused what it was asked. */
export function wasRefused(error: unknown): boolean {
  return error instanceof NovacoreError && error.cause instanceof JetStreamApiError;
}

async function orUndefined<T>(answer: Promise<T>, codes: readonly number[]) {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof JetStreamApiError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

const apiMs = 5_000;
/** A probe that could not be deleted goes by itself. */
const probeNs = 5_000_000_000;
const notFound = 10_014;
/** What the update of an absent consumer is told. */
const absent = 10_149;
const exists = 10_148;
