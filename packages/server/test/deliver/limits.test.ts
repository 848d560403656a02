import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/limits.ts";
import { SseClient } from "./sse-client.ts";
import { StreamHub, until } from "./stream-hub.ts";

const site = "sit-1";
const path = `/stream/sites/${site}`;
const large = "x".repeat(60_000);

/** More than the kernel takes off our hands on a loopback connection, and 1 MiB beyond it. */
const readingsThatFill = 400;

test("a slow listener is closed with a cursor, the others keep receiving", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  const slow = await SseClient.open({ port: hub.port, path: `${path}?events=all` });
  const others = await Promise.all(
    Array.from({ length: 3 }, () => SseClient.open({ port: hub.port, path })),
  );
  for (const client of [slow, ...others]) await client.untilPositioned();
  slow.socket.pause();
  for (let i = 1; i <= readingsThatFill; i++) await hub.publish({ site }, { W: i, large });
  const all = Array.from({ length: readingsThatFill }, (_, i) => i + 1);
  for (const client of others) {
    await client.untilReadings(readingsThatFill);
    assert.deepEqual(client.numbers, all);
  }
  await until(() => hub.counts.slowClosed === 1, "the slow one is closed");
  assert.equal(hub.delivery.usage.subscribers, 3);

  slow.socket.resume();
  await until(() => slow.isClosed, "its connection ends");
  const [notice] = slow.named("slow_consumer");
  assert.ok(slow.hasEnd);
  assert.equal(notice?.cursor, slow.events.at(-2)?.id);
  const resumed = await SseClient.open({
    port: hub.port,
    path,
    lastEventId: String(notice?.cursor),
  });
  await until(() => resumed.numbers.at(-1) === readingsThatFill, "the rest has come");
  assert.deepEqual([...slow.numbers, ...resumed.numbers.slice(0)], all);
});

test("a slow listener with mode=latest stays, and gets the newest", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  const client = await SseClient.open({ port: hub.port, path: `${path}?mode=latest` });
  await client.untilPositioned();
  client.socket.pause();
  for (let i = 1; i <= readingsThatFill; i++) {
    await hub.publish({ site }, { W: i, large, timestamp: 1_000 + i });
  }
  client.socket.resume();
  await until(() => client.numbers.at(-1) === readingsThatFill, "the newest comes");
  assert.ok((hub.counts.conflated ?? 0) > 0);
  assert.equal(hub.counts.slowClosed, undefined);
});

test("a listener that takes nothing at all for two heartbeats is closed", async (t) => {
  const hub = await StreamHub.start(t, { heartbeatMs: 100 });
  hub.access.orgs.set("org-1", new Set([site]));
  for (let i = 1; i <= readingsThatFill; i++) await hub.publish({ site }, { W: i, large });
  const client = new SseClient({ port: hub.port, path: `${path}?since=0` });
  client.socket.pause();
  await until(() => hub.counts.slowClosed === 1, "it is closed while it replays");
  client.close();
});

test("a replaying listener holds no more than its queue", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  for (let i = 1; i <= readingsThatFill; i++) await hub.publish({ site }, { W: i, large });
  hub.delivery.feed.sweep(Date.now() + 1e9, 0);
  const client = new SseClient({ port: hub.port, path: `${path}?since=0` });
  await until(() => hub.delivery.usage.subscribers === 1, "the stream is open");
  client.socket.pause();
  const other = await SseClient.open({ port: hub.port, path });
  await other.untilPositioned();
  await hub.publish({ site }, { W: 0 });
  await other.untilReadings(1);
  client.socket.resume();
  await client.untilReadings(readingsThatFill + 1);
  const all = Array.from({ length: readingsThatFill }, (_, i) => i + 1);
  assert.deepEqual(client.numbers, [...all, 0]);
});

test("a stream warns before its token expires, and ends with it", async (t) => {
  let nowMs = 1_000_000;
  const hub = await StreamHub.start(t, { now: () => nowMs });
  hub.access.orgs.set("org-1", new Set([site]));
  hub.access.expiresAt = nowMs + limits.tokenWarningMs + 10_000;
  const client = await SseClient.open({ port: hub.port, path: `${path}?events=all` });
  const plain = await SseClient.open({ port: hub.port, path });
  await client.untilPositioned();
  nowMs += 11_000;
  await until(() => client.named("token_expiring").length === 1, "it warns");
  assert.equal(client.isClosed, false);
  assert.equal(
    client.named("token_expiring")[0]?.expires_at,
    new Date(hub.access.expiresAt).toISOString(),
  );
  nowMs += limits.tokenWarningMs;
  await until(() => client.isClosed && plain.isClosed, "both end");
  assert.equal(client.named("token_expired").length, 1);
  assert.ok(client.hasEnd && plain.hasEnd);
  assert.deepEqual(plain.events, []);
});

