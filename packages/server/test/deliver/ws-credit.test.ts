import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/limits.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { WsClient } from "./ws-client.ts";

const site = "sit-1";

/** A client with flow control, and one without that shows when everything has been handed out. */
async function start(t: Parameters<typeof StreamHub.start>[0], credit: number) {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site, "sit-2"]));
  const client = await WsClient.open({ port: hub.port });
  const witness = await WsClient.open({ port: hub.port });
  await witness.subscribe("s", { sites: [site, "sit-2"] });
  client.send({ op: "credit", n: credit });
  await client.roundTrip();
  let published = 0;
  const publish = async (count: number, target = site): Promise<void> => {
    for (let i = 0; i < count; i++) {
      published++;
      await hub.publish({ site: target }, { W: published, timestamp: 1_000 + published });
    }
    await witness.untilReadings(published);
    await client.roundTrip();
  };
  return { hub, client, publish };
}

const numbersUpTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

test("no more readings are sent than the client allows, and none is lost", async (t) => {
  const { client, publish } = await start(t, 3);
  await client.subscribe("s", { sites: [site] });
  await publish(10);
  assert.deepEqual(client.numbers, [1, 2, 3]);
  client.send({ op: "credit", n: 1 });
  await client.untilReadings(4);
  client.send({ op: "credit", n: 4 });
  await client.untilReadings(8);
  await publish(5);
  assert.deepEqual(client.numbers, numbersUpTo(8));
  client.send({ op: "credit", n: 100 });
  await client.untilReadings(15);
  await publish(2);
  await client.untilReadings(17);
  assert.deepEqual(client.numbers, numbersUpTo(17));
});

test("credit that was used up goes on from the stream when the rings are past it", async (t) => {
  const { hub, client, publish } = await start(t, 5);
  await client.subscribe("s", { sites: [site] });
  await client.subscribe("gathered", { sites: [site], batch_ms: 10 });
  await publish(40);
  assert.equal(client.numbers.length, 5);
  hub.delivery.feed.sweep(Date.now() + 1e9, 0);
  for (let given = 5; given < 80; given += 5) {
    client.send({ op: "credit", n: 5 });
    await client.untilReadings(given + 5);
    await client.roundTrip();
    assert.equal(client.numbers.length, given + 5);
  }
  assert.deepEqual(client.numbersOf("s"), numbersUpTo(40));
  assert.deepEqual(client.numbersOf("gathered"), numbersUpTo(40));
  client.send({ op: "credit", n: 10 });
  await publish(5);
  await client.untilReadings(90);
  assert.deepEqual(client.numbersOf("s"), numbersUpTo(45));
});

