import assert from "node:assert/strict";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { RawWsClient } from "./raw-ws-client.ts";
import { StreamHub, until } from "./stream-hub.ts";
import { transports } from "./transports.ts";
import { WsClient } from "./ws-client.ts";

const site = "sit-1";
const path = `/stream/sites/${site}`;

for (const { name, connect, open } of transports) {
  test(`${name}: closed streams leave no socket, timer, group or subscription behind`, async (t) => {
    const hub = await StreamHub.start(t);
    hub.access.orgs.set("org-1", new Set([site, "sit-2", "sit-3"]));
    for (let i = 1; i <= 50; i++) await hub.publish({ site }, { W: i });
    const before = hub.delivery.usage;
    const paths = [
      path,
      `${path}?since=0`,
      `${path}?snapshot=true`,
      `${path}?min_interval_ms=100`,
      `${path}?types=meter`,
      "/stream/orgs/org-1",
      "/stream?site=sit-2,sit-3&mode=latest",
    ];
    for (let round = 0; round < 3; round++) {
      const clients = await Promise.all(
        paths.flatMap((target) =>
          Array.from({ length: 10 }, () => open({ port: hub.port, path: target })),
        ),
      );
      await hub.publish({ site }, { W: 1_000 });
      await hub.publish({ site: "sit-2" }, { W: 1_000 });
      // Some leave before they have read anything, some after.
      for (const client of clients.slice(0, 35)) await client.untilPositioned();
      for (const client of clients) client.close();
    }
    const gone = connect({ port: hub.port, path });
    gone.close();
    await until(() => hub.counts.listeners === 0, "all streams are closed");
    await until(async () => (await hub.socketCount()) === 0, "all sockets are closed");
    hub.delivery.feed.sweep(Date.now() + 1e9, 0);
    assert.deepEqual(hub.delivery.usage, { ...before, sites: 0 });
  });
}

/** How far a WebSocket gets before it ends. */
const stages: readonly (readonly [name: string, advance: (client: WsClient) => Promise<void>])[] = [
  ["known", async () => undefined],
  ["just asking", async (client) => client.send({ op: "subscribe", id: "s", sites: [site] })],
  ["subscribed", async (client) => void (await client.subscribe("s", { sites: [site] }))],
  ["watching", async (client) => subscribeFor(client, { liveness: true, snapshot: true })],
  ["replaying", async (client) => subscribeFor(client, { since: 0 })],
  ["gathering", async (client) => subscribeFor(client, { batch_ms: 10_000 })],
  ["conflating", async (client) => subscribeFor(client, { min_interval_ms: 60_000 })],
  [
    "out of credit",
    async (client) => {
      client.send({ op: "credit", n: 3 });
      await subscribeFor(client, { since: 0 });
      client.send({ op: "subscribe", id: "latest", sites: [site], mode: "latest", since: 0 });
      client.send({ op: "subscribe", id: "snapshot", sites: [site], snapshot: true });
      await client.untilReadings(3);
    },
  ],
  [
    "out of credit, unsubscribed",
    async (client) => {
      client.send({ op: "credit", n: 1 });
      await subscribeFor(client, { since: 0 });
      client.send({ op: "unsubscribe", id: "s" });
      await client.untilOp("unsubscribed");
    },
  ],
  [
    "reading nothing",
    async (client) => {
      await subscribeFor(client, { since: 0 });
      client.pause();
    },
  ],
  [
    "mistaken",
    async (client) => {
      await client.subscribe("s", { sites: ["sit-foreign"] });
      client.webSocket.send("nonsense");
    },
  ],
];

async function subscribeFor(client: WsClient, members: object): Promise<void> {
  await client.subscribe("s", { sites: [site], ...members });
}

/** How a WebSocket ends. */
const endings: readonly (readonly [name: string, end: (client: WsClient) => void])[] = [
  ["cut", (client) => client.close()],
  ["closed", (client) => client.webSocket.close()],
  ["cut by an error", (client) => client.webSocket.send(Buffer.from([0xff]), { binary: false })],
];

test("WebSockets that end at whatever stage leave nothing behind", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  for (let i = 1; i <= 50; i++) await hub.publish({ site }, { W: i, large: "x".repeat(20_000) });
  const before = hub.delivery.usage;
  for (const [, end] of endings) {
    const clients = await Promise.all(
      stages.flatMap(([, advance]) =>
        Array.from({ length: 3 }, async () => {
          const client = await WsClient.open({ port: hub.port });
          await advance(client);
          return client;
        }),
      ),
    );
    await hub.publish({ site }, { W: 0 });
    for (const client of clients) end(client);
    // Who reads nothing does not see the goodbye either.
    for (const client of clients) client.resume();
  }
  await untilNothingIsLeft(hub, before);
});

test("WebSockets that end before anybody is known leave nothing behind", async (t) => {
  const hub = await StreamHub.start(t);
  const before = hub.delivery.usage;
  for (let round = 0; round < 20; round++) {
    const bare = connectTcp(hub.port, "127.0.0.1");
    bare.on("error", () => undefined);
    bare.write("GET /ws HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\n");
    const early = new WsClient({ port: hub.port });
    const stranger = await WsClient.open({ port: hub.port, identity: "" });
    const refused = await WsClient.open({ port: hub.port, identity: "nobody" });
    const raw = await RawWsClient.open(hub.port);
    // Half a frame: a head that promises more.
    raw.socket.write(Buffer.from([0x81, 0xfe, 0x10, 0x00, 0, 0, 0, 0, 0x7b]));
    if (round % 2 === 0) stranger.send({ op: "auth", token: "idt-1" });
    for (const client of [early, stranger, refused]) client.close();
    raw.socket.destroy();
    bare.destroy();
  }
  assert.equal(hub.delivery.usage.subscribers, before.subscribers);
  await untilNothingIsLeft(hub, before);
});

async function untilNothingIsLeft(hub: StreamHub, before: StreamHub["delivery"]["usage"]) {
  await until(() => hub.open.size === 0 && hub.counts.listeners === 0, "all are forgotten");
  await until(async () => (await hub.socketCount()) === 0, "all sockets are closed");
  assert.equal(hub.door.strangers, 0);
  await until(() => hub.counts.replays === undefined || hub.counts.replays === 0, "no replay");
  hub.delivery.feed.sweep(Date.now() + 1e9, 0);
  assert.deepEqual(hub.delivery.usage, { ...before, sites: 0 });
}
