import assert from "node:assert/strict";
import { test } from "node:test";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { encodeCursor } from "@novacore/protocol";
import { limits } from "../../src/limits.ts";
import type { Position } from "../../src/store/consumer-position.ts";
import { BackEndConsumers } from "../../src/store/consumers.ts";
import { enrichedStream } from "../../src/store/stream-configs.ts";
import {
  everything,
  filtersOf,
  numberOf,
  numbers,
  openConsumers,
  pendingOf,
  places,
  subjectOf,
  take,
} from "./consumer-bench.ts";

test("a consumer replays from its position and then follows, each reading once", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { epoch, publish, create } = bench;
  const tenth = await publish("der-1", 10);
  await publish("der-2", 10);
  const cursor = encodeCursor({ epoch, sequence: tenth });
  const fromStart = await create("all", {
    position: { kind: "since", sinceMs: 0, fromOldest: false },
  });
  const fromCursor = await create("later", {
    position: { kind: "cursor", cursor, fromOldest: false },
  });
  const follower = await create("new", { ack: "none" });
  assert.deepEqual([fromStart.pending, fromCursor.pending, follower.pending], [20, 10, 0]);
  assert.equal(fromCursor.start.afterSequence, tenth);
  await publish("der-3", 5);
  assert.deepEqual(await take(bench, fromStart, 25), numbers(1, 25));
  assert.deepEqual(await take(bench, fromCursor, 15), numbers(11, 25));
  assert.deepEqual(await take(bench, follower, 5), numbers(21, 25));
  for (const record of [fromStart, fromCursor, follower]) {
    assert.equal(await pendingOf(bench, record), 0);
  }
});

test("a start in time is the first reading stored since", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { hub, publish, create } = bench;
  await publish("der-1", 5);
  const { streams } = await jetstreamManager(hub);
  let sinceMs = Date.now();
  while (Date.now() === sinceMs) await streams.info(enrichedStream);
  sinceMs = Date.now();
  await publish("der-1", 5);
  const record = await create("since", { position: { kind: "since", sinceMs, fromOldest: false } });
  assert.deepEqual(await take(bench, record, 5), numbers(6, 10));
});

test("the last of each DER comes first, then what follows, each reading once", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { publish, create } = bench;
  await publish("der-1", 10);
  await publish("der-2", 10);
  const record = await create("last", { position: { kind: "last_per_der" } });
  await publish("der-1", 2);
  assert.deepEqual(await take(bench, record, 4), [10, 20, 21, 22]);
  assert.equal(await pendingOf(bench, record), 0);
});

test("other filters change what is read, and take nothing back", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers, publish, create } = bench;
  const none = subjectOf("none");
  const record = await create("changing", { subjects: [subjectOf("der-1"), none] });
  await publish("der-1", 3);
  await publish("der-2", 3);
  assert.deepEqual(await take(bench, record, 3), [1, 2, 3]);
  const both = filtersOf([subjectOf("der-1"), subjectOf("der-2")]);
  await consumers.setFilters(record.place, both, 0);
  await publish("der-1", 1);
  assert.deepEqual(await take(bench, record, 4), [4, 5, 6, 7]);
  await consumers.setFilters(record.place, filtersOf([none]), 0);
  await publish("der-1", 3);
  assert.equal(await pendingOf(bench, record), 0);
  const [kept] = await consumers.at([record.place]);
  assert.deepEqual([kept?.name, kept?.filters.subjects], ["changing", [none]]);
});

test("readings of a new subject that were passed by are read again, of every start", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers, publish, create } = bench;
  await publish("der-1", 1);
  const subjects = [subjectOf("der-1")];
  const follower = await create("follower", { subjects });
  const unacknowledging = await create("none", { subjects, ack: "none" });
  const latest = await create("latest", { subjects, position: { kind: "last_per_der" } });
  await publish("der-2", 1);
  await publish("der-1", 1);
  assert.deepEqual(await take(bench, follower, 1), [3]);
  assert.deepEqual(await take(bench, unacknowledging, 1), [3]);
  assert.deepEqual(await take(bench, latest, 2), [1, 3]);
  const both = filtersOf([subjectOf("der-1"), subjectOf("der-2")]);
  for (const record of [follower, unacknowledging, latest]) {
    await consumers.setFilters(record.place, both, 0);
    assert.deepEqual(await take(bench, record, 2), [2, 3]);
  }
});

test("readings from before a change are not read for a new subject", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers, publish, create } = bench;
  const record = await create("follower", { subjects: [subjectOf("der-1")] });
  await publish("der-2", 2);
  await publish("der-1", 1);
  assert.deepEqual(await take(bench, record, 1), [3]);
  const both = filtersOf([subjectOf("der-1"), subjectOf("der-2")]);
  await consumers.setFilters(record.place, both, Date.now() + 60_000);
  await publish("der-2", 1);
  assert.deepEqual(await take(bench, record, 1), [4]);
});

