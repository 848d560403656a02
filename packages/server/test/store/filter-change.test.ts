import assert from "node:assert/strict";
import { test } from "node:test";
import { jetstream } from "@nats-io/jetstream";
import type { Position } from "../../src/store/consumer-position.ts";
import type { ConsumerRecord } from "../../src/store/consumer-record.ts";
import { BackEndConsumers } from "../../src/store/consumers.ts";
import { enrichedStream } from "../../src/store/stream-configs.ts";
import {
  type ConsumerBench,
  filtersOf,
  numberOf,
  openConsumers,
  subjectOf,
  take,
  takeOne,
} from "./consumer-bench.ts";
import { startDyingHub } from "./dying-hub.ts";

const der = (number: number) => subjectOf(`der-${number}`);
const fromStart: Position = { kind: "since", sinceMs: 0, fromOldest: false };
const starts: { start: string; position: Position; unread: number[] }[] = [
  { start: "from a position", position: fromStart, unread: [1, 2, 3] },
  { start: "with the newest of each DER", position: { kind: "last_per_der" }, unread: [1, 3] },
];

for (const { start, position, unread } of starts) {
  test(`what was taken from a consumer that starts ${start} is delivered no more, nothing else is lost`, async (t) => {
    const bench = await openConsumers(t);
    if (bench === undefined) return;
    const { consumers, publish, create } = bench;
    for (const name of ["der-1", "der-2", "der-3"]) await publish(name);
    const record = await create("narrowed", { position, subjects: [der(1), der(2), der(3)] });
    assert.equal(await takeOne(bench, record), 1);
    // Delivered and refused: nats-server would deliver it again at once.
    await refuse(bench, record, [2, 3]);
    await consumers.setFilters(record.place, filtersOf([der(1), der(3)]), Date.now());
    await publish("der-2");
    await publish("der-1");
    assert.deepEqual(await take(bench, record, 2), [3, 5]);
    await hasNothingLeft(bench, record);
  });

  test(`one that starts ${start} and that nobody reads from yet gives nothing of what was taken from it`, async (t) => {
    const bench = await openConsumers(t);
    if (bench === undefined) return;
    const { consumers, publish, create } = bench;
    for (const name of ["der-3", "der-1", "der-1", "der-2"]) await publish(name);
    const record = await create("narrowed", { position, subjects: [der(1), der(2), der(3)] });
    await consumers.setFilters(record.place, filtersOf([der(1), der(3)]), Date.now());
    assert.deepEqual(await take(bench, record, unread.length), unread);
    await hasNothingLeft(bench, record);
  });
}

test("a consumer without anything unacknowledged goes on where it is", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers, publish, create } = bench;
  const record = await create("follower", { subjects: ["orgs.org-a.>"] });
  await publish("der-1");
  assert.equal(await takeOne(bench, record), 1);
  await consumers.setFilters(record.place, filtersOf(["orgs.org-a.sites.sit.>"]), 0);
  const [now] = await consumers.at([record.place]);
  assert.deepEqual([now?.pending, now?.makingId, now?.goesBackTo], [0, undefined, undefined]);
  await publish("der-1");
  assert.equal(await takeOne(bench, record), 2);
});

const changing = [
  { before: "the consumer goes back", subject: `$JS.API.CONSUMER.RESET.${enrichedStream}.idt-a_0` },
  { before: "anything is changed", subject: createSubject("idt-a_0") },
];
for (const { before, subject } of changing) {
  test(`a change of filters is finished by the next hub when one dies before ${before}`, async (t) => {
    const bench = await openConsumers(t);
    if (bench === undefined) return;
    const { nats, consumers, publish, create } = bench;
    for (const name of ["der-1", "der-2", "der-3"]) await publish(name);
    const record = await create("narrowed", {
      position: fromStart,
      subjects: [der(1), der(2), der(3)],
    });
    await refuse(bench, record, [1, 2, 3]);
    const narrowed = filtersOf([der(1), der(3)]);
    const { connection, died } = await startDyingHub(t, nats.nats, subject);
    const change = new BackEndConsumers(connection).setFilters(record.place, narrowed, Date.now());
    await Promise.all([died, assert.rejects(change, { code: "unavailable" })]);
    await consumers.setFilters(record.place, narrowed, Date.now());
    assert.deepEqual(await take(bench, record, 2), [1, 3]);
    await hasNothingLeft(bench, record);
    assert.equal((await consumers.at([record.place]))[0]?.goesBackTo, undefined);
  });
}

function createSubject(place: string): string {
  return `$JS.API.CONSUMER.DURABLE.CREATE.${enrichedStream}.${place}`;
}

/** Takes readings and says that they could not be dealt with. */
async function refuse(
  { hub }: ConsumerBench,
  { place }: ConsumerRecord,
  expected: readonly number[],
): Promise<void> {
  const consumer = await jetstream(hub).consumers.get(enrichedStream, place);
  const messages = await consumer.fetch({ max_messages: expected.length, expires: 5_000 });
  const refused: number[] = [];
  for await (const message of messages) {
    refused.push(numberOf(message));
    message.nak();
  }
  await hub.flush();
  assert.deepEqual(refused, expected);
}

/** Neither new nor to be delivered again. */
async function hasNothingLeft(
  { consumers }: ConsumerBench,
  { place }: ConsumerRecord,
): Promise<void> {
  const [now] = await consumers.at([place]);
  assert.deepEqual([now?.pending, now?.ackPending], [0, 0]);
}
