import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/limits.ts";
import { RawWsClient } from "./raw-ws-client.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { WsClient } from "./ws-client.ts";

const site = "sit-1";
const path = `/stream/sites/${site}`;
const offer = "permessage-deflate; client_max_window_bits";

async function start(t: Parameters<typeof StreamHub.start>[0], deflate: boolean) {
  const hub = await StreamHub.start(t, { deflate });
  hub.access.orgs.set("org-1", new Set([site]));
  return hub;
}

test("compression is agreed on where the hub has it on and the client offers it", async (t) => {
  const [on, off] = [await start(t, true), await start(t, false)];
  const cases = [
    [on, true, "permessage-deflate"],
    [on, false, ""],
    [off, true, ""],
  ] as const;
  for (const [hub, deflate, expected] of cases) {
    const client = await WsClient.open({ port: hub.port, deflate });
    assert.equal(client.webSocket.extensions, expected);
  }
  // No context lasts from one message to the next: that is what bounds the memory.
  const { head, socket } = await RawWsClient.open(on.port, offer);
  const answer = /sec-websocket-extensions: (.*)/i.exec(head)?.[1] ?? "";
  socket.destroy();
  assert.match(answer, /server_no_context_takeover/);
  assert.match(answer, /client_no_context_takeover/);
});

test("who agreed on compression reads the same as who did not", async (t) => {
  const hub = await start(t, true);
  const [packed, plain] = await Promise.all(
    [true, false].map((deflate) => WsClient.open({ port: hub.port, path, deflate })),
  );
  assert.ok(packed && plain);
  await packed.subscribe("gathered", { sites: [site], batch_ms: 50 });
  const sizes = [0, 100, 900, 1_500, 20_000, 60_000];
  for (const [W, size] of sizes.entries()) {
    const text = Array.from({ length: size }, (_, i) => (i * 7919) % 36).map((n) => n.toString(36));
    await hub.publish({ site }, { W, text: text.join("") });
  }
  await plain.untilReadings(sizes.length);
  await packed.untilReadings(2 * sizes.length);
  const readings = packed.frames.filter(({ id, op }) => id === "s" && op === "reading");
  assert.deepEqual(readings, plain.ops("reading"));
  assert.deepEqual(packed.numbersOf("gathered"), [...sizes.keys()]);
});

test("small frames go out as they are, large ones are compressed", async (t) => {
  const hub = await start(t, true);
  const client = await RawWsClient.open(hub.port, offer);
  client.send({ op: "subscribe", id: "s", sites: [site] });
  await client.untilText('"subscribed"');
  await hub.publish({ site }, { W: 1 });
  await client.untilText('"op":"reading"');
  await hub.publish({ site }, { W: 2, large: "x".repeat(10_000) });
  await until(() => client.frames.some(({ isCompressed }) => isCompressed), "a large one comes");
  const [large] = client.frames.filter(({ isCompressed }) => isCompressed);
  assert.ok((large?.payload.length ?? 0) < 1_000);
  client.socket.destroy();
});

test("compressed frames of clients are read, and one that inflates beyond the limit is refused", async (t) => {
  const hub = await start(t, true);
  const client = await WsClient.open({ port: hub.port, deflate: true });
  const ders = Array.from({ length: limits.filterIdsMax }, (_, i) => `der-${i}`);
  assert.equal((await client.subscribe("s", { sites: [site], ders })).op, "subscribed");
  await hub.publish({ site, der: "der-7" }, { W: 7 });
  await client.untilReadings(1);
  const bomb = { op: "ping", padding: "0".repeat(64 * limits.frameBytesMax) };
  client.send(bomb);
  await until(() => client.isClosed, "it is closed");
  assert.equal(client.closeCode, 1009);
  await until(() => hub.delivery.usage.subscribers === 0, "the hub has let go");
});
