import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamHub, until } from "./stream-hub.ts";
import { WsClient } from "./ws-client.ts";

const large = "x".repeat(60_000);

async function start(t: Parameters<typeof StreamHub.start>[0]) {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set(["sit-1", "sit-2"]));
  return { hub, client: await WsClient.open({ port: hub.port }) };
}

test("many subscriptions share a socket, each with readings and a cursor of its own", async (t) => {
  const { hub, client } = await start(t);
  const wishes = {
    one: { sites: ["sit-1"] },
    two: { sites: ["sit-2"] },
    both: { sites: ["sit-1", "sit-2"] },
    same: { sites: ["sit-1"] },
    meters: { org: "org-1", types: ["meter"] },
  };
  for (const [id, wish] of Object.entries(wishes)) await client.subscribe(id, wish);
  const publish = async (from: number) => {
    for (let i = from; i < from + 6; i++) {
      const type = i % 3 === 0 ? "meter" : "pv";
      await hub.publish({ site: i % 2 === 0 ? "sit-1" : "sit-2" }, { W: i, type });
    }
  };
  await publish(0);
  const expected = { one: [0, 2, 4], two: [1, 3, 5], both: [0, 1, 2, 3, 4, 5] };
  const all = { ...expected, same: expected.one, meters: [0, 3] };
  await client.untilReadings(3 + 3 + 6 + 3 + 2);
  for (const [id, numbers] of Object.entries(all)) {
    assert.deepEqual(client.numbersOf(id), numbers, id);
  }
  client.close();
  await publish(6);
  // Each resumes on its own: one is behind by more than the others.
  const resumed = await WsClient.open({ port: hub.port });
  for (const [id, wish] of Object.entries(wishes)) {
    const firstOf = client.ops("reading").find((frame) => frame.id === id);
    const cursor = id === "two" ? firstOf?.cursor : client.cursorOf(id);
    await resumed.subscribe(id, { ...wish, cursor });
  }
  await resumed.untilReadings(3 + 5 + 6 + 3 + 2);
  for (const [id, numbers] of Object.entries(all)) {
    const later = numbers.map((number) => number + 6);
    assert.deepEqual(resumed.numbersOf(id), id === "two" ? [3, 5, ...later] : later, id);
  }
});

test("batch_ms gathers readings into one frame with the cursor of the last", async (t) => {
  const { hub, client } = await start(t);
  await client.subscribe("s", { sites: ["sit-1"], batch_ms: 1_000 });
  await client.subscribe("live", { sites: ["sit-1"] });
  for (let i = 1; i <= 6; i++) await hub.publish({ site: "sit-1" }, { W: i });
  await until(() => client.numbersOf("live").length === 6, "they come one by one");
  assert.deepEqual(client.numbersOf("s"), []);
  const frame = await client.untilOp("readings");
  assert.deepEqual(client.numbersOf("s"), [1, 2, 3, 4, 5, 6]);
  assert.equal(frame.cursor, client.cursorOf("live"));
  assert.equal(client.ops("reading").length, 6);
});

test("what is gathered goes out early when it is large, and what is replayed at once", async (t) => {
  const { hub, client } = await start(t);
  await client.subscribe("s", { sites: ["sit-1"], batch_ms: 10_000 });
  // The sixth exceeds the 256 KiB that may wait.
  for (let i = 1; i <= 6; i++) await hub.publish({ site: "sit-1" }, { W: i, large });
  const first = await client.untilOp("readings");
  assert.equal(first.cursor, client.cursorOf("s"));
  const early = client.numbersOf("s");
  await client.subscribe("past", { sites: ["sit-1"], batch_ms: 10_000, since: 0 });
  await until(() => client.ops("caught_up").length === 1, "the past has come");
  assert.deepEqual(client.numbersOf("past"), [1, 2, 3, 4, 5, 6]);
  await client.subscribe("rest", { sites: ["sit-1"], cursor: first.cursor });
  await until(() => client.ops("caught_up").length === 2, "the rest has come");
  assert.deepEqual([...early, ...client.numbersOf("rest")], [1, 2, 3, 4, 5, 6]);
});

test("what was gathered when a subscription ends, comes after its cursor", async (t) => {
  const { hub, client } = await start(t);
  await client.subscribe("s", { sites: ["sit-1"], batch_ms: 10_000 });
  await client.subscribe("live", { sites: ["sit-1"] });
  for (let i = 1; i <= 3; i++) await hub.publish({ site: "sit-1" }, { W: i });
  await until(() => client.numbersOf("live").length === 3, "the hub has them");
  client.send({ op: "unsubscribe", id: "s" });
  const { cursor } = await client.untilOp("unsubscribed");
  await client.subscribe("again", { sites: ["sit-1"], cursor });
  await until(() => client.ops("caught_up").length === 1, "it is live");
  assert.deepEqual([...client.numbersOf("s"), ...client.numbersOf("again")], [1, 2, 3]);
});

