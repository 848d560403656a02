import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { createPublisher, type Publisher, type Stored } from "../../src/store/publisher.ts";
import { storedIdsReader } from "../../src/store/stored-ids.ts";
import { enrichedStream } from "../../src/store/stream-configs.ts";
import { ensureStreams } from "../../src/store/streams.ts";
import { atEnd } from "../nats/at-end.ts";
import { type RunningNats, runNats, silent } from "../nats/running-nats.ts";

interface Bench {
  readonly hub: NatsConnection;
  readonly publisher: Publisher;
}

async function open(t: TestContext, { connect }: RunningNats): Promise<Bench> {
  const hub = await connect("HUB");
  const { enrichedLastSequence } = await ensureStreams({ hub, dev: await connect("DEV") });
  const publisher = createPublisher({
    connection: hub,
    log: silent,
    lastSequence: enrichedLastSequence,
    readStoredIds: storedIdsReader(hub),
  });
  atEnd(t, () => publisher.close());
  return { hub, publisher };
}

const subjectOf = (der: number) =>
  `orgs.org.sites.sit.devices.dev.ders.der-${der}.telemetry.json.v1`;

function publish(publisher: Publisher, index: number): Promise<Stored> {
  const payload = Buffer.from(JSON.stringify({ index }));
  return publisher.publish(subjectOf(index % 7), payload, `der-${index % 7}:${index}`);
}

/** What the stream holds: sequence and index of each message, in order. */
async function readAll(hub: NatsConnection): Promise<readonly (readonly [number, number])[]> {
  const { streams } = await jetstreamManager(hub);
  const { state } = await streams.info(enrichedStream);
  const all: [number, number][] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await streams.getMessage(enrichedStream, { seq });
    if (message !== null) all.push([seq, message.json<{ index: number }>().index]);
  }
  return all;
}

test("each message of a batch is told its own sequence", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const { hub, publisher } = await open(t, nats);
  const results = await Promise.all(Array.from({ length: 350 }, (_, i) => publish(publisher, i)));
  const stored = new Map(await readAll(hub));
  for (const [index, { sequence, duplicate }] of results.entries()) {
    assert.equal(stored.get(sequence), index);
    assert.equal(duplicate, false);
  }
  assert.equal(stored.size, 350);
});

test("one duplicate in a batch costs only itself", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const { hub, publisher } = await open(t, nats);
  const first = await publish(publisher, 30);
  const results = await Promise.all(Array.from({ length: 240 }, (_, i) => publish(publisher, i)));
  assert.deepEqual(results[30], { ...first, duplicate: true });
  assert.equal(results.filter(({ duplicate }) => duplicate).length, 1);
  const stored = await readAll(hub);
  assert.equal(stored.length, 240);
  assert.equal(new Set(stored.map(([, index]) => index)).size, 240);
  for (const [index, { sequence }] of results.entries()) {
    assert.ok(stored.some(([seq, each]) => seq === sequence && each === index));
  }
});

test("kill -9 of nats-server loses nothing and stores nothing twice", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const { hub, publisher } = await open(t, nats);
  const count = 6_000;
  const acknowledged = new Map<number, number>();
  const kills = [1_000, 3_000];
  await new Promise<void>((resolve, reject) => {
    for (let index = 0; index < count; index++) {
      publish(publisher, index).then(({ sequence }) => {
        acknowledged.set(index, sequence);
        if (acknowledged.size === kills[0]) {
          kills.shift();
          const state = nats.nats.state();
          if (state.state === "running") process.kill(state.pid, "SIGKILL");
        }
        if (acknowledged.size === count) resolve();
      }, reject);
    }
  });
  assert.deepEqual(kills, [], "nats-server was killed twice");
  const stored = await readAll(hub);
  assert.equal(stored.length, count);
  for (const [sequence, index] of stored) assert.equal(acknowledged.get(index), sequence);
});

test("a publisher that is closed stores what it was given and takes no more", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const { hub, publisher } = await open(t, nats);
  const given = Array.from({ length: 250 }, (_, i) => publish(publisher, i));
  await publisher.close();
  await Promise.all(given);
  await assert.rejects(publish(publisher, 1_000), { code: "unavailable" });
  assert.equal((await readAll(hub)).length, 250);
});

test("a message larger than nats-server takes is given back, the others go through", async (t) => {
  const nats = await runNats(t);
  if (nats === undefined) return;
  const { publisher } = await open(t, nats);
  const large = Buffer.alloc(9 * 1024 * 1024);
  const [refused, taken] = await Promise.allSettled([
    publisher.publish(subjectOf(1), large, "der-1:1"),
    publish(publisher, 2),
  ]);
  assert.deepEqual([refused.status, taken.status], ["rejected", "fulfilled"]);
});
