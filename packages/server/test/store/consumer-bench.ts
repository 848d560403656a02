import type { TestContext } from "node:test";
import { type JsMsg, jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { limits } from "../../src/limits.ts";
import type { Position } from "../../src/store/consumer-position.ts";
import type { ConsumerRecord } from "../../src/store/consumer-record.ts";
import { BackEndConsumers, type FiltersOf } from "../../src/store/consumers.ts";
import { createPublisher } from "../../src/store/publisher.ts";
import { storedIdsReader } from "../../src/store/stored-ids.ts";
import { enrichedStream } from "../../src/store/stream-configs.ts";
import { ensureStreams } from "../../src/store/streams.ts";
import { atEnd } from "../nats/at-end.ts";
import { type RunningNats, runNats, silent } from "../nats/running-nats.ts";

export interface ConsumerBench {
  readonly hub: NatsConnection;
  readonly nats: RunningNats;
  readonly epoch: number;
  readonly consumers: BackEndConsumers;
  /** Stores readings of one DER, numbered on from the last; gives the last sequence. */
  publish(der: string, count?: number): Promise<number>;
  create(name: string, options?: Options): Promise<ConsumerRecord>;
}

interface Options {
  readonly subjects?: readonly string[];
  readonly position?: Position;
  readonly orgId?: string;
  readonly ack?: "explicit" | "none";
}

export const places = Array.from({ length: 16 }, (_, i) => `idt-a_${i}`);
export const subjectOf = (der: string) =>
  `orgs.org-a.sites.sit.devices.dev.ders.${der}.telemetry.json.v1`;
export const filtersOf = (subjects: readonly string[]): FiltersOf => {
  return async () => ({ subjects, isWidened: false });
};
export const everything = filtersOf(["orgs.org-a.>"]);

export async function openConsumers(t: TestContext): Promise<ConsumerBench | undefined> {
  const nats = await runNats(t);
  if (nats === undefined) return undefined;
  const hub = await nats.connect("HUB");
  const streams = await ensureStreams({ hub, dev: await nats.connect("DEV") });
  const publisher = createPublisher({
    connection: hub,
    log: silent,
    lastSequence: streams.enrichedLastSequence,
    readStoredIds: storedIdsReader(hub),
  });
  atEnd(t, () => publisher.close());
  const consumers = new BackEndConsumers(await nats.connect("HUB"));
  let published = 0;
  return {
    hub,
    nats,
    epoch: streams.enrichedEpoch,
    consumers,
    async publish(der, count = 1) {
      const stored = await Promise.all(
        Array.from({ length: count }, () => {
          const index = ++published;
          const payload = Buffer.from(JSON.stringify({ index }));
          return publisher.publish(subjectOf(der), payload, `${der}:${index}`);
        }),
      );
      return Math.max(...stored.map(({ sequence }) => sequence));
    },
    create: (name, options = {}) => {
      const { subjects, position = { kind: "new" }, orgId = "org-a", ack = "explicit" } = options;
      const wish = {
        ...{ name, orgId, ack, identityId: "idt-a", sites: undefined, types: undefined },
        createdAt: new Date().toISOString(),
      };
      const filters = subjects === undefined ? everything : filtersOf(subjects);
      return consumers.create(wish, filters, position, places);
    },
  };
}

/** Takes so many readings from a consumer and acknowledges them; their numbers. */
export async function take(
  { hub }: ConsumerBench,
  { place }: ConsumerRecord,
  count: number,
): Promise<number[]> {
  const consumer = await jetstream(hub).consumers.get(enrichedStream, place);
  const taken: number[] = [];
  const messages = await consumer.consume({ max_messages: 50 });
  // A test that waits for ever for what does not come would not even say what that was.
  const late = () => new Error(`of ${count} readings came only ${taken.join(", ") || "none"}`);
  const timer = setTimeout(() => messages.stop(late()), takeMs);
  for await (const message of messages) {
    taken.push(numberOf(message));
    message.ack();
    if (taken.length === count) break;
  }
  clearTimeout(timer);
  await messages.close();
  await hub.flush();
  return taken;
}

/** Above the time after which nats-server delivers again what was not acknowledged. */
const takeMs = 2 * limits.consumerAckWaitMs;

/** Takes the next reading and no other, and acknowledges it; its number, undefined when none comes. */
export async function takeOne(
  { hub }: ConsumerBench,
  { place }: ConsumerRecord,
): Promise<number | undefined> {
  const consumer = await jetstream(hub).consumers.get(enrichedStream, place);
  const message = await consumer.next({ expires: takeMs });
  await message?.ackAck();
  return message === null ? undefined : numberOf(message);
}

export const numberOf = (message: JsMsg) => message.json<{ index: number }>().index;
export const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Readings that it has to come. */
export async function pendingOf(
  { consumers }: ConsumerBench,
  { place }: ConsumerRecord,
): Promise<number> {
  return (await consumers.at([place]))[0]?.pending ?? Number.NaN;
}
