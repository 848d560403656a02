import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/limits.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { WsClient } from "./ws-client.ts";

const site = "sit-1";
const subscribe = (members: object) => ({ op: "subscribe", ...members });
const ids = (count: number) => Array.from({ length: count }, (_, i) => `id-${i}`);

test("a socket has 256 subscriptions, and the next one is refused", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  const client = await WsClient.open({ port: hub.port });
  for (const id of ids(257)) client.send(subscribe({ id, sites: [site] }));
  const error = await client.untilOp("error");
  assert.deepEqual([error.code, error.id], ["too_many_subscriptions", "id-256"]);
  assert.equal(client.ops("subscribed").length, 256);
  client.send({ op: "unsubscribe", id: "id-0" });
  await client.untilOp("unsubscribed");
  assert.equal((await client.subscribe("late", { sites: [site] })).op, "subscribed");
  await hub.publish({ site }, { W: 1 });
  await client.untilReadings(256);
});

test("a storm of subscriptions is slowed down, those that are open go on", async (t) => {
  let nowMs = Date.now();
  const hub = await StreamHub.start(t, { now: () => nowMs });
  hub.access.orgs.set("org-1", new Set([site]));
  const client = await WsClient.open({ port: hub.port });
  await client.subscribe("other", { sites: [site] });
  for (const id of ids(limits.subscribeBurstMax)) {
    client.send(subscribe({ id, sites: ["sit-foreign"] }));
  }
  await client.untilOp("error", limits.subscribeBurstMax);
  const refused = client.ops("error").filter(({ code }) => code === "rate_limited");
  assert.deepEqual(
    refused.map(({ id }) => id),
    [`id-${limits.subscribeBurstMax - 1}`],
  );
  await hub.publish({ site }, { W: 1 });
  await client.untilReadings(1);
  nowMs += 1_000;
  assert.equal((await client.subscribe("later", { sites: [site] })).op, "subscribed");
});

test("a storm of frames is refused, and ends the connection if it goes on", async (t) => {
  const nowMs = Date.now();
  const hub = await StreamHub.start(t, { now: () => nowMs });
  hub.access.orgs.set("org-1", new Set([site]));
  const client = await WsClient.open({ port: hub.port });
  const other = await WsClient.open({ port: hub.port, path: `/stream/sites/${site}` });
  await client.subscribe("s", { sites: [site] });
  for (let t = 1; t <= limits.frameBurstMax; t++) client.send({ op: "ping", t });
  const first = await client.untilOp("error");
  assert.equal(first.code, "rate_limited");
  await hub.publish({ site }, { W: 1 });
  await client.untilReadings(1);
  for (let t = 1; t <= limits.framesRefusedMax; t++) client.send({ op: "ping", t });
  await until(() => client.isClosed, "it is closed");
  assert.equal(client.closeCode, 4009);
  assert.deepEqual(client.ops("error").at(-1)?.cursors, { s: client.cursorOf("s") });
  await hub.publish({ site }, { W: 2 });
  await other.untilReadings(2);
});
