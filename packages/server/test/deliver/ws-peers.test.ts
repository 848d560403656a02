import assert from "node:assert/strict";
import { test } from "node:test";
import { RawWsClient } from "./raw-ws-client.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { WsClient } from "./ws-client.ts";

const site = "sit-1";

async function start(t: Parameters<typeof StreamHub.start>[0], heartbeatMs?: number) {
  const hub = await StreamHub.start(t, heartbeatMs === undefined ? {} : { heartbeatMs });
  hub.access.orgs.set("org-1", new Set([site]));
  return hub;
}

test("heartbeats are pings, and frames with the server's time and the head of the stream", async (t) => {
  const hub = await start(t, 100);
  const client = await WsClient.open({ port: hub.port, path: `/stream/sites/${site}` });
  let pings = 0;
  client.webSocket.on("ping", () => pings++);
  await hub.publish({ site }, { W: 1 });
  await client.untilReadings(1);
  const seen = client.ops("heartbeat").length;
  const beat = await client.untilOp("heartbeat", seen + 2);
  assert.equal(beat.cursor, client.cursorOf("s"));
  assert.ok(Math.abs(Date.now() - Date.parse(String(beat.server_time))) < 60_000);
  await until(() => pings >= 2, "pings come");
  assert.equal(client.ops("hello")[0]?.heartbeat_ms, 100);
});

test("a peer that only answers pings stays", async (t) => {
  const hub = await start(t, 60);
  const client = await WsClient.open({ port: hub.port });
  await client.untilOp("heartbeat", 8);
  assert.equal(client.isClosed, false);
});

test("a peer that answers no ping is cut off within two heartbeats, and is not called slow", async (t) => {
  const hub = await start(t, 200);
  const client = await RawWsClient.open(hub.port);
  client.send({ op: "subscribe", id: "s", sites: [site] });
  await client.untilText('"subscribed"');
  await until(() => client.isClosed || hub.counts.listeners === 0, "it is cut off");
  assert.ok(client.pings <= 2, `${client.pings} pings were sent`);
  await client.untilText('"peer_silent"');
  assert.equal(hub.counts.slowClosed, undefined);
  await until(async () => (await hub.socketCount()) === 0, "its socket is gone");
  assert.equal(hub.delivery.usage.subscribers, 0);
});

test("a peer that sends anything at all is alive, whether or not it answers pings", async (t) => {
  const hub = await start(t, 200);
  const client = await RawWsClient.open(hub.port);
  for (let beat = 1; beat <= 5; beat++) {
    await until(() => client.pings >= beat, "a heartbeat comes");
    client.send({ op: "ping", t: beat });
    await client.untilText(`"t":${beat}`);
  }
  assert.equal(client.isClosed, false);
  client.socket.destroy();
});

test("a peer that reads nothing is closed as slow, the others keep receiving", async (t) => {
  const hub = await start(t, 200);
  const slow = await WsClient.open({ port: hub.port });
  const other = await WsClient.open({ port: hub.port });
  for (const client of [slow, other]) await client.subscribe("s", { sites: [site] });
  slow.pause();
  const large = "x".repeat(60_000);
  let published = 0;
  while (hub.counts.slowClosed === undefined && published < 1_000) {
    published++;
    await hub.publish({ site }, { W: published, large });
  }
  assert.equal(hub.counts.slowClosed, 1);
  await other.untilReadings(published);
  slow.resume();
  await until(() => slow.isClosed, "it is closed");
  assert.deepEqual([slow.codes(), slow.closeCode], [["slow_consumer"], 4005]);
  const [error] = slow.ops("error");
  assert.deepEqual(error?.cursors, { s: slow.cursorOf("s") });
});

test("a peer that says goodbye and stays disturbs nobody, and goes in the end", async (t) => {
  const hub = await start(t);
  const client = await RawWsClient.open(hub.port);
  client.send({ op: "credit", n: 1 });
  client.send({ op: "subscribe", id: "s", sites: [site] });
  await client.untilText('"subscribed"');
  client.sendRaw(8, Buffer.from([0x03, 0xe8]));
  await until(() => client.frames.some(({ opcode }) => opcode === 8), "the goodbye is answered");
  const other = await WsClient.open({ port: hub.port, path: `/stream/sites/${site}` });
  for (let i = 1; i <= 3; i++) await hub.publish({ site }, { W: i });
  await other.untilReadings(3);
  assert.equal(client.texts.filter((text) => text.startsWith('{"op":"reading"')).length, 0);
  client.socket.destroy();
  await until(() => hub.delivery.usage.subscribers === 1, "it is gone");
});