test("what was gathered of a site that is taken away is not sent any more", async (t) => {
  const { hub, client } = await start(t);
  await client.subscribe("s", { org: "org-1", batch_ms: 10_000 });
  await client.subscribe("live", { org: "org-1" });
  await hub.publish({ site: "sit-1" }, { W: 1 });
  await hub.publish({ site: "sit-2" }, { W: 2 });
  await until(() => client.numbersOf("live").length === 2, "the hub has them");
  hub.access.orgs.get("org-1")?.delete("sit-2");
  await hub.grantsChanged();
  await client.untilOp("readings");
  assert.deepEqual(client.numbersOf("s"), [1]);
});

test("unsubscribe ends a subscription with the cursor that resumes it", async (t) => {
  const { hub, client } = await start(t);
  await client.subscribe("s", { sites: ["sit-1"] });
  await hub.publish({ site: "sit-1" }, { W: 1 });
  await client.untilReadings(1);
  client.send({ op: "unsubscribe", id: "s" });
  const { id, cursor } = await client.untilOp("unsubscribed");
  assert.deepEqual([id, cursor], ["s", client.ops("reading")[0]?.cursor]);
  assert.equal(hub.delivery.usage.subscribers, 0);
  await hub.publish({ site: "sit-1" }, { W: 2 });
  // The name is free again.
  await client.subscribe("s", { sites: ["sit-1"], cursor });
  await client.untilReadings(2);
  assert.deepEqual(client.numbers, [1, 2]);
});

test("devices and DERs name the sites on which they stand, and follow a move", async (t) => {
  const { hub, client } = await start(t);
  hub.access.siteOf.set("dev-1", "sit-1").set("dev-2", "sit-2").set("der-2", "sit-2");
  await client.subscribe("devices", { devices: ["dev-1", "dev-2"] });
  await client.subscribe("ders", { ders: ["der-2"] });
  const unknown = await client.subscribe("unknown", { devices: ["dev-1", "dev-9"] });
  assert.equal(unknown.code, "not_found");
  await hub.publish({ site: "sit-1", device: "dev-1" }, { W: 1 });
  await hub.publish({ site: "sit-1", device: "dev-7", der: "der-7" }, { W: 2 });
  await hub.publish({ site: "sit-2", device: "dev-2", der: "der-2" }, { W: 3 });
  await client.untilReadings(3);
  assert.deepEqual(client.numbersOf("devices"), [1, 3]);
  assert.deepEqual(client.numbersOf("ders"), [3]);

  hub.access.siteOf.set("der-2", "sit-1");
  hub.access.grantsChanged();
  await hub.publish({ site: "sit-1", device: "dev-2", der: "der-2" }, { W: 4 });
  await until(() => client.numbersOf("ders").length === 2, "it is followed");
  assert.deepEqual(client.numbersOf("ders"), [3, 4]);
});

test("an organization's subscription follows its sites, others on the socket do not", async (t) => {
  const { hub, client } = await start(t);
  await client.subscribe("org", { org: "org-1" });
  await client.subscribe("site", { sites: ["sit-1"] });
  hub.access.orgs.set("org-1", new Set(["sit-2", "sit-3"]));
  hub.access.grantsChanged();
  const error = await client.untilOp("error");
  assert.deepEqual([error.id, error.code], ["site", "not_found"]);
  await until(() => hub.delivery.usage.sites === 3, "the hub listens to the new site");
  await hub.publish({ site: "sit-1" }, { W: 1 });
  await hub.publish({ site: "sit-3" }, { W: 3 });
  await client.untilReadings(1);
  assert.deepEqual(client.numbersOf("org"), [3]);
});

test("a subscription that began in the past says when it has caught up", async (t) => {
  const { hub, client } = await start(t);
  for (let i = 1; i <= 3; i++) await hub.publish({ site: "sit-1" }, { W: i });
  await client.subscribe("past", { sites: ["sit-1"], since: 0 });
  await client.subscribe("live", { sites: ["sit-1"] });
  await client.untilOp("caught_up");
  assert.deepEqual(client.ops("caught_up"), [
    { op: "caught_up", id: "past", cursor: client.cursorOf("past") },
  ]);
  assert.deepEqual(client.numbers, [1, 2, 3]);
});