test("subscriptions share the credit of their socket", async (t) => {
  const { client, publish } = await start(t, 4);
  await client.subscribe("one", { sites: [site] });
  await client.subscribe("two", { sites: ["sit-2"] });
  await client.subscribe("past", { sites: [site], since: 0 });
  await publish(6);
  await publish(6, "sit-2");
  assert.equal(client.numbers.length, 4);
  client.send({ op: "credit", n: 1_000 });
  await client.untilReadings(18);
  assert.deepEqual(client.numbersOf("one"), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(client.numbersOf("two"), [7, 8, 9, 10, 11, 12]);
  assert.deepEqual(client.numbersOf("past"), [1, 2, 3, 4, 5, 6]);
});

test("with mode=latest the newest comes as soon as it is allowed", async (t) => {
  const { hub, client, publish } = await start(t, 2);
  await client.subscribe("s", { sites: [site], mode: "latest" });
  await publish(1);
  await publish(1);
  await publish(20);
  assert.deepEqual(client.numbers, [1, 2]);
  client.send({ op: "credit", n: 10 });
  await client.untilReadings(3);
  assert.deepEqual(client.numbers, [1, 2, 22]);
  assert.ok((hub.counts.conflated ?? 0) > 0);
});

test("a snapshot and a replay keep to the credit too", async (t) => {
  const { hub, client, publish } = await start(t, 2);
  for (let i = 1; i <= 6; i++) await hub.publish({ site, der: `der-${i}` }, { W: -i });
  await client.subscribe("s", { sites: [site], snapshot: true });
  await client.untilReadings(2);
  await client.roundTrip();
  assert.deepEqual(client.numbers, [-1, -2]);
  client.send({ op: "credit", n: 3 });
  await client.untilReadings(5);
  await client.roundTrip();
  assert.equal(client.ops("caught_up").length, 0);
  client.send({ op: "credit", n: 3 });
  await client.untilOp("caught_up");
  await publish(1);
  await client.untilReadings(7);
  assert.deepEqual(client.numbers, [-1, -2, -3, -4, -5, -6, 1]);
});

test("a site that comes in waits for credit, and holds up nobody else's", async (t) => {
  const { hub, client, publish } = await start(t, 1);
  const other = await WsClient.open({ port: hub.port });
  for (const each of [client, other]) await each.subscribe("s", { org: "org-1" });
  await publish(1);
  await client.untilReadings(1);
  // Stored before the hub takes the site in, so that it comes late.
  const { promise, resolve } = Promise.withResolvers<void>();
  hub.access.held = promise;
  hub.access.orgs.get("org-1")?.add("sit-3");
  hub.access.grantsChanged();
  await hub.publish({ site: "sit-3" }, { W: 3 });
  resolve();
  await until(() => other.numbers.includes(3), "the site is taken in");
  hub.access.orgs.get("org-1")?.add("sit-4").delete(site);
  hub.access.grantsChanged();
  await until(() => hub.delivery.usage.sites === 4, "the next one is taken in");
  await hub.publish({ site }, { W: 4 });
  await hub.publish({ site: "sit-4" }, { W: 5 });
  await until(() => other.numbers.includes(5), "what is granted comes");
  assert.deepEqual(other.numbers, [1, 3, 5]);
  assert.deepEqual(client.numbers, [1]);
  client.send({ op: "credit", n: 10 });
  await client.untilReadings(3);
  assert.deepEqual(client.numbers, [1, 3, 5]);
});

test("a position that expired while it waited for credit is told by a reset", async (t) => {
  const { hub, client, publish } = await start(t, 2);
  const live = await client.subscribe("live", { sites: [site] });
  await publish(1);
  await client.subscribe("past", { sites: [site], cursor: live.cursor });
  await publish(9);
  await client.subscribe("opened", { sites: [site], since: 0 });
  assert.equal(client.numbers.length, 2);
  hub.delivery.feed.sweep(Date.now() + 1e9, 0);
  await hub.expireBefore(7);
  client.send({ op: "credit", n: 100 });
  await client.untilReadings(2 + 4 + 4 + 4);
  const rest = ["reset", "reading", "reading", "reading", "reading"];
  for (const id of ["live", "past", "opened"]) {
    const began = id === "opened" ? [] : [1];
    assert.deepEqual(client.numbersOf(id), [...began, 7, 8, 9, 10], id);
    const frames = client.frames.filter((frame) => frame.id === id);
    const ops = frames.map(({ op }) => op).filter((op) => op === "reset" || op === "reading");
    assert.deepEqual(ops, [...began.map(() => "reading"), ...rest], id);
    assert.equal(frames.find(({ op }) => op === "reset")?.reason, "cursor_expired");
  }
});

test("a subscription to which nothing came for long is told no reset when it goes on", async (t) => {
  const { hub, client, publish } = await start(t, 1);
  await client.subscribe("quiet", { sites: [site], types: ["meter"] });
  await publish(20);
  // What it passed over is gone from the stream and from the rings; nothing of it was for it.
  await hub.expireBefore(15);
  for (let W = 1; W <= 2; W++) await hub.publish({ site }, { type: "meter", W });
  await client.untilReadings(1);
  hub.delivery.feed.sweep(Date.now() + 1e9, 0);
  client.send({ op: "credit", n: 5 });
  await client.untilReadings(2);
  assert.deepEqual(client.numbers, [1, 2]);
  assert.deepEqual(client.ops("reset"), []);
});

test("more credit than a client may give ahead is refused, and what it had stays", async (t) => {
  const { client, publish } = await start(t, limits.creditMax);
  client.send({ op: "credit", n: 1 });
  await client.untilOp("error");
  assert.deepEqual(client.codes(), ["credit_overflow"]);
  await client.subscribe("s", { sites: [site] });
  await publish(3);
  client.send({ op: "credit", n: 3 });
  client.send({ op: "credit", n: 1 });
  await client.untilOp("error", 2);
  assert.deepEqual(client.numbers, [1, 2, 3]);
});
