import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { encodeCursor } from "@novacore/protocol";
import type { Position } from "../../src/store/consumer-position.ts";
import type { ConsumerRecord } from "../../src/store/consumer-record.ts";
import { BackEndConsumers } from "../../src/store/consumers.ts";
import {
  type ConsumerBench,
  everything,
  numbers,
  openConsumers,
  places,
  take,
  takeOne,
} from "./consumer-bench.ts";
import { startDyingHub } from "./dying-hub.ts";

const fromStart: Position = { kind: "since", sinceMs: 0, fromOldest: false };

const request = (verb: string, name: string) =>
  `$JS.API.CONSUMER.${verb}.ENRICHED_TELEMETRY.${name}`;
const remaking = [
  { before: "something stands in", subject: request("DURABLE.CREATE", "idt-a_remake"), left: 4 },
  { before: "the old one is deleted", subject: request("DELETE", "idt-a_0"), left: 2 },
  { before: "the new one is added", subject: request("DURABLE.CREATE", "idt-a_0"), left: 2 },
  { before: "nothing stands in any more", subject: request("DELETE", "idt-a_remake"), left: 2 },
];
for (const { before, subject, left } of remaking) {
  test(`a consumer outlives a hub that dies while it is reset, before ${before}`, async (t) => {
    const bench = await openConsumers(t);
    if (bench === undefined) return;
    const { consumers } = bench;
    const record = await dieWhileResetting(t, bench, subject);
    const [found] = await consumers.at(places);
    assert.deepEqual([found?.name, found?.place], ["kept", record.place]);
    for (const each of await consumers.all()) await consumers.finish(each);
    assert.deepEqual(
      (await consumers.all()).map((each) => [each.name, each.place, each.pending, each.isStandIn]),
      [["kept", record.place, left, false]],
    );
    assert.deepEqual(await take(bench, record, left), numbers(5 - left, 4));
  });
}

test("a consumer that was made anew is not made anew again, however far it is", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers } = bench;
  const record = await dieWhileResetting(t, bench, request("DELETE", "idt-a_remake"));
  assert.equal(await takeOne(bench, record), 3);
  await consumers.finish(record);
  assert.equal(await takeOne(bench, record), 4);
});

test("one that is deleted does not come back when a hub had died while it was reset", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers } = bench;
  const record = await dieWhileResetting(t, bench, request("DURABLE.CREATE", "idt-a_0"));
  await consumers.remove(record.place);
  assert.equal(await consumers.finish(record), false);
  assert.deepEqual(await consumers.all(), []);
});

test("a reset finishes what a hub had begun that died, and puts it where it is told", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers } = bench;
  const record = await dieWhileResetting(t, bench, request("DURABLE.CREATE", "idt-a_0"));
  const moved = await consumers.reset(record, everything, fromStart);
  assert.deepEqual([moved.place, moved.pending], [record.place, 4]);
  assert.equal((await consumers.all()).length, 1);
});

test("a consumer is found while it is reset, by every hub", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { nats, consumers, create } = bench;
  const record = await create("kept");
  const elsewhere = new BackEndConsumers(await nats.connect("HUB"));
  let isDone = false;
  const resets = (async () => {
    for (let i = 0; i < 20; i++) await consumers.reset(record, everything, fromStart);
    isDone = true;
  })();
  while (!isDone) {
    for (const each of [consumers, elsewhere]) {
      const found = await each.at(places);
      assert.deepEqual(
        found.map(({ name, place }) => [name, place]),
        [["kept", record.place]],
      );
    }
  }
  await resets;
});

test("how far a deleted consumer was is nothing to one that is made at its place", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { publish, create } = bench;
  await publish("der-1", 4);
  const first = await create("first", { position: fromStart });
  const state = () => readFileSync(join(folderOf(bench, 0), "o.dat"));
  const unread = state();
  assert.equal((await take(bench, first, 4)).length, 4);
  while (state().equals(unread)) await bench.hub.flush();
  // As nats-server leaves it behind when it writes a moment after the deletion.
  mkdirSync(folderOf(bench, 1));
  cpSync(join(folderOf(bench, 0), "o.dat"), join(folderOf(bench, 1), "o.dat"));
  const second = await create("second", { position: fromStart });
  assert.deepEqual([second.place, second.pending], ["idt-a_1", 4]);
  assert.deepEqual(await take(bench, second, 4), numbers(1, 4));
});

test("a place where nats-server is still writing is taken a moment later", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  // It renames what it has written, and fails when that has gone; a folder at its place fails as well.
  mkdirSync(join(folderOf(bench, 0), "o.dat.tmp", "x"), { recursive: true });
  assert.equal((await bench.create("first")).place, "idt-a_0");
});

test("an organization that resets and resets waits for itself alone", async (t) => {
  const bench = await openConsumers(t);
  if (bench === undefined) return;
  const { consumers, create } = bench;
  const record = await create("busy");
  let resets = 0;
  const busy = Array.from({ length: 40 }, async () => {
    await consumers.reset(record, everything, fromStart);
    resets++;
  });
  await create("other", { orgId: "org-b" });
  assert.ok(resets <= 2, `${resets} were made before`);
  // What the registry says of what a consumer may read does not wait even for that.
  await consumers.setFilters(record.place, everything, 0);
  assert.ok(resets <= 4, `${resets} were made before`);
  await Promise.all(busy);
});

/** Four readings, none taken; then a hub dies while it puts the consumer back to the third. */
async function dieWhileResetting(
  t: TestContext,
  bench: ConsumerBench,
  subject: string,
): Promise<ConsumerRecord> {
  const { nats, epoch, publish, create } = bench;
  const last = await publish("der-1", 4);
  const record = await create("kept", { position: fromStart });
  const { connection, died } = await startDyingHub(t, nats.nats, subject);
  const cursor = encodeCursor({ epoch, sequence: last - 2 });
  const dying = new BackEndConsumers(connection);
  const reset = dying.reset(record, everything, { kind: "cursor", cursor, fromOldest: false });
  await Promise.all([died, assert.rejects(reset, { code: "unavailable" })]);
  return record;
}

/** Where nats-server keeps how far the consumer at a place is. */
function folderOf({ nats: { dataDir } }: ConsumerBench, place: number): string {
  const stream = "nats/streams/jetstream/HUB/streams/ENRICHED_TELEMETRY";
  return join(dataDir, stream, "obs", `idt-a_${place}`);
}