test("a reset keeps name and place, and reads again from the new position", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { epoch, consumers, publish, create } = bench;
  await create("other");
  const record = await create("again");
  const last = await publish("der-1", 4);
  assert.deepEqual(await take(bench, record, 4), numbers(1, 4));
  const cursor = encodeCursor({ epoch, sequence: last - 2 });
  const moved = await consumers.reset(record, everything, {
    kind: "cursor",
    cursor,
    fromOldest: false,
  });
  assert.deepEqual(
    [moved.name, moved.place, moved.pending, moved.createdAt],
    ["again", record.place, 2, record.createdAt],
  );
  assert.deepEqual(await take(bench, moved, 2), [3, 4]);
});

test("how far a consumer is stands in what is read of it", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { hub, consumers, publish, create } = bench;
  const record = await create("slow");
  assert.deepEqual([record.deliveredSequence, record.ackedSequence], [0, 0]);
  await publish("der-1", 5);
  const consumer = await jetstream(hub).consumers.get(enrichedStream, record.place);
  const batch = await consumer.fetch({ max_messages: 3, expires: 5_000 });
  for await (const message of batch) if (numberOf(message) === 1) await message.ackAck();
  const [now] = await consumers.at([record.place]);
  assert.deepEqual(
    [now?.deliveredSequence, now?.ackedSequence, now?.pending, now?.ackPending],
    [3, 1, 2, 2],
  );
});

test("a name stands once, and sixteen consumers are the most of an integration", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { hub, consumers, create } = bench;
  const twice = await Promise.allSettled([create("same"), create("same")]);
  assert.deepEqual(twice.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  // Another hub knows nothing of this one's order.
  const elsewhere = new BackEndConsumers(hub);
  const wish = {
    ...{ orgId: "org-a", identityId: "idt-a", sites: undefined, types: undefined },
    ...{ name: "race", ack: "none" as const },
  };
  const race = await Promise.allSettled(
    [consumers, elsewhere].map((each, index) =>
      each.create({ ...wish, createdAt: `${index}` }, everything, { kind: "new" }, places),
    ),
  );
  assert.deepEqual(race.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  for (let i = 2; i < places.length; i++) await create(`more-${i}`);
  await assert.rejects(create("seventeenth"), { code: "conflict", message: /at most 16/ });
  await consumers.remove("idt-a_3");
  await consumers.remove("idt-a_3");
  assert.equal((await create("fits")).place, "idt-a_3");
});

test("the hub's own consumers are no back end's", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { hub, consumers, create } = bench;
  const { consumers: api } = await jetstreamManager(hub);
  await api.add(enrichedStream, { durable_name: "own", ack_policy: "explicit" });
  await create("theirs");
  assert.deepEqual(
    (await consumers.all()).map(({ name }) => name),
    ["theirs"],
  );
  assert.deepEqual(await consumers.at(["own"]), []);
});

test("an organization that replays enough is told to wait, and leaves nothing behind", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers, publish, create } = bench;
  await publish("der-1", limits.consumerReplayingPending + 1);
  const position: Position = { kind: "since", sinceMs: 0, fromOldest: false };
  const most = limits.replayingConsumersPerOrgMax;
  const [first] = await Promise.all(
    Array.from({ length: most }, (_, i) => create(`replay-${i}`, { position })),
  );
  assert.ok(first);
  // They share what may be on its way; a look brings those up to date that were made before others.
  await consumers.pace(await consumers.all());
  const share = Math.floor(limits.replayInFlightMax / most);
  const paces = async () => (await consumers.all()).map(({ ackPendingMax }) => ackPendingMax);
  assert.deepEqual(await paces(), Array(most).fill(share));
  await assert.rejects(create("one-more", { position }), { code: "rate_limited" });
  assert.equal((await consumers.all()).length, most);
  // What matches little is no replay, nor is what only follows.
  await create("sparse", { position, subjects: [subjectOf("der-2")] });
  const follower = await create("follower");
  await assert.rejects(consumers.reset(follower, everything, position), { code: "rate_limited" });
  assert.equal(await pendingOf(bench, follower), 0);
  await assert.rejects(create("unpaced", { position, ack: "none" }), {
    code: "validation_failed",
  });
  // One that replays already may begin again, and another organization has its own.
  await consumers.reset(first, everything, position);
  await create("foreign", { position, orgId: "org-b" });
});

test("a replay that has caught up is slowed down no longer", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers, publish, create } = bench;
  await publish("der-1", limits.consumerReplayingPending + 1);
  const record = await create("replay", {
    position: { kind: "since", sinceMs: 0, fromOldest: false },
  });
  assert.equal(record.ackPendingMax, limits.replayInFlightMax);
  assert.equal((await take(bench, record, 10)).length, 10);
  await consumers.pace(await consumers.all());
  const [now] = await consumers.at([record.place]);
  assert.equal(now?.ackPendingMax, limits.consumerAckPendingMax);
});