test("a revoked identity's streams end at once, others go on", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  const open = (identity: string) =>
    SseClient.open({ port: hub.port, path: `${path}?events=all`, identity });
  const [revoked, other] = [await open("idt-1"), await open("idt-2")];
  await revoked.untilPositioned();
  await other.untilPositioned();
  hub.access.revoke("idt-1");
  await until(() => revoked.isClosed, "the stream ends");
  assert.equal(revoked.named("identity_revoked").length, 1);
  await hub.publish({ site }, { W: 1 });
  await other.untilReadings(1);
});

test("a site taken away ends the streams that were about it", async (t) => {
  const hub = await StreamHub.start(t);
  const sites = new Set([site, "sit-2"]);
  hub.access.orgs.set("org-1", sites);
  const client = await SseClient.open({ port: hub.port, path: `${path}?events=all` });
  const other = await SseClient.open({ port: hub.port, path: "/stream/sites/sit-2" });
  await client.untilPositioned();
  await other.untilPositioned();
  sites.delete(site);
  hub.access.grantsChanged();
  await until(() => client.isClosed, "the stream ends");
  assert.equal(client.named("not_found").length, 1);
  assert.equal(other.isClosed, false);
});

test("one address has so many streams and no more", async (t) => {
  const hub = await StreamHub.start(t);
  hub.access.orgs.set("org-1", new Set([site]));
  const open = (identity: string) => SseClient.open({ port: hub.port, path, identity });
  const clients: SseClient[] = [];
  for (let i = 0; i < limits.streamsPerIdentityMax; i += 100) {
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => open("idt-1")))));
  }
  const refused = await open("idt-1");
  assert.equal(refused.status, 429);
  assert.match(refused.head, /retry-after: \d/i);
  assert.equal((await open("idt-2")).status, 200);
  clients[0]?.close();
  await until(() => hub.counts.listeners === limits.streamsPerIdentityMax, "one is free again");
  assert.equal((await open("idt-1")).status, 200);
});

test("a shutdown ends every stream cleanly, each with its own moment to return", async (t) => {
  const hub = await StreamHub.start(t, { drainMs: 200 });
  hub.access.orgs.set("org-1", new Set([site]));
  const clients = await Promise.all(
    Array.from({ length: 20 }, () =>
      SseClient.open({ port: hub.port, path: `${path}?events=all` }),
    ),
  );
  for (const client of clients) await client.untilPositioned();
  await hub.publish({ site }, { W: 1 });
  for (const client of clients) await client.untilReadings(1);
  await hub.app.close();
  await until(() => clients.every(({ isClosed }) => isClosed), "all have ended");
  assert.ok(clients.every(({ hasEnd }) => hasEnd));
  for (const client of clients) {
    assert.equal(client.named("going_away")[0]?.cursor, client.events[0]?.id);
  }
  assert.ok(new Set(clients.map(({ retryMs }) => retryMs)).size > 10);
});

test("what a gap in the live feed swallowed is fetched from the stream", async (t) => {
  let lost = 0;
  const hub = await StreamHub.start(t, {
    loses: (message) => {
      const loses = /"W":(3|4),/.test(message.string()) && message.subject.startsWith("live.");
      if (loses) lost++;
      return loses;
    },
  });
  hub.access.orgs.set("org-1", new Set([site]));
  const client = await SseClient.open({ port: hub.port, path });
  await client.untilPositioned();
  for (let i = 1; i <= 6; i++) await hub.publish({ site }, { W: i });
  await client.untilReadings(6);
  assert.equal(lost, 2);
  assert.deepEqual(client.numbers.toSorted(), [1, 2, 3, 4, 5, 6]);
  assert.equal(hub.counts.gapsRepaired, 2);
  const ids = client.events.map(({ id }) => id);
  assert.deepEqual(ids, ids.toSorted(), "cursors never run backwards");
});

test("closed streams leave no socket, timer, group or subscription behind", async (t) => {
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
        Array.from({ length: 10 }, () => SseClient.open({ port: hub.port, path: target })),
      ),
    );
    await hub.publish({ site }, { W: 1_000 });
    await hub.publish({ site: "sit-2" }, { W: 1_000 });
    // Some leave before they have read anything, some after.
    for (const client of clients.slice(0, 35)) await client.untilPositioned();
    for (const client of clients) client.close();
  }
  const gone = new SseClient({ port: hub.port, path });
  gone.close();
  await until(() => hub.counts.listeners === 0, "all streams are closed");
  const open = () =>
    new Promise<number>((resolve) => {
      hub.app.server.getConnections((_error, count) => resolve(count));
    });
  await until(async () => (await open()) === 0, "all sockets are closed");
  hub.delivery.feed.sweep(Date.now() + 1e9, 0);
  assert.deepEqual(hub.delivery.usage, { ...before, sites: 0 });
});
